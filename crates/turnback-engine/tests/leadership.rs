//! Of several controllers one leads, for as long as it is heard of.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use turnback_engine::error::JournalError;
use turnback_engine::leadership::{Lead, Leadership, Role, Terms, stand};

/// Who leads, by tokio's clock, which these tests turn.
#[derive(Default)]
struct Memory {
    lead: Mutex<Option<(String, i64, Instant)>>,
    down: AtomicBool,
}

impl Memory {
    fn answers(&self) -> Result<(), JournalError> {
        if self.down.load(Ordering::Relaxed) {
            return Err(JournalError("it is down".to_owned()));
        }
        Ok(())
    }

    fn epoch(&self) -> i64 {
        let lead = self.lead.lock().expect("no test panics here");
        lead.as_ref().map_or(0, |(_, epoch, _)| *epoch)
    }
}

impl Leadership for Memory {
    async fn lead(
        &self,
        holder: &str,
        epoch: Option<i64>,
        lasting: Duration,
    ) -> Result<Lead, JournalError> {
        self.answers()?;
        let mut lead = self.lead.lock().expect("no test panics here");
        let now = Instant::now();
        let next = match &*lead {
            Some((_, last, _)) if Some(*last) == epoch => *last,
            Some((other, _, until)) if *until > now => {
                return Ok(Lead::Following {
                    holder: other.clone(),
                    left: *until - now,
                });
            }
            last => last.as_ref().map_or(0, |(_, epoch, _)| *epoch) + 1,
        };
        *lead = Some((holder.to_owned(), next, now + lasting));
        Ok(Lead::Leading { epoch: next })
    }

    async fn resign(&self, epoch: i64) -> Result<(), JournalError> {
        self.answers()?;
        if let Some(lead) = &mut *self.lead.lock().expect("no test panics here")
            && lead.1 == epoch
        {
            lead.2 = Instant::now();
        }
        Ok(())
    }
}

/// A controller that stands, until it is told to end or dropped.
struct Controller {
    role: watch::Receiver<Role>,
    end: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

impl Controller {
    fn start(memory: &'static Memory, name: &'static str) -> Self {
        let (sender, role) = watch::channel(Role::Unsure("it has just begun".to_owned()));
        let (end, ended) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let ended = async { drop(ended.await) };
            stand(memory, name, Terms::default(), &sender, ended).await;
        });
        Self {
            role,
            end: Some(end),
            task,
        }
    }

    async fn becomes(&mut self, role: Role) {
        let became = self.role.wait_for(|now| *now == role).await;
        became.expect("it stands");
    }

    async fn ends(mut self) {
        drop(self.end.take());
        self.task.await.expect("it comes to its end");
    }
}

fn memory() -> &'static Memory {
    Box::leak(Box::default())
}

#[tokio::test(start_paused = true)]
async fn one_leads_and_another_takes_over_when_it_is_gone() {
    let memory = memory();
    let mut one = Controller::start(memory, "one");
    one.becomes(Role::Leading(1)).await;
    let mut other = Controller::start(memory, "other");
    other.becomes(Role::Following("one".to_owned())).await;
    // For as long as it renews its lead nobody takes it.
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(memory.epoch(), 1);
    one.task.abort();
    let gone = Instant::now();
    other.becomes(Role::Leading(2)).await;
    let terms = Terms::default();
    assert!(
        gone.elapsed() <= terms.lasting + terms.renewed,
        "{:?}",
        gone.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn who_ends_in_peace_is_followed_at_the_next_look() {
    let memory = memory();
    let mut one = Controller::start(memory, "one");
    one.becomes(Role::Leading(1)).await;
    let mut other = Controller::start(memory, "other");
    other.becomes(Role::Following("one".to_owned())).await;
    one.ends().await;
    let gone = Instant::now();
    other.becomes(Role::Leading(2)).await;
    assert!(gone.elapsed() <= Terms::default().renewed);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_for_a_moment_costs_nobody_the_lead() {
    let memory = memory();
    let mut one = Controller::start(memory, "one");
    one.becomes(Role::Leading(1)).await;
    memory.down.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(*one.role.borrow(), Role::Leading(1));
    // And for longer: nobody knows who leads, and then it is the same again.
    let mut unsure = one.role.clone();
    let unsure = unsure
        .wait_for(|role| matches!(role, Role::Unsure(_)))
        .await;
    drop(unsure.expect("it stands"));
    memory.down.store(false, Ordering::Relaxed);
    one.becomes(Role::Leading(2)).await;
}

#[tokio::test(start_paused = true)]
async fn who_stood_still_while_another_took_over_follows() {
    let memory = memory();
    let mut one = Controller::start(memory, "one");
    one.becomes(Role::Leading(1)).await;
    let taken = memory.lead("other", None, Duration::ZERO).await;
    assert!(matches!(taken, Ok(Lead::Following { .. })));
    // Its time ran out and another came.
    *memory.lead.lock().expect("no test panics here") = Some((
        "other".to_owned(),
        2,
        Instant::now() + Duration::from_secs(60),
    ));
    one.becomes(Role::Following("other".to_owned())).await;
}
