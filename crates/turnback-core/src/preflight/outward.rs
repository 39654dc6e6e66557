//! What channels and hooks of a plan lack before they can do their work.

use super::Finding;
use crate::plan::Plan;

/// Findings about `notify` and `hooks`: warnings, since nobody shall be kept from going on or
/// turning back for want of a chat's address.
pub fn outward_findings(plan: &Plan) -> Vec<Finding> {
    let channels = plan.notify.channels.iter().map(|channel| {
        let name = format!("channel {}", channel.name);
        (name, "nothing that it is told arrives", &channel.missing)
    });
    let hooks = plan.hooks.iter().map(|hook| {
        let name = format!("hook {}", hook.name);
        (name, "it fails when it runs", &hook.missing)
    });
    channels
        .chain(hooks)
        .filter(|(_, _, missing)| !missing.is_empty())
        .map(|(name, follows, missing)| {
            let names: Vec<&str> = missing.iter().map(String::as_str).collect();
            let names = names.join(" and ");
            Finding::warning(
                "unset-variable",
                name,
                format!("{names} has no value in the environment, so {follows}"),
                format!("Set {names} where turnback runs"),
            )
        })
        .collect()
}
