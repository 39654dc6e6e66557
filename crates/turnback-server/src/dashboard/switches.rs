//! Flags and maintenance: their page, and what people change there.

use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use turnback_core::flag::{Change, Maintenance};
use turnback_core::guard::Moment;

use super::caller::Caller;
use super::deeds::{allowed, said};
use super::frame::{clock, notice, typed};
use super::known::look;
use super::pages::Asked;
use super::read;
use super::reply::{go, page};
use super::view::{FlagsPage, Part, Place};
use crate::access::{Actor, Role};
use crate::acts;
use crate::flags::Serving;
use crate::problem::Problem;
use crate::request::{Path, Query};
use crate::server::Shared;

/// What forms of this page send; each has some of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    csrf: String,
    reason: String,
    #[serde(rename = "do")]
    deed: String,
    share: String,
    message: String,
    minutes: String,
}

/// The page.
pub(super) async fn flags(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Query(asked): Query<Asked>,
) -> Response {
    let mut shown = flags_page(&server, &actor).await;
    shown.shell.notice = asked.done.as_deref().and_then(notice);
    page(StatusCode::OK, &shown)
}

async fn flags_page(server: &Shared, actor: &Actor) -> FlagsPage {
    let now = server.memory.now(server).await;
    let view = match look(Serving::now(server)).await {
        Part::Loading => Part::Loading,
        Part::Broken(broken) => Part::Broken(broken),
        Part::Ready(served) => {
            // Flags without their history are flags all the same.
            let changes = server.edges.flags.history(None, read::flags::CHANGES);
            let changes = changes.await.unwrap_or_default();
            let plan = server.edges.looks.plan();
            let canary = read::canary::read(server, &served.stored, &now).await;
            Part::Ready(read::flags::all(&served.stored, &changes, &plan, canary))
        }
    };
    FlagsPage {
        shell: typed(server, actor, &now, Place::Flags, "Flags and canary"),
        view,
        wrong: None,
    }
}

/// Changes a flag: its share, or whether it is enabled.
pub(super) async fn change(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Path(key): Path<String>,
    Form(sent): Form<Sent>,
) -> Response {
    let change = match sent.deed.as_str() {
        "share" => share(&key, &sent.share),
        "enable" => Ok(("flag.enable", Change::Enable { key: key.clone() })),
        "disable" => Ok(("flag.disable", Change::Disable { key: key.clone() })),
        _ => Err(unknown()),
    };
    done(
        &server,
        &actor,
        &sent,
        Some(key),
        change,
        "/flags?done=flag",
    )
    .await
}

/// Disables every flag.
pub(super) async fn all(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Form(sent): Form<Sent>,
) -> Response {
    let change = match sent.deed.as_str() {
        "disable-all" => Ok(("flag.disable_all", Change::DisableAll)),
        _ => Err(unknown()),
    };
    done(&server, &actor, &sent, None, change, "/flags?done=flags").await
}

/// Begins maintenance, or ends it.
pub(super) async fn maintenance(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Form(sent): Form<Sent>,
) -> Response {
    let change = match sent.deed.as_str() {
        "on" => begun(&sent),
        "off" => Ok(("maintenance.off", Change::Maintenance(None))),
        _ => Err(unknown()),
    };
    done(
        &server,
        &actor,
        &sent,
        None,
        change,
        "/flags?done=maintenance",
    )
    .await
}

type Asks = Result<(&'static str, Change), Problem>;

fn share(key: &str, percent: &str) -> Asks {
    let share = format!("{}%", percent.trim().trim_end_matches('%'));
    let share = share
        .parse()
        .map_err(|why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why))?;
    let key = key.to_owned();
    Ok(("flag.share", Change::SetShare { key, share }))
}

fn begun(sent: &Sent) -> Asks {
    let wrong = |why: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why);
    let message = sent.message.trim();
    if message.is_empty() {
        return Err(wrong("say what clients are told"));
    }
    let minutes: u64 = sent
        .minutes
        .trim()
        .parse()
        .map_err(|_| wrong("say for how many minutes, as a whole number"))?;
    let until = Moment(clock().0.saturating_add(minutes.saturating_mul(60_000)));
    let maintenance = Maintenance {
        message: message.to_owned(),
        until: Some(until),
    };
    Ok(("maintenance.on", Change::Maintenance(Some(maintenance))))
}

fn unknown() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "nothing was asked for")
}

async fn done(
    server: &Shared,
    actor: &Actor,
    sent: &Sent,
    object: Option<String>,
    change: Asks,
    then: &str,
) -> Response {
    match changed(server, actor, sent, object, change).await {
        Ok(()) => go(then),
        Err(problem) => {
            let mut shown = flags_page(server, actor).await;
            shown.wrong = Some(said(&problem));
            page(problem.status(), &shown)
        }
    }
}

async fn changed(
    server: &Shared,
    actor: &Actor,
    sent: &Sent,
    object: Option<String>,
    change: Asks,
) -> Result<(), Problem> {
    allowed(actor, &sent.csrf, Role::Operator)?;
    let (action, change) = change?;
    let why = sent.reason.trim();
    if why.is_empty() {
        let asked = "say why: it is kept with the change";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, asked));
    }
    let asked = (action, change);
    let done = acts::flags(server, actor, asked, object, Some(why.to_owned())).await;
    done.map(drop)
}
