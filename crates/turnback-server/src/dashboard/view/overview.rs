//! The overview: runs and phases, what they do, what can be done now.

use askama::Template;
use turnback_core::state::PhaseState;

use super::{At, Badge, Left, Mark, Part, Shell, Since};

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "overview.html")]
pub struct OverviewPage {
    /// What stands around it.
    pub shell: Shell,
    /// What it shows.
    pub view: Part<Overview>,
}

/// What the overview shows.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// What is at work.
    pub run: Option<RunNow>,
    /// Every phase of the plan, in order.
    pub phases: Vec<PhaseCard>,
    /// Backfills that are at work.
    pub fills: Vec<Fill>,
    /// How many guards say what.
    pub guards: Vec<(Badge, usize)>,
    /// What happened last, newest first.
    pub happened: Vec<Happened>,
    /// What can be done with the plan as a whole.
    pub can: Vec<Can>,
    /// Runs that have ended, newest first.
    pub runs: Vec<RunRow>,
}

/// A run that has ended.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Its number.
    pub number: i64,
    /// As it would be typed.
    pub typed: String,
    /// Who asked for it, when and why.
    pub asked: String,
    /// How it ended.
    pub badge: Badge,
    /// The same as sentences.
    pub outcome: String,
    /// What to do next; empty where there is nothing.
    pub next: String,
}

/// A run that is at work.
#[derive(Clone, Debug)]
pub struct RunNow {
    /// `up`, `back`, `contract`, in words.
    pub what: String,
    /// Since when.
    pub since: Since,
    /// What it is doing, in words.
    pub doing: Option<String>,
    /// Why it goes no further, as a sentence.
    pub held: Option<String>,
    /// Who asked for it, and why.
    pub asked: Option<String>,
    /// It can be stopped at its next safe point.
    pub can_stop: bool,
}

/// A phase.
#[derive(Clone, Debug)]
pub struct PhaseCard {
    /// Its id.
    pub id: String,
    /// Its place in the plan, from 1.
    pub number: usize,
    /// Its state.
    pub state: PhaseState,
    /// What it changes, in words.
    pub changes: String,
    /// What clients see, in words.
    pub clients: String,
    /// The way back and what it costs, in words; none where there is none to speak of.
    pub way_back: Option<String>,
    /// How long it bakes yet.
    pub bake: Option<Left>,
    /// The longest that traffic stood behind a lock of it, in words.
    pub locks: Option<String>,
    /// What is to be known about it, as sentences.
    pub notes: Vec<String>,
}

/// Something that can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Can {
    /// What the button says.
    pub label: String,
    /// Where it leads.
    pub path: String,
    /// It takes something away.
    pub grave: bool,
}

/// A station of a phase's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Station {
    /// Its name.
    pub name: &'static str,
    /// How the phase stands to it.
    pub stand: Stand,
}

/// How a phase stands to a station of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// It has been there.
    Past,
    /// It is there.
    Here,
    /// It is on its way there.
    Coming,
    /// It has not been there.
    Ahead,
}

impl Stand {
    /// The class that draws it.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Past => "past",
            Self::Here => "here",
            Self::Coming => "coming",
            Self::Ahead => "ahead",
        }
    }

    /// For who does not see the drawing.
    pub fn said(&self) -> &'static str {
        match self {
            Self::Past => "passed",
            Self::Here => "now",
            Self::Coming => "on the way",
            Self::Ahead => "not yet",
        }
    }
}

impl PhaseCard {
    /// Its state, in colour, shape and word.
    pub fn badge(&self) -> Badge {
        self.state.into()
    }

    /// The stations of its life, in order.
    pub fn stations(&self) -> [Station; 4] {
        use Stand::{Ahead, Coming, Here, Past};
        let stands = match self.state {
            PhaseState::Pending => [Here, Ahead, Ahead, Ahead],
            PhaseState::Expanding => [Past, Coming, Ahead, Ahead],
            PhaseState::Expanded => [Past, Here, Ahead, Ahead],
            PhaseState::CutOver => [Past, Past, Here, Ahead],
            PhaseState::Withdrawing => [Coming, Ahead, Ahead, Ahead],
            PhaseState::Contracting => [Past, Past, Past, Coming],
            PhaseState::Contracted => [Past, Past, Past, Here],
        };
        let names = ["pending", "expanded", "cut over", "contracted"];
        std::array::from_fn(|at| Station {
            name: names[at],
            stand: stands[at],
        })
    }

    /// How many stations the way back leads over: none where there is none.
    pub fn loops_over(&self) -> usize {
        match self.state {
            PhaseState::Pending | PhaseState::Contracted => 0,
            PhaseState::Expanding | PhaseState::Expanded | PhaseState::Withdrawing => 2,
            PhaseState::CutOver | PhaseState::Contracting => 3,
        }
    }

    /// The way back is being taken.
    pub fn is_turning(&self) -> bool {
        self.state == PhaseState::Withdrawing
    }
}

/// A backfill that is at work.
#[derive(Clone, Debug)]
pub struct Fill {
    /// The table.
    pub table: String,
    /// Pages that are done.
    pub pages: u64,
    /// Pages that were to be done.
    pub of_pages: u64,
    /// Rows that were written, in words.
    pub rows: String,
    /// How fast it goes, in words.
    pub rate: Option<String>,
    /// How long it takes yet, in words.
    pub left: Option<String>,
    /// At what pace, in words.
    pub pace: String,
    /// Why it goes no faster, as sentences.
    pub reasons: Vec<String>,
    /// It stands still because somebody asked for that.
    pub is_paused: bool,
}

impl Fill {
    /// How much is done, in words.
    pub fn share(&self) -> String {
        match self.of_pages {
            0 => "–".to_owned(),
            of => format!("{:.1}%", (self.pages.min(of) as f64) * 100.0 / (of as f64)),
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Happened {
    /// When.
    pub at: At,
    /// How it is to be taken.
    pub mark: Mark,
    /// What.
    pub what: String,
    /// More of it.
    pub detail: String,
}
