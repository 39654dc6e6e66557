//! Who leads, in words.

use turnback_core::guard::Moment;

use super::super::known::sentence;
use super::super::view::{At, Badge, Leads, Mark, Part};
use crate::model::{Lead, LeadRole, Leader};

/// What every page says of it; nothing while it is looked up.
pub(crate) fn said(lead: &Part<Lead>) -> Option<Leads> {
    let Part::Ready(lead) = lead else {
        return None;
    };
    let leader = lead.leader.as_ref();
    let (badge, said) = match lead.role {
        LeadRole::Leads => {
            let since = leader.map(term).unwrap_or_default();
            let said = format!("This process leads{since}.");
            (Badge::new(Mark::Good, "leads"), said)
        }
        LeadRole::StandsBy => (Badge::new(Mark::Idle, "stands by"), stands_by(lead)),
        LeadRole::Unknown => {
            let why = lead.unknown.as_deref().map(sentence).unwrap_or_default();
            let said = format!("It is not known who leads, so nothing is begun here. {why}");
            let badge = Badge::new(Mark::Unknown, "not known who leads");
            (badge, said.trim_end().to_owned())
        }
    };
    Some(Leads { badge, said })
}

fn stands_by(lead: &Lead) -> String {
    match (&lead.leader, &lead.unknown) {
        (Some(leader), _) => format!(
            "This process stands by: {} leads{}, and runs what is asked for here.",
            leader.name,
            term(leader)
        ),
        (None, Some(why)) => format!("This process stands by. {}", sentence(why)),
        (None, None) => {
            "This process stands by. Nobody leads at the moment: one of those that stand by takes over within seconds."
                .to_owned()
        }
    }
}

fn term(leader: &Leader) -> String {
    let since = leader.since.map_or_else(String::new, |since| {
        format!(" since {} UTC", At(Moment(since)).minute())
    });
    format!(" (lead {}){since}", leader.epoch)
}
