//! Arguments of `turnback answer`.

use clap::{Args, ValueEnum};
use turnback_core::watch::Answer;

use super::PlanFile;

/// `answer`
#[derive(Debug, Args)]
pub struct AnswerArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// The question; without one, those that are open are shown
    #[arg(requires = "answer")]
    pub question: Option<i64>,
    /// What to do
    #[arg(value_enum)]
    pub answer: Option<AnswerWord>,
    /// Who answers: counts where the plan says who may (`who:`)
    #[arg(long, value_name = "NAME", env = "USER")]
    pub by: Option<String>,
    /// Why: kept with the answer
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
}

/// What a question can be answered.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum AnswerWord {
    /// Turn back, as far as the question says
    TurnBack,
    /// Go on in spite of what the guards say
    GoOn,
    /// Neither yet: go no further until somebody answers again
    Hold,
}

impl From<AnswerWord> for Answer {
    fn from(word: AnswerWord) -> Self {
        match word {
            AnswerWord::TurnBack => Self::TurnBack,
            AnswerWord::GoOn => Self::GoOn,
            AnswerWord::Hold => Self::Hold,
        }
    }
}
