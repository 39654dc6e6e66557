//! Pages that are looked at.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::caller::Caller;
use super::frame::{notice, outside, shell, typed};
use super::known::{Now, look};
use super::read::{self, map};
use super::reply::{go, page, refused, report};
use super::view::{
    ActPage, AnswerPage, AuditPage, BackupsPage, Broken, DecisionsPage, GuardsPage, IncidentPage,
    IncidentView, IncidentsPage, OverviewPage, Part, Place, RisksPage, Shell, SignIn, SignInPage,
    WayBackPage,
};
use super::{acts, assets};
use crate::access::Actor;
use crate::model::ReportFormat;
use crate::request::{Path, Query};
use crate::server::Shared;

/// What may stand after the question mark.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) done: Option<String>,
    scope: Option<String>,
    before: Option<i64>,
    then: Option<String>,
}

/// How things stand.
pub(super) async fn overview(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Query(asked): Query<Asked>,
) -> Response {
    let (now, mut shell) = at(&server, &actor, Place::Overview, "Overview").await;
    shell.notice = asked.done.as_deref().and_then(notice);
    let view = read::overview::read(&server, &now).await;
    drawn(&OverviewPage { shell, view })
}

/// Guards with their charts.
pub(super) async fn guards(State(server): State<Shared>, Caller(actor): Caller) -> Response {
    let (now, shell) = at(&server, &actor, Place::Guards, "Guards").await;
    let view = server.memory.guards(&server, &now).await;
    drawn(&GuardsPage { shell, view })
}

/// The risk matrix.
pub(super) async fn risks(State(server): State<Shared>, Caller(actor): Caller) -> Response {
    let (now, shell) = at(&server, &actor, Place::Risks, "Risks").await;
    let guards = server.memory.verdicts(&server, &now).await;
    let view = Part::Ready(read::risks::all(&server.edges.looks.plan(), &guards));
    drawn(&RisksPage { shell, view })
}

/// Questions to people.
pub(super) async fn decisions(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Query(asked): Query<Asked>,
) -> Response {
    let (now, mut shell) = at(&server, &actor, Place::Decisions, "Decisions").await;
    shell.notice = asked.done.as_deref().and_then(notice);
    let guards = server.memory.verdicts(&server, &now).await;
    let view = map(now.questions.clone(), |questions| {
        read::decisions::all(&questions, &guards, &actor)
    });
    drawn(&DecisionsPage { shell, view })
}

/// A question, with its form.
pub(super) async fn decision(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Path(number): Path<i64>,
) -> Response {
    let page = decision_page(&server, &actor, number).await;
    drawn(&page)
}

pub(super) async fn decision_page(server: &Shared, actor: &Actor, number: i64) -> AnswerPage {
    let now = server.memory.now(server).await;
    let guards = server.memory.verdicts(server, &now).await;
    let view = match &now.questions {
        Part::Ready(questions) => {
            let found = questions.iter().find(|question| question.number == number);
            match found {
                Some(question) if question.closed.is_none() => {
                    Part::Ready(read::decisions::of(question, &guards, actor))
                }
                Some(question) => Part::Broken(Broken {
                    what: format!("Question {number} is closed."),
                    safe: question.closed.clone().unwrap_or_default(),
                    next: "The list has those that are open.".to_owned(),
                }),
                None => Part::Broken(read::missing(&format!("There is no question {number}."))),
            }
        }
        Part::Loading => Part::Loading,
        Part::Broken(broken) => Part::Broken(broken.clone()),
    };
    let title = format!("Question {number}");
    AnswerPage {
        shell: typed(server, actor, &now, Place::Decisions, title),
        view,
        wrong: None,
        reason: String::new(),
    }
}

/// What turning back means, before the button.
pub(super) async fn back(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Query(asked): Query<Asked>,
) -> Response {
    let scope = asked.scope.as_deref().unwrap_or("current");
    let page = back_page(&server, &actor, scope).await;
    drawn(&page)
}

pub(super) async fn back_page(server: &Shared, actor: &Actor, scope: &str) -> WayBackPage {
    let now = server.memory.now(server).await;
    let view = match &now.phases {
        Part::Loading => Part::Loading,
        Part::Broken(broken) => Part::Broken(broken.clone()),
        Part::Ready(_) => read::way_back::read(server, &now, scope).await,
    };
    WayBackPage {
        shell: typed(server, actor, &now, Place::WayBack, "Turn back"),
        view,
        wrong: None,
        reason: String::new(),
    }
}

/// What going forward means, before the button.
pub(super) async fn up(State(server): State<Shared>, Caller(actor): Caller) -> Response {
    let page = act_page(&server, &actor, Act::Up).await;
    drawn(&page)
}

/// What giving up the old shape means, before the button.
pub(super) async fn contract(State(server): State<Shared>, Caller(actor): Caller) -> Response {
    let page = act_page(&server, &actor, Act::Contract).await;
    drawn(&page)
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Up,
    Contract,
}

