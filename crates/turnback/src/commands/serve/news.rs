//! What happens, told to those who listen: one reading of the control store, however many there are.

use std::sync::Arc;
use std::time::Duration;

use turnback_server::Shared;
use turnback_server::edges::Looks;
use turnback_server::events::Event;

use super::stage::Stage;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);
/// As many entries are read at once.
const PAGE: u32 = 500;
/// What guards say is told at every so many looks.
const GUARDS_EVERY: u32 = 4;

/// Tells what happens, for as long as the process runs.
pub(super) async fn tell(server: Shared, looks: Arc<dyn Looks>, stage: Arc<Stage>) {
    let mut last: Option<i64> = None;
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut count = 0_u32;
    let mut guards = String::new();
    loop {
        ticks.tick().await;
        count = count.wrapping_add(1);
        stage.pass_on();
        let from = match last {
            Some(from) => from,
            None => match looks.journal_end().await {
                Ok(end) => end,
                // A store that is away is told by `/ready`.
                Err(_) => continue,
            },
        };
        last = Some(from);
        if let Ok(entries) = looks.journal(from, PAGE).await {
            for entry in entries {
                last = Some(entry.number);
                server.events.tell(Event {
                    id: Some(entry.number),
                    name: "journal",
                    data: serde_json::to_string(&entry).unwrap_or_default(),
                });
            }
        }
        if count.is_multiple_of(GUARDS_EVERY)
            && server.events.listeners() > 0
            && let Ok(now) = looks.guards().await
        {
            let now = serde_json::to_string(&now).unwrap_or_default();
            if now != guards {
                guards.clone_from(&now);
                server.events.tell(Event {
                    id: None,
                    name: "guards",
                    data: now,
                });
            }
        }
    }
}
