//! What can be asked for.

use std::sync::Arc;

use turnback_core::watch::Answer as Word;
use turnback_engine::edges::Target;
use turnback_server::edges::{Acts, Answer, Refusal};
use turnback_server::model::{NewAnswer, NewRun, Question, Run, SetThrottle, Throttle};

use super::controller::Controller;
use super::edges::{of_store, of_target};
use super::runs::shown;
use super::sight::Sight;
use super::{guards, limits};
use crate::journal::in_time;

/// What can be asked for.
pub(super) struct Desk {
    pub(super) controller: Arc<Controller>,
    pub(super) sight: Arc<Sight>,
}

impl Acts for Desk {
    fn ask(&self, run: NewRun, by: &str) -> Answer<'_, Run> {
        self.controller.ask(run, by)
    }

    fn runs(&self, most: u32) -> Answer<'_, Vec<Run>> {
        Box::pin(async move {
            let runs = in_time(self.sight.store.runs(most)).await;
            runs.map_err(of_store)?.into_iter().map(shown).collect()
        })
    }

    fn run(&self, number: i64) -> Answer<'_, Run> {
        Box::pin(async move {
            let run = in_time(self.sight.store.run(number)).await;
            match run.map_err(of_store)? {
                Some(run) => shown(run),
                None => Err(Refusal::not_there(format!("there is no run {number}"))),
            }
        })
    }

    fn stop(&self, number: i64, by: &str) -> Answer<'_, Run> {
        self.controller.stop(number, by)
    }

    fn answer(&self, question: i64, answer: NewAnswer, by: &str) -> Answer<'_, Question> {
        let by = by.to_owned();
        Box::pin(async move {
            let Some(word) = Word::named(&answer.answer.replace('_', "-")) else {
                return Err(Refusal::invalid(format!(
                    "\"{}\" is no answer: expected turn_back, go_on or hold",
                    answer.answer
                )));
            };
            let store = &self.sight.store;
            let asked = in_time(store.question(question)).await.map_err(of_store)?;
            let Some(asked) = asked else {
                return Err(Refusal::not_there(format!(
                    "there is no question {question} of this plan"
                )));
            };
            let closed =
                |how: &str| Refusal::conflict(format!("question {question} is closed: {how}"));
            if let Some(how) = &asked.closed {
                return Err(closed(how));
            }
            let who = asked.question.who();
            if !who.is_empty() && !who.contains(&by) {
                return Err(Refusal::new(
                    turnback_server::edges::RefusalKind::Forbidden,
                    format!(
                        "{by} may not answer this question: the plan names {}",
                        who.join(" and ")
                    ),
                ));
            }
            let answered = store.answer(question, word, &by, answer.why.as_deref());
            if !in_time(answered).await.map_err(of_store)? {
                return Err(closed("it was answered, or its deadline has passed"));
            }
            let now = in_time(store.question(question)).await.map_err(of_store)?;
            now.map(guards::question)
                .ok_or_else(|| Refusal::not_there(format!("there is no question {question}")))
        })
    }

    fn set_throttle(&self, wish: SetThrottle) -> Answer<'_, Throttle> {
        Box::pin(async move {
            let wish = limits::wish(wish)?;
            let (target, plan) = (&self.sight.target, self.sight.loaded.plan());
            if !target.has_ledger().await.map_err(of_target)? {
                return Err(Refusal::conflict(
                    "turnback has changed nothing on the target yet, so there is nothing to throttle",
                )
                .next("Before the first run the plan's `settings` say how fast it goes."));
            }
            let set = target.set_throttle(&plan.name, &wish).await;
            set.map_err(of_target)?;
            let now = target.throttle(&plan.name).await.map_err(of_target)?;
            Ok(limits::throttle(plan, &now))
        })
    }
}
