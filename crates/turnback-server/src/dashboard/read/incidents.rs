//! Incidents, from what edges answer.

use turnback_core::guard::Moment;
use turnback_core::human::human_millis;

use super::super::view::{Badge, IncidentRow, Incidents, Mark, On, Pair};
use crate::model::Incident;

/// What the page of incidents shows.
pub(crate) fn all(incidents: Vec<Incident>) -> Incidents {
    let back: Vec<u64> = incidents
        .iter()
        .filter_map(|incident| incident.to_old_shape_millis)
        .collect();
    let mut means = vec![];
    let found: Vec<u64> = incidents
        .iter()
        .filter_map(|incident| incident.to_detect_millis)
        .collect();
    if let Some(mean) = found.iter().sum::<u64>().checked_div(found.len() as u64) {
        means.push(Pair::new("until found out, on average", human_millis(mean)));
    }
    if !back.is_empty() {
        let mean = back.iter().sum::<u64>() / back.len() as u64;
        means.push(Pair::new(
            "turned back",
            format!("{} of {}", back.len(), incidents.len()),
        ));
        means.push(Pair::new(
            "until the old shape, on average",
            human_millis(mean),
        ));
        let most = back.iter().copied().max().unwrap_or(0);
        means.push(Pair::new(
            "until the old shape, at most",
            human_millis(most),
        ));
    }
    Incidents {
        means,
        incidents: incidents.into_iter().map(row).collect(),
    }
}

fn row(incident: Incident) -> IncidentRow {
    let took = match (incident.ended, incident.to_old_shape_millis) {
        (_, Some(back)) => format!("old shape back {} after the decision", human_millis(back)),
        (Some(ended), None) => format!(
            "over after {}",
            human_millis(ended.saturating_sub(incident.began))
        ),
        (None, None) => "not over".to_owned(),
    };
    IncidentRow {
        number: incident.number as u32,
        badge: badge(&incident),
        title: incident.title,
        opened: On(Moment(incident.began)),
        took,
    }
}

/// Whether it is over, and how it ended.
pub(crate) fn badge(incident: &Incident) -> Badge {
    match incident.ended {
        None => Badge::new(Mark::Asks, "open"),
        Some(_) => Badge::new(Mark::Good, incident.outcome.clone()),
    }
}
