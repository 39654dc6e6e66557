//! Forms that people send. Each is taken down in the audit log, with who and why.

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use super::caller::Caller;
use super::frame::run;
use super::known::sentence;
use super::pages::{Act, act_page, back_page, decision_page, sign_in_page};
use super::reply::{go, page, refused};
use crate::access::{Actor, Role, sign_in, sign_out};
use crate::acts;
use crate::model::{NewAnswer, NewRun, Order, SetThrottle};
use crate::problem::Problem;
use crate::request::Path;
use crate::server::Shared;

/// What forms of ours send; each has some of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    pub(super) csrf: String,
    pub(super) reason: String,
    scope: String,
    keep_new_shape: Option<String>,
    to: String,
    expand_only: Option<String>,
    irreversible: Option<String>,
    sure: Option<String>,
    answer: String,
    #[serde(rename = "do")]
    pub(super) deed: String,
    token: String,
    then: String,
}

impl Sent {
    fn why(&self) -> Option<String> {
        let why = self.reason.trim();
        (!why.is_empty()).then(|| why.to_owned())
    }
}

/// What somebody has to say before anything grave is done.
const SAY_WHY: &str = "Say why: it is what people read afterwards.";

/// A form of ours, by somebody who may.
pub(super) fn allowed(actor: &Actor, csrf: &str, role: Role) -> Result<(), Problem> {
    if !actor.csrf_is(csrf) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "this form is not from a page of this process; nothing was done",
        )
        .next("Load the page again, and send it once more."));
    }
    actor.needs(role).map_err(Problem::from)
}

/// Turns back.
pub(super) async fn back(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Form(sent): Form<Sent>,
) -> Response {
    let scope = match sent.scope.trim() {
        "" => "current",
        scope => scope,
    };
    let order = Order::Back {
        scope: scope.to_owned(),
        keep_new_shape: sent.keep_new_shape.is_some(),
        drop_anyway: false,
        no_hooks: false,
        leave_flags: false,
    };
    match start(&server, &actor, &sent, order).await {
        Ok(()) => go("/?done=back"),
        Err(problem) => {
            let mut shown = back_page(&server, &actor, scope).await;
            shown.reason.clone_from(&sent.reason);
            shown.wrong = Some(said(&problem));
            page(problem.status(), &shown)
        }
    }
}

/// Goes forward.
pub(super) async fn up(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Form(sent): Form<Sent>,
) -> Response {
    let order = Order::Up {
        to: phase(&sent.to),
        expand_only: sent.expand_only.is_some(),
        irreversible: sent.irreversible.is_some(),
    };
    let done = start(&server, &actor, &sent, order).await;
    acted(&server, &actor, &sent, Act::Up, done).await
}

/// Gives up the old shape.
pub(super) async fn contract(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Form(sent): Form<Sent>,
) -> Response {
    let order = Order::Contract {
        to: phase(&sent.to),
    };
    let done = if sent.sure.is_some() {
        start(&server, &actor, &sent, order).await
    } else {
        Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the old shape goes only where you say that it may",
        ))
    };
    acted(&server, &actor, &sent, Act::Contract, done).await
}

async fn acted(
    server: &Shared,
    actor: &Actor,
    sent: &Sent,
    act: Act,
    done: Result<(), Problem>,
) -> Response {
    match done {
        Ok(()) => go(match act {
            Act::Up => "/?done=up",
            Act::Contract => "/?done=contract",
        }),
        Err(problem) => {
            let mut shown = act_page(server, actor, act).await;
            shown.reason.clone_from(&sent.reason);
            shown.wrong = Some(said(&problem));
            page(problem.status(), &shown)
        }
    }
}

/// Asks for a run.
async fn start(server: &Shared, actor: &Actor, sent: &Sent, order: Order) -> Result<(), Problem> {
    allowed(actor, &sent.csrf, Role::Operator)?;
    let Some(why) = sent.why() else {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, SAY_WHY));
    };
    let new = NewRun {
        order,
        why: Some(why),
    };
    acts::start(server, actor, new).await?;
    server.memory.forget();
    Ok(())
}

