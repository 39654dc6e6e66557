//! What was taken down: journal, incidents, backups, audit.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::looks::Answer;
use crate::access::Viewer;
use crate::model::{AuditEntry, Backup, BackupRule, Incident, JournalEntry, ReportFormat};
use crate::problem::Problem;
use crate::request::{Path, Query};
use crate::server::Shared;

/// A page of entries, from a number on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    /// Entries after this number; the last ones where nothing is said.
    after: Option<i64>,
    /// As many at most: 1 to 1000, 100 where nothing is said.
    most: Option<u32>,
}

/// Entries of the journal, oldest first: a page of them, or the last ones.
#[utoipa::path(get, path = "/journal", tag = "record", params(After), responses((status = 200, body = Vec<JournalEntry>)))]
pub(super) async fn journal(
    State(server): State<Shared>,
    _: Viewer,
    Query(page): Query<After>,
) -> Answer<Vec<JournalEntry>> {
    let most = page.most.unwrap_or(100).clamp(1, 1_000);
    let looks = &server.edges.looks;
    let entries = match page.after {
        Some(after) => looks.journal(after, most).await?,
        None => looks.last_of_journal(most).await?,
    };
    Ok(Json(entries))
}

/// Incidents, the last first: what was held, asked and turned back.
#[utoipa::path(get, path = "/incidents", tag = "record", responses((status = 200, body = Vec<Incident>)))]
pub(super) async fn incidents(State(server): State<Shared>, _: Viewer) -> Answer<Vec<Incident>> {
    Ok(Json(server.edges.looks.incidents().await?))
}

/// In which form.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    /// `html`, `markdown` or `json`.
    #[serde(default)]
    format: ReportFormat,
}

/// The report of an incident.
#[utoipa::path(
    get,
    path = "/incidents/{number}/report",
    tag = "record",
    params(("number" = usize, Path, description = "Its number"), Form),
    responses(
        (status = 200, content_type = "text/html", body = String),
        (status = 404, body = Problem)
    )
)]
pub(super) async fn report(
    State(server): State<Shared>,
    _: Viewer,
    Path(number): Path<usize>,
    Query(form): Query<Form>,
) -> Result<Response, Problem> {
    let text = server.edges.looks.report(number, form.format).await?;
    let kind = match form.format {
        ReportFormat::Html => "text/html; charset=utf-8",
        ReportFormat::Markdown => "text/markdown; charset=utf-8",
        ReportFormat::Json => "application/json",
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        // Its style and its charts are in it; it loads nothing and runs nothing.
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
        ),
    ];
    Ok((headers, text).into_response())
}

/// Backups, the last first.
#[utoipa::path(get, path = "/backups", tag = "record", responses((status = 200, body = Vec<Backup>)))]
pub(super) async fn backups(State(server): State<Shared>, _: Viewer) -> Answer<Vec<Backup>> {
    Ok(Json(server.edges.looks.backups().await?))
}

/// What the plan asks of backups, and whether what is there meets that.
#[utoipa::path(get, path = "/backup-rule", tag = "record", responses((status = 200, body = BackupRule)))]
pub(super) async fn backup_rule(State(server): State<Shared>, _: Viewer) -> Answer<BackupRule> {
    Ok(Json(server.edges.looks.backup_rule().await?))
}

/// A page of actions, backwards from a number.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Before {
    /// Actions before this number; the last ones where nothing is said.
    before: Option<i64>,
    /// As many at most: 1 to 1000, 100 where nothing is said.
    most: Option<u32>,
}

/// Who did what, why, when, and what came of it, the last first.
#[utoipa::path(get, path = "/audit", tag = "record", params(Before), responses((status = 200, body = Vec<AuditEntry>)))]
pub(super) async fn audit(
    State(server): State<Shared>,
    _: Viewer,
    Query(page): Query<Before>,
) -> Answer<Vec<AuditEntry>> {
    let most = page.most.unwrap_or(100).clamp(1, 1_000);
    let entries = server.edges.audit.entries(page.before, most);
    Ok(Json(entries.await?))
}
