//! Who leads, as the server shows it: from how this controller stands and what the store keeps.

use turnback_engine::leadership::Role;
use turnback_server::model::{Lead, LeadRole, Leader};
use turnback_store::Leader as Kept;

/// How this controller, of this name, stands. What the store keeps is the truth: who stood still
/// believes in a lead of its own for a moment longer.
pub(super) fn lead(name: &str, role: Role, kept: Result<Option<Kept>, String>) -> Lead {
    let (kept, away) = match kept {
        Ok(kept) => (kept, None),
        Err(why) => (None, Some(why)),
    };
    let another_leads = kept.as_ref().is_some_and(|kept| kept.holder != name);
    let (role, unknown) = match &role {
        Role::Leading(_) if another_leads => (LeadRole::StandsBy, None),
        Role::Leading(_) => (LeadRole::Leads, None),
        Role::Following(_) => (LeadRole::StandsBy, away),
        Role::Unsure(why) => (LeadRole::Unknown, Some(why.clone())),
    };
    Lead {
        role,
        name: name.to_owned(),
        leader: kept.map(|kept| Leader {
            name: kept.holder,
            epoch: kept.epoch,
            since: kept.since.map(|since| since.0),
        }),
        unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use turnback_core::guard::Moment;

    use super::*;

    fn kept(holder: &str, epoch: i64) -> Kept {
        Kept {
            holder: holder.to_owned(),
            epoch,
            since: Some(Moment(5)),
            left: Duration::from_secs(1),
        }
    }

    #[test]
    fn who_stood_still_does_not_say_that_it_leads_once_another_does() {
        let now = lead("one", Role::Leading(1), Ok(Some(kept("other", 2))));
        assert_eq!(now.role, LeadRole::StandsBy);
        assert_eq!(now.leader.map(|leader| leader.epoch), Some(2));
    }

    #[test]
    fn who_leads_goes_on_saying_so_while_the_store_is_away() {
        let now = lead("one", Role::Leading(1), Err("it is away".to_owned()));
        assert_eq!((now.role, now.unknown), (LeadRole::Leads, None));
        let now = lead(
            "other",
            Role::Following("one".to_owned()),
            Err("it is away".to_owned()),
        );
        assert_eq!(now.role, LeadRole::StandsBy);
        assert_eq!(now.unknown.as_deref(), Some("it is away"));
    }
}