/// Stops the run that is at work, at its next safe point.
pub(super) async fn stop(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Form(sent): Form<Sent>,
) -> Response {
    if let Err(problem) = allowed(&actor, &sent.csrf, Role::Operator) {
        return refused(&server, problem);
    }
    let now = server.memory.now(&server).await;
    let Some(number) = run(&now).map(|run| run.number) else {
        return go("/");
    };
    match acts::stop(&server, &actor, number, sent.why().as_deref()).await {
        Ok(_) => {
            server.memory.forget();
            go("/?done=stop")
        }
        Err(problem) => refused(&server, problem),
    }
}

/// Pauses a backfill, or lets it go on.
pub(super) async fn throttle(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Form(sent): Form<Sent>,
) -> Response {
    match pause(&server, &actor, &sent).await {
        Ok(true) => go("/?done=pause"),
        Ok(false) => go("/?done=resume"),
        Err(problem) => refused(&server, problem),
    }
}

async fn pause(server: &Shared, actor: &Actor, sent: &Sent) -> Result<bool, Problem> {
    allowed(actor, &sent.csrf, Role::Operator)?;
    let paused = sent.deed == "pause";
    let wish = |before: &SetThrottle| SetThrottle {
        paused,
        ..before.clone()
    };
    acts::throttle(server, actor, wish).await?;
    server.memory.forget();
    Ok(paused)
}

/// Answers a question.
pub(super) async fn answer(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Path(number): Path<i64>,
    Form(sent): Form<Sent>,
) -> Response {
    match answered(&server, &actor, number, &sent).await {
        Ok(()) => go("/decisions?done=answer"),
        Err(problem) => {
            let mut shown = decision_page(&server, &actor, number).await;
            shown.reason.clone_from(&sent.reason);
            shown.wrong = Some(said(&problem));
            page(problem.status(), &shown)
        }
    }
}

async fn answered(server: &Shared, actor: &Actor, number: i64, sent: &Sent) -> Result<(), Problem> {
    allowed(actor, &sent.csrf, Role::Approver)?;
    let Some(why) = sent.why() else {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, SAY_WHY));
    };
    let new = NewAnswer {
        answer: sent.answer.clone(),
        why: Some(why),
    };
    acts::answer(server, actor, number, new).await?;
    server.memory.forget();
    Ok(())
}

/// Signs in.
pub(super) async fn enter(
    State(server): State<Shared>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Response {
    match sign_in(&server, &sent.token, by_tls(&headers)).await {
        Ok(cookie) => {
            let mut response = go(inside(&sent.then));
            set_cookie(&mut response, &cookie);
            response
        }
        Err(problem) => {
            let wrong = if problem.status() == StatusCode::UNAUTHORIZED {
                "This token is not known, or it has expired or was revoked.".to_owned()
            } else {
                said(&problem)
            };
            sign_in_page(&server, problem.status(), Some(wrong), sent.then)
        }
    }
}

/// Signs out.
pub(super) async fn leave(
    State(server): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Response {
    if let Err(problem) = allowed(&actor, &sent.csrf, Role::Viewer) {
        return refused(&server, problem);
    }
    match sign_out(&server, &headers, by_tls(&headers)).await {
        Ok(cookie) => {
            let mut response = go("/sign-in");
            set_cookie(&mut response, &cookie);
            response
        }
        Err(problem) => refused(&server, problem),
    }
}

fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = cookie.parse() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

/// Browsers say where a form was sent from, be there a proxy between or not.
fn by_tls(headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN);
    origin.is_some_and(|origin| origin.as_bytes().starts_with(b"https://"))
}

/// A path within this process, and nothing else.
fn inside(then: &str) -> &str {
    let within =
        then.starts_with('/') && !then.starts_with("//") && !then.contains(['\\', '\r', '\n']);
    if within { then } else { "/" }
}

fn phase(sent: &str) -> Option<String> {
    (!sent.is_empty()).then(|| sent.to_owned())
}

/// What went wrong and what to do, as sentences.
pub(super) fn said(problem: &Problem) -> String {
    let detail = sentence(&problem.detail);
    match &problem.next {
        Some(next) => format!("{detail} {}", sentence(next)),
        None => detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_on_to_pages_of_this_process_and_nowhere_else() {
        for (then, to) in [
            ("/decisions/12", "/decisions/12"),
            ("", "/"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/a\r\nset-cookie: x", "/"),
        ] {
            assert_eq!(inside(then), to);
        }
    }
}
