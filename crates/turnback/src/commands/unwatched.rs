//! Says that guards are not watched: this build reads them, and has nothing that runs their probes.

use turnback_core::guard::Guard;
use turnback_core::preflight::Finding;

/// A warning where a plan has guards, so that nobody takes it for watched.
pub(crate) fn unwatched(guards: &[Guard]) -> Option<Finding> {
    let names: Vec<&str> = guards.iter().map(|guard| guard.name.as_str()).collect();
    (!names.is_empty()).then(|| {
        Finding::warning(
            "guards-not-watched",
            format!("guards {}", names.join(", ")),
            "this version of turnback does not watch: no probe runs, and no guard turns back",
            "Watch the phase yourself, and turn back with `turnback back`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_without_guards_is_not_warned_of() {
        assert_eq!(unwatched(&[]), None);
    }
}
