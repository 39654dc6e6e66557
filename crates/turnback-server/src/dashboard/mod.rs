//! The dashboard: pages for those who watch a change and decide.
//!
//! Pages are drawn on the server, charts too, and work without script: forms are sent, pages look
//! again by themselves. `view` holds what each page shows as plain data, `read` makes that of what
//! edges answer, `pages` are looked at, `deeds` are done.

mod acts;
pub mod assets;
mod caller;
mod deeds;
mod frame;
mod known;
mod pages;
mod read;
mod reply;
mod switches;
pub mod view;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use self::known::Memory;
pub(crate) use self::reply::refused;
use crate::server::Shared;

/// Routes of the dashboard.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(pages::overview))
        .route("/guards", get(pages::guards))
        .route("/risks", get(pages::risks))
        .route("/decisions", get(pages::decisions))
        .route(
            "/decisions/{number}",
            get(pages::decision).post(deeds::answer),
        )
        .route("/back", get(pages::back).post(deeds::back))
        .route("/up", get(pages::up).post(deeds::up))
        .route("/contract", get(pages::contract).post(deeds::contract))
        .route("/stop", post(deeds::stop))
        .route("/throttle", post(deeds::throttle))
        .route("/flags", get(switches::flags).post(switches::all))
        .route("/flags/{key}", post(switches::change))
        .route("/maintenance", post(switches::maintenance))
        .route("/incidents", get(pages::incidents))
        .route("/incidents/{number}", get(pages::incident))
        .route("/incidents/{number}/report", get(pages::report_html))
        .route("/incidents/{number}/report.md", get(pages::report_markdown))
        .route("/backups", get(pages::backups))
        .route("/audit", get(pages::audit))
        .route("/sign-in", get(pages::sign_in).post(deeds::enter))
        .route("/sign-out", post(deeds::leave))
        .route("/assets/{stamp}/{name}", get(pages::asset))
}
