//! Which of several controllers that share a control store leads: it alone runs what is asked for.
//!
//! Leading is for a time, and renewed. Each lead has a number, its epoch, and whatever the leader
//! writes is refused under an old one; so a controller that stood still while its time ran out does
//! no harm when it goes on. What it still has at work on the target meets the lease there.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::error::JournalError;

/// Keeps who leads, by a clock that all controllers share.
pub trait Leadership {
    /// Takes the lead for so long where nobody has it or the leader's time has run out; renews the
    /// lead of `epoch` where that is still the last one.
    fn lead(
        &self,
        holder: &str,
        epoch: Option<i64>,
        lasting: Duration,
    ) -> impl Future<Output = Result<Lead, JournalError>> + Send;

    /// Gives the lead of this epoch up, so that another need not wait for its end.
    fn resign(&self, epoch: i64) -> impl Future<Output = Result<(), JournalError>> + Send;
}

/// What came of an attempt to lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lead {
    /// This controller leads.
    Leading {
        /// The number of the lead: grows by one with each.
        epoch: i64,
    },
    /// Another does.
    Following {
        /// Who.
        holder: String,
        /// How much of its time is left, if it does not renew it.
        left: Duration,
    },
}

/// How a controller stands among the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// It leads, under this epoch.
    Leading(i64),
    /// Another does, by its name.
    Following(String),
    /// The control store has not said for so long that another may lead by now. Nothing is begun;
    /// what is at work goes on, for the target's lease lets no other in meanwhile.
    Unsure(String),
}

impl Role {
    /// Its epoch, where this controller leads.
    pub fn epoch(&self) -> Option<i64> {
        match self {
            Self::Leading(epoch) => Some(*epoch),
            Self::Following(_) | Self::Unsure(_) => None,
        }
    }
}

/// How long leads last and how often they are looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long a lead lasts that is not renewed.
    pub lasting: Duration,
    /// Between two renewals, and between two looks whether the leader is gone.
    pub renewed: Duration,
}

impl Default for Terms {
    /// A leader that died is followed after eight seconds at the most; one may be too busy to
    /// renew its lead three times in a row.
    fn default() -> Self {
        Self {
            lasting: Duration::from_secs(8),
            renewed: Duration::from_secs(2),
        }
    }
}

/// Leads where it can, and says how it stands whenever that changes, until `ended`; then it resigns.
/// `holder` must be a name that no other controller has, also not this one's after a restart.
pub async fn stand(
    leadership: &impl Leadership,
    holder: &str,
    terms: Terms,
    role: &watch::Sender<Role>,
    ended: impl Future<Output = ()>,
) {
    let mut ended = std::pin::pin!(ended);
    let mut heard = Instant::now();
    loop {
        let asked = Instant::now();
        let epoch = role.borrow().epoch();
        let attempt = tokio::select! {
            attempt = timeout(terms.lasting / 2, leadership.lead(holder, epoch, terms.lasting)) => attempt,
            () = &mut ended => break,
        };
        let now = match attempt {
            Ok(Ok(Lead::Leading { epoch })) => {
                heard = asked;
                Some(Role::Leading(epoch))
            }
            Ok(Ok(Lead::Following { holder, .. })) => {
                heard = asked;
                Some(Role::Following(holder))
            }
            // Its lead lasts from when it was asked for, whatever happened since.
            Ok(Err(_)) | Err(_) if heard.elapsed() < terms.lasting => None,
            Ok(Err(error)) => Some(Role::Unsure(error.to_string())),
            Err(_) => Some(Role::Unsure("it does not answer".to_owned())),
        };
        if let Some(now) = now {
            role.send_if_modified(|role| {
                let changed = *role != now;
                *role = now;
                changed
            });
        }
        tokio::select! {
            () = sleep(terms.renewed.saturating_sub(asked.elapsed())) => {}
            () = &mut ended => break,
        }
    }
    let epoch = role.borrow().epoch();
    if let Some(epoch) = epoch {
        // Where that fails its time runs out by itself.
        let _ = timeout(terms.renewed, leadership.resign(epoch)).await;
    }
}
