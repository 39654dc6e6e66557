//! Flags.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use turnback_core::flag::{Change, FlagState, Share};
use turnback_engine::flags::Changed;
use utoipa::{IntoParams, ToSchema};

use super::looks::Answer;
use crate::access::{Operator, Viewer};
use crate::acts;
use crate::edges::Refusal;
use crate::flags::{Serving, refusal};
use crate::model::{ChangedFlags, Flag, FlagChange, FlagList, NewShare, SetFlag};
use crate::problem::Problem;
use crate::request::{Body, Path, Query};
use crate::server::Shared;

/// Every flag.
#[utoipa::path(get, path = "/flags", tag = "flags", responses((status = 200, body = FlagList)))]
pub(super) async fn list(State(server): State<Shared>, _: Viewer) -> Answer<FlagList> {
    let served = Serving::now(&server).await?;
    let flags = served.stored.set.flags().iter();
    Ok(Json(FlagList {
        version: served.stored.version,
        flags: flags.map(|(key, flag)| shown(key, flag)).collect(),
    }))
}

/// One flag.
#[utoipa::path(
    get,
    path = "/flags/{key}",
    tag = "flags",
    params(("key" = String, Path, description = "Its key")),
    responses((status = 200, body = Flag), (status = 404, body = Problem))
)]
pub(super) async fn show(
    State(server): State<Shared>,
    _: Viewer,
    Path(key): Path<String>,
) -> Answer<Flag> {
    let served = Serving::now(&server).await?;
    let flag = served.stored.set.flag(&key);
    let flag = flag.ok_or_else(|| Refusal::not_there(format!("there is no flag {key:?}")))?;
    Ok(Json(shown(&key, flag)))
}

/// Gives a flag a definition, whether it was there or not.
#[utoipa::path(
    put,
    path = "/flags/{key}",
    tag = "flags",
    params(("key" = String, Path, description = "Its key")),
    request_body = SetFlag,
    responses((status = 200, body = ChangedFlags), (status = 422, body = Problem))
)]
pub(super) async fn set(
    State(server): State<Shared>,
    Operator(actor): Operator,
    Path(key): Path<String>,
    Body(new): Body<SetFlag>,
) -> Answer<ChangedFlags> {
    let change = Change::Set {
        key: key.clone(),
        definition: new.definition,
    };
    let change = ("flag.set", change);
    changed(acts::flags(&server, &actor, change, Some(key), new.why).await)
}

/// Removes a flag.
#[utoipa::path(
    delete,
    path = "/flags/{key}",
    tag = "flags",
    params(("key" = String, Path, description = "Its key")),
    responses((status = 200, body = ChangedFlags), (status = 404, body = Problem))
)]
pub(super) async fn remove(
    State(server): State<Shared>,
    Operator(actor): Operator,
    Path(key): Path<String>,
) -> Answer<ChangedFlags> {
    let change = Change::Remove { key: key.clone() };
    let change = ("flag.remove", change);
    changed(acts::flags(&server, &actor, change, Some(key), None).await)
}

/// Gives a rollout another share of all people.
#[utoipa::path(
    put,
    path = "/flags/{key}/share",
    tag = "flags",
    params(("key" = String, Path, description = "Its key")),
    request_body = NewShare,
    responses((status = 200, body = ChangedFlags), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub(super) async fn share(
    State(server): State<Shared>,
    Operator(actor): Operator,
    Path(key): Path<String>,
    Body(new): Body<NewShare>,
) -> Answer<ChangedFlags> {
    let share: Share = new.share.parse().map_err(Refusal::invalid)?;
    let change = Change::SetShare {
        key: key.clone(),
        share,
    };
    let change = ("flag.share", change);
    changed(acts::flags(&server, &actor, change, Some(key), new.why).await)
}

/// Why something is done.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Why {
    /// Why.
    why: Option<String>,
}

/// Lets a flag's targeting count again.
#[utoipa::path(
    post,
    path = "/flags/{key}/enable",
    tag = "flags",
    params(("key" = String, Path, description = "Its key")),
    request_body = Why,
    responses((status = 200, body = ChangedFlags), (status = 404, body = Problem))
)]
pub(super) async fn enable(
    State(server): State<Shared>,
    Operator(actor): Operator,
    Path(key): Path<String>,
    Body(because): Body<Why>,
) -> Answer<ChangedFlags> {
    let change = ("flag.enable", Change::Enable { key: key.clone() });
    changed(acts::flags(&server, &actor, change, Some(key), because.why).await)
}

/// Gives everybody the default variant of a flag.
#[utoipa::path(
    post,
    path = "/flags/{key}/disable",
    tag = "flags",
    params(("key" = String, Path, description = "Its key")),
    request_body = Why,
    responses((status = 200, body = ChangedFlags), (status = 404, body = Problem))
)]
pub(super) async fn disable(
    State(server): State<Shared>,
    Operator(actor): Operator,
    Path(key): Path<String>,
    Body(because): Body<Why>,
) -> Answer<ChangedFlags> {
    let change = ("flag.disable", Change::Disable { key: key.clone() });
    changed(acts::flags(&server, &actor, change, Some(key), because.why).await)
}

/// Why every flag is disabled: this must be said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// Why.
    why: String,
}

/// For emergencies: gives everybody the default variant of every flag.
#[utoipa::path(
    post,
    path = "/flags/disable-all",
    tag = "flags",
    request_body = Reason,
    responses((status = 200, body = ChangedFlags))
)]
pub(super) async fn disable_all(
    State(server): State<Shared>,
    Operator(actor): Operator,
    Body(reason): Body<Reason>,
) -> Answer<ChangedFlags> {
    let change = ("flag.disable_all", Change::DisableAll);
    changed(acts::flags(&server, &actor, change, None, Some(reason.why)).await)
}

/// Which changes.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Of this flag alone.
    key: Option<String>,
    /// As many at most: 1 to 1000, 50 where nothing is said.
    most: Option<u32>,
}

/// Changes of flags, the last first.
#[utoipa::path(get, path = "/flag-changes", tag = "flags", params(Which), responses((status = 200, body = Vec<FlagChange>)))]
pub(super) async fn history(
    State(server): State<Shared>,
    _: Viewer,
    Query(which): Query<Which>,
) -> Answer<Vec<FlagChange>> {
    let most = which.most.unwrap_or(50).clamp(1, 1_000);
    let records = server.edges.flags.history(which.key.as_deref(), most).await;
    let records = records.map_err(refusal)?.into_iter();
    let shown = |record: turnback_core::flag::Record| FlagChange {
        version: record.version,
        key: record.key,
        old: record.old,
        new: record.new,
        who: record.by.who,
        why: record.by.why,
        at: record.at,
    };
    Ok(Json(records.map(shown).collect()))
}

fn changed(changed: Result<Changed, Problem>) -> Answer<ChangedFlags> {
    let changed = changed?;
    let keys = changed.differences.iter();
    Ok(Json(ChangedFlags {
        version: changed.stored.version,
        changed: keys.map(|difference| difference.key.clone()).collect(),
    }))
}

fn shown(key: &str, flag: &turnback_core::flag::Flag) -> Flag {
    Flag {
        key: key.to_owned(),
        enabled: flag.state() == FlagState::Enabled,
        kind: flag.kind().to_owned(),
        share: flag.share().map(|share| share.to_string()),
        definition: flag.definition(),
    }
}
