//! What Prometheus reads at `/metrics`.

mod requests;
mod sheet;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

pub(crate) use self::requests::Requests;
use self::sheet::Sheet;
use crate::edges::Looks;
use crate::model::{Incident, Lead, LeadRole, Phase, Tallies};
use crate::server::{Server, Shared};

/// As OpenMetrics writes it.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Levels of a guard, in the order of their numbers.
const LEVELS: [&str; 5] = ["pass", "warning", "critical", "no_data", "error"];

/// Everybody who can reach the process may read it, as is the habit with metrics: names of phases,
/// guards and routes stand in it, and no text.
pub(crate) async fn show(State(server): State<Shared>) -> Response {
    let mut sheet = Sheet::default();
    let seen = look(&mut sheet, server.edges.looks.as_ref()).await;
    sheet.gauge(
        "turnback_target_seen",
        "Whether the ledger in the target could be read just now",
        &[],
        f64::from(u8::from(seen)),
    );
    counted(&mut sheet, &server);
    match sheet.text() {
        Ok(text) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response(),
        Err(error) => crate::problem::Problem::new(
            axum::http::StatusCode::INTERNAL_SERVER_ERROR,
            format!("the metrics cannot be written: {error}"),
        )
        .into_response(),
    }
}

/// What the edges say. False where the target cannot be seen.
async fn look(sheet: &mut Sheet, looks: &dyn Looks) -> bool {
    tallies(sheet, &looks.tallies());
    of_lead(sheet, &looks.lead().await);
    if let Ok(guards) = looks.guards().await {
        for guard in guards {
            let name = guard.terms.guard.as_str();
            for says in &guard.says {
                let labels = [("guard", name), ("phase", says.phase.as_str())];
                if let Some(value) = says.value {
                    sheet.gauge(
                        "turnback_guard_value",
                        "The worst value of the last sample, in the base of its unit",
                        &labels,
                        value,
                    );
                }
                for level in LEVELS {
                    let labels = [labels[0], labels[1], ("level", level)];
                    let is = f64::from(u8::from(says.level == level));
                    sheet.gauge(
                        "turnback_guard_says",
                        "1 for what a guard says",
                        &labels,
                        is,
                    );
                }
            }
        }
    }
    if let Ok(Some(progress)) = looks.progress().await
        && let Some(filling) = progress.filling
    {
        let labels = [("table", filling.table.as_str())];
        for (name, help, value) in [
            (
                "turnback_backfill_rows",
                "Rows written since the step began",
                filling.rows,
            ),
            (
                "turnback_backfill_pages",
                "Pages done since the step began",
                filling.pages,
            ),
            (
                "turnback_backfill_pages_to_do",
                "Pages that the step had to do",
                filling.of_pages,
            ),
        ] {
            sheet.gauge(name, help, &labels, value as f64);
        }
        let paused = f64::from(u8::from(filling.paused));
        sheet.gauge(
            "turnback_backfill_paused",
            "Whether it is paused",
            &labels,
            paused,
        );
    }
    if let Ok(incidents) = looks.incidents().await {
        ways_back(sheet, &incidents);
    }
    match looks.phases().await {
        Ok(phases) => {
            phases.iter().for_each(|phase| of_phase(sheet, phase));
            true
        }
        Err(_) => false,
    }
}

fn tallies(sheet: &mut Sheet, tallies: &Tallies) {
    sheet.counter(
        "turnback_lock_refusals",
        "Locks that were not to be had within the budget, in runs of this process",
        &[],
        tallies.lock_refusals,
    );
    sheet.counter(
        "turnback_backfilled_rows",
        "Rows that backfills of this process have written",
        &[],
        tallies.rows,
    );
    for pool in &tallies.pools {
        let labels = [("pool", pool.name.as_str())];
        let open = f64::from(pool.open);
        sheet.gauge(
            "turnback_pool_sessions",
            "Sessions that are open",
            &labels,
            open,
        );
        let busy = f64::from(pool.busy);
        sheet.gauge(
            "turnback_pool_busy",
            "Sessions that are at work",
            &labels,
            busy,
        );
    }
}

fn of_lead(sheet: &mut Sheet, lead: &Lead) {
    let leads = f64::from(u8::from(lead.role == LeadRole::Leads));
    sheet.gauge(
        "turnback_leads",
        "1 where this process leads those that share its control store",
        &[],
        leads,
    );
    if let Some(leader) = &lead.leader {
        let epoch = leader.epoch as f64;
        let help = "The number of the lead, whoever has it: grows with each takeover";
        sheet.gauge("turnback_lead_epoch", help, &[], epoch);
    }
}

fn of_phase(sheet: &mut Sheet, phase: &Phase) {
    for state in [
        "pending",
        "expanding",
        "expanded",
        "cut_over",
        "withdrawing",
        "contracting",
        "contracted",
    ] {
        let labels = [("phase", phase.id.as_str()), ("state", state)];
        let is = f64::from(u8::from(phase.state == state));
        sheet.gauge(
            "turnback_phase_state",
            "1 for the state of a phase",
            &labels,
            is,
        );
    }
    let labels = [("phase", phase.id.as_str())];
    let refusals = phase.lock_refusals as f64;
    sheet.gauge(
        "turnback_phase_lock_refusals",
        "How often a lock was not to be had within the budget, by the journal",
        &labels,
        refusals,
    );
    for (name, help, millis) in [
        (
            "turnback_phase_longest_lock_wait_seconds",
            "The longest that a step waited for a lock",
            phase.longest_wait_millis,
        ),
        (
            "turnback_phase_longest_lock_hold_seconds",
            "The longest that a step held a lock that holds up traffic",
            phase.longest_hold_millis,
        ),
    ] {
        if let Some(millis) = millis {
            sheet.gauge(name, help, &labels, millis / 1_000.0);
        }
    }
}

/// From the decision until `public` showed the old shape.
fn ways_back(sheet: &mut Sheet, incidents: &[Incident]) {
    let times: Vec<u64> = incidents
        .iter()
        .filter_map(|incident| incident.to_old_shape_millis)
        .collect();
    let help = "Times from the decision until public showed the old shape, by the journal";
    sheet.gauge(
        "turnback_incidents",
        "Incidents in the journal",
        &[],
        incidents.len() as f64,
    );
    sheet.gauge("turnback_ways_back", help, &[], times.len() as f64);
    if let (Some(last), Some(longest)) = (times.first(), times.iter().max()) {
        let seconds = |millis: u64| millis as f64 / 1_000.0;
        sheet.gauge("turnback_way_back_last_seconds", help, &[], seconds(*last));
        sheet.gauge(
            "turnback_way_back_longest_seconds",
            help,
            &[],
            seconds(*longest),
        );
    }
}

/// What this process has counted itself.
fn counted(sheet: &mut Sheet, server: &Server) {
    let listeners = server.events.listeners() as f64;
    sheet.gauge(
        "turnback_event_listeners",
        "Listeners to events",
        &[],
        listeners,
    );
    for ((method, route, status), tally) in server.requests.all() {
        let status = status.to_string();
        let labels = [
            ("method", method.as_str()),
            ("route", route.as_str()),
            ("status", status.as_str()),
        ];
        sheet.counter(
            "turnback_requests",
            "Requests, by what came of them",
            &labels,
            tally.count,
        );
        sheet.seconds(
            "turnback_requests_seconds",
            "How long they took, until their response began",
            &labels,
            tally.seconds,
        );
    }
}