pub(super) async fn act_page(server: &Shared, actor: &Actor, act: Act) -> ActPage {
    let now = server.memory.now(server).await;
    let plan = server.edges.looks.plan();
    let (title, view) = match act {
        Act::Up => {
            let found = look(server.edges.looks.findings()).await;
            ("Go forward", acts::up(&plan, &now, found))
        }
        Act::Contract => ("Give up the old shape", acts::contract(&now)),
    };
    ActPage {
        shell: typed(server, actor, &now, Place::Elsewhere, title),
        view,
        wrong: None,
        reason: String::new(),
    }
}

/// Incidents.
pub(super) async fn incidents(State(server): State<Shared>, Caller(actor): Caller) -> Response {
    let (_, shell) = at(&server, &actor, Place::Incidents, "Incidents").await;
    let view = look(server.edges.looks.incidents()).await;
    let view = map(view, read::incidents::all);
    drawn(&IncidentsPage { shell, view })
}

/// An incident.
pub(super) async fn incident(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Path(number): Path<usize>,
) -> Response {
    let title = format!("Incident {number}");
    let (_, shell) = at(&server, &actor, Place::Incidents, title).await;
    let looks = &server.edges.looks;
    let found = look(looks.incidents()).await;
    let view = match found {
        Part::Loading => Part::Loading,
        Part::Broken(broken) => Part::Broken(broken),
        Part::Ready(incidents) => {
            let found = incidents.into_iter().find(|found| found.number == number);
            match found {
                None => Part::Broken(read::missing(&format!("There is no incident {number}."))),
                Some(incident) => Part::Ready(IncidentView {
                    badge: read::incidents::badge(&incident),
                    number,
                    title: incident.title,
                    report: looks.report_page(number).await.ok(),
                }),
            }
        }
    };
    drawn(&IncidentPage { shell, view })
}

/// The report of an incident, as a page of its own.
pub(super) async fn report_html(
    State(server): State<Shared>,
    Caller(_): Caller,
    Path(number): Path<usize>,
) -> Response {
    let looks = &server.edges.looks;
    match looks.report(number, ReportFormat::Html).await {
        Ok(html) => report(html),
        Err(refusal) => refused(&server, refusal.into()),
    }
}

/// The report of an incident, as Markdown.
pub(super) async fn report_markdown(
    State(server): State<Shared>,
    Caller(_): Caller,
    Path(number): Path<usize>,
) -> Response {
    let looks = &server.edges.looks;
    match looks.report(number, ReportFormat::Markdown).await {
        Ok(text) => {
            let kind = HeaderValue::from_static("text/markdown; charset=utf-8");
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(refusal) => refused(&server, refusal.into()),
    }
}

/// Backups.
pub(super) async fn backups(State(server): State<Shared>, Caller(actor): Caller) -> Response {
    let (_, shell) = at(&server, &actor, Place::Backups, "Backups").await;
    let rule = look(server.edges.looks.backup_rule()).await;
    let view = map(look(server.edges.looks.backups()).await, |backups| {
        read::backups::all(backups, rule)
    });
    drawn(&BackupsPage { shell, view })
}

/// Who did what, and why.
pub(super) async fn audit(
    State(server): State<Shared>,
    Caller(actor): Caller,
    Query(asked): Query<Asked>,
) -> Response {
    let (_, shell) = at(&server, &actor, Place::Audit, "Audit log").await;
    let entries = server.edges.audit.entries(asked.before, read::audit::MOST);
    let view = map(look(entries).await, read::audit::all);
    drawn(&AuditPage { shell, view })
}

/// Signing in.
pub(super) async fn sign_in(State(server): State<Shared>, Query(asked): Query<Asked>) -> Response {
    if server.access.is_open(&server).await.unwrap_or(false) {
        return go("/");
    }
    sign_in_page(
        &server,
        StatusCode::OK,
        None,
        asked.then.unwrap_or_default(),
    )
}

pub(super) fn sign_in_page(
    server: &Shared,
    status: StatusCode,
    wrong: Option<String>,
    then: String,
) -> Response {
    let shell = outside(server, "Sign in");
    let view = SignIn { wrong, then };
    page(status, &SignInPage { shell, view })
}

/// A file that pages ask for; its address changes with it, so browsers keep it.
pub(super) async fn asset(Path((stamp, name)): Path<(String, String)>) -> Response {
    let Some(asset) = assets::named(&name).filter(|_| stamp == assets::stamp()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    let kind = HeaderValue::from_static(asset.media_type);
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept)];
    (headers, asset.text).into_response()
}

/// How things stand, and what stands around a page at a place.
async fn at(
    server: &Shared,
    actor: &Actor,
    here: Place,
    title: impl Into<String>,
) -> (Arc<Now>, Shell) {
    let now = server.memory.now(server).await;
    let shell = shell(server, actor, &now, here, title);
    (now, shell)
}

/// What is broken is drawn, too, and the frame around it is true: the page itself is well.
fn drawn(shown: &impl Template) -> Response {
    page(StatusCode::OK, shown)
}
