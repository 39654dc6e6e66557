//! A watch, and what guards and people say to it.

use turnback_core::decision::Matrix;
use turnback_core::guard::{Level, Moment};
use turnback_core::scope::Standing;
use turnback_core::state::PhaseState::{CutOver, Expanding};
use turnback_core::watch::{Answer, AnswerRefused, Closed, Next, Watch};

use super::world::{matrix, seconds, standings, verdict};

/// A watch over `logins`, the third phase, with a clock that is told to go on.
pub struct Scene {
    pub watch: Watch,
    pub now: Moment,
    pub standings: Vec<Standing>,
}

impl Scene {
    pub fn new(decisions: &str) -> Self {
        Self::of(matrix(decisions))
    }

    pub fn of(matrix: Matrix) -> Self {
        Self {
            watch: Watch::new(matrix, "logins"),
            now: Moment(1_700_000_000_000),
            standings: standings(&[CutOver, CutOver, Expanding]),
        }
    }

    /// What guards say ten seconds later.
    pub fn hears(&mut self, says: &[(&str, Level)]) -> Vec<Next> {
        self.now = self.now + seconds(10);
        self.hears_now(says)
    }

    pub fn hears_now(&mut self, says: &[(&str, Level)]) -> Vec<Next> {
        let verdicts: Vec<_> = says
            .iter()
            .map(|(guard, level)| verdict(guard, *level, self.now))
            .collect();
        self.watch.step(self.now, &verdicts, &self.standings)
    }

    /// The same for so many times ten seconds; what there was to do is told in order.
    pub fn hears_for(&mut self, times: u32, says: &[(&str, Level)]) -> Vec<Next> {
        (0..times).flat_map(|_| self.hears(says)).collect()
    }

    pub fn answers(
        &mut self,
        question: u32,
        answer: Answer,
        by: &str,
    ) -> Result<Vec<Next>, AnswerRefused> {
        self.watch
            .answer(self.now, question, answer, by, &self.standings)
    }
}

/// Each thing to do in a few words.
pub fn told(next: &[Next]) -> Vec<String> {
    next.iter()
        .map(|next| match next {
            Next::TurnBack { decision, .. } => format!("turn back {}", decision.phases.join(" ")),
            Next::Ask { question } => format!("ask {}: {}", question.id, question.guards.join(" ")),
            Next::Join { question, decision } => format!("{} joins {question}", decision.guard),
            Next::Overdue { question } => format!("{question} stays open"),
            Next::Close { question, how } => match how {
                Closed::Answered { answer, by } => {
                    format!("{question} answered {answer:?} by {by}")
                }
                Closed::Deadline { then } => format!("{question} overdue: {}", then.word()),
                Closed::Passed => format!("{question} passed"),
                Closed::Overtaken => format!("{question} overtaken"),
            },
            Next::Hold { decision, again } => {
                format!(
                    "hold for {}{}",
                    decision.guard,
                    if *again { " again" } else { "" }
                )
            }
            Next::DisableFlags { decision } => format!("disable flags for {}", decision.guard),
            Next::Release => "go on".to_owned(),
            Next::Tell { decision, .. } => format!("tell of {} {}", decision.guard, decision.level),
        })
        .collect()
}
