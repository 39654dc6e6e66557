//! How this controller stands among those that share its control store.

use std::convert::Infallible;

use tokio::sync::watch;
use turnback_engine::leadership::{Role, Terms, stand};
use turnback_engine::stop::Stop;
use turnback_store::ControlStore;

use crate::output::Screen;

/// How this controller stands, and by which name.
pub(super) struct Lead {
    /// No other controller has it, nor has this one after a restart.
    name: String,
    role: watch::Sender<Role>,
}

impl Lead {
    pub(super) fn new() -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
            .or_else(|_| std::fs::read_to_string("/etc/hostname"))
            .unwrap_or_else(|_| "turnback".to_owned());
        let role = Role::Unsure("the control store has not been asked yet".to_owned());
        Self {
            name: format!(
                "{}, process {} ({:08x})",
                host.trim(),
                std::process::id(),
                fastrand::u32(..)
            ),
            role: watch::Sender::new(role),
        }
    }

    /// Its name among those that share the control store.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How it stands.
    pub(super) fn role(&self) -> Role {
        self.role.borrow().clone()
    }

    /// The number of its lead, where it leads.
    pub(super) fn epoch(&self) -> Option<i64> {
        self.role.borrow().epoch()
    }

    /// Whether what was begun under this lead is still its own. While the store cannot say, it is:
    /// the lease of the target lets no other in meanwhile.
    pub(super) fn still(&self, epoch: i64) -> bool {
        match *self.role.borrow() {
            Role::Leading(now) => now == epoch,
            Role::Unsure(_) => true,
            Role::Following(_) => false,
        }
    }

    /// Waits until it stands otherwise.
    pub(super) async fn changes(&self) {
        let mut role = self.role.subscribe();
        // It is sent to for as long as it is here.
        let _ = role.changed().await;
    }

    /// Leads where it can until `ended`.
    pub(super) async fn stand(&self, store: &ControlStore, ended: impl Future<Output = ()>) {
        stand(store, &self.name, Terms::default(), &self.role, ended).await;
    }

    /// Says how it stands, and stops what is at work where another leads. Never ends.
    pub(super) async fn heed(
        &self,
        screen: &dyn Screen,
        at_work: impl Fn() -> Option<(i64, Stop)>,
    ) -> Infallible {
        let mut role = self.role.subscribe();
        loop {
            let now = role.borrow_and_update().clone();
            screen.line(&match &now {
                Role::Leading(epoch) => {
                    format!("this controller leads (lead {epoch}): it runs what is asked for")
                }
                Role::Following(holder) => format!(
                    "{holder} leads, and runs what is asked for; this controller takes over when it is gone"
                ),
                Role::Unsure(why) => format!(
                    "it is not known who leads: {why}; nothing is begun until it is"
                ),
            });
            if let Some((epoch, stop)) = at_work()
                && !self.still(epoch)
            {
                screen.line(
                    "another controller leads: what is at work here stops, and goes on there",
                );
                stop.ask();
            }
            let _ = role.changed().await;
        }
    }
}
