//! `/api/v1`: everything that people and scripts can see and ask for.

mod acts;
mod events;
mod flags;
mod looks;
mod maintenance;
mod record;

use axum::routing::get;
use axum::{Json, Router};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::server::Shared;

/// The API's own description.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "turnback",
        version = "1",
        description = "Risky PostgreSQL changes, phase by phase, with a way back. Every error is a problem (RFC 9457).",
        license(name = "MIT OR Apache-2.0"),
    ),
    components(schemas(crate::problem::Problem)),
    modifiers(&Signing),
    security(("token" = [])),
)]
struct Description;

/// How callers say who they are.
struct Signing;

impl utoipa::Modify for Signing {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// The prefix of every path.
const V1: &str = "/api/v1";

fn described() -> OpenApiRouter<Shared> {
    let v1 = OpenApiRouter::new()
        .routes(routes!(looks::plan))
        .routes(routes!(looks::findings))
        .routes(routes!(looks::phases))
        .routes(routes!(looks::progress))
        .routes(routes!(looks::lead))
        .routes(routes!(looks::guards))
        .routes(routes!(looks::samples))
        .routes(routes!(looks::canaries))
        .routes(routes!(looks::baselines))
        .routes(routes!(looks::questions))
        .routes(routes!(looks::way_back))
        .routes(routes!(acts::runs, acts::start))
        .routes(routes!(acts::run))
        .routes(routes!(acts::stop))
        .routes(routes!(acts::back))
        .routes(routes!(acts::contract))
        .routes(routes!(acts::answer))
        .routes(routes!(acts::throttle, acts::set_throttle))
        .routes(routes!(record::journal))
        .routes(routes!(record::incidents))
        .routes(routes!(record::report))
        .routes(routes!(record::backups))
        .routes(routes!(record::backup_rule))
        .routes(routes!(record::audit))
        .routes(routes!(flags::list))
        .routes(routes!(flags::show, flags::set, flags::remove))
        .routes(routes!(flags::share))
        .routes(routes!(flags::enable))
        .routes(routes!(flags::disable))
        .routes(routes!(flags::disable_all))
        .routes(routes!(flags::history))
        .routes(routes!(maintenance::show, maintenance::set))
        .routes(routes!(events::events));
    OpenApiRouter::with_openapi(Description::openapi()).nest(V1, v1)
}

pub(crate) fn routes() -> Router<Shared> {
    let (router, _) = described().split_for_parts();
    router.route("/api/v1/openapi.json", get(async || Json(openapi())))
}

/// The OpenAPI document of the API, made from the code.
pub fn openapi() -> utoipa::openapi::OpenApi {
    described().into_openapi()
}
