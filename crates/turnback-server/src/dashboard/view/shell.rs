//! What stands around every page: where one is, how things stand, who one is.

use turnback_core::guard::Moment;

use super::{At, Badge, Mark};

/// A page that the navigation leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Runs and phases.
    Overview,
    /// Guards with their charts.
    Guards,
    /// The risk matrix.
    Risks,
    /// Questions to people.
    Decisions,
    /// Turning back.
    WayBack,
    /// Flags, canary, maintenance.
    Flags,
    /// Incidents and their reports.
    Incidents,
    /// Backups and their verification.
    Backups,
    /// Who did what, and why.
    Audit,
    /// None of those: signing in, going forward.
    Elsewhere,
}

impl Place {
    /// Those that the navigation shows, in its order.
    pub const SHOWN: [Self; 9] = [
        Self::Overview,
        Self::Guards,
        Self::Decisions,
        Self::WayBack,
        Self::Risks,
        Self::Flags,
        Self::Incidents,
        Self::Backups,
        Self::Audit,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Guards => "Guards",
            Self::Risks => "Risks",
            Self::Decisions => "Decisions",
            Self::WayBack => "Turn back",
            Self::Flags => "Flags",
            Self::Incidents => "Incidents",
            Self::Backups => "Backups",
            Self::Audit => "Audit log",
            Self::Elsewhere => "",
        }
    }

    /// What its link is called within a page.
    pub fn id(self) -> &'static str {
        match self {
            Self::Overview | Self::Elsewhere => "go-overview",
            Self::Guards => "go-guards",
            Self::Risks => "go-risks",
            Self::Decisions => "go-decisions",
            Self::WayBack => "go-back",
            Self::Flags => "go-flags",
            Self::Incidents => "go-incidents",
            Self::Backups => "go-backups",
            Self::Audit => "go-audit",
        }
    }

    /// Its address.
    pub fn path(self) -> &'static str {
        match self {
            Self::Overview | Self::Elsewhere => "/",
            Self::Guards => "/guards",
            Self::Risks => "/risks",
            Self::Decisions => "/decisions",
            Self::WayBack => "/back",
            Self::Flags => "/flags",
            Self::Incidents => "/incidents",
            Self::Backups => "/backups",
            Self::Audit => "/audit",
        }
    }
}

/// How things stand, in one line that every page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// In one word.
    pub badge: Badge,
    /// In one sentence.
    pub said: String,
}

impl Standing {
    /// Colour, shape, word and sentence.
    pub fn new(mark: Mark, word: &str, said: impl Into<String>) -> Self {
        Self {
            badge: Badge::new(mark, word),
            said: said.into(),
        }
    }
}

/// Who leads among the processes that share a control store, and how this one stands to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leads {
    /// In one word.
    pub badge: Badge,
    /// As sentences.
    pub said: String,
}

/// Who looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The name of the token.
    pub name: String,
    /// The role.
    pub role: String,
    /// May start, turn back, throttle, change flags.
    pub may_operate: bool,
    /// May answer questions.
    pub may_approve: bool,
    /// Nobody signed in, for there are no tokens and only this machine is let in.
    pub is_local: bool,
}

/// What came of what was just asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Good or bad.
    pub mark: Mark,
    /// As a sentence.
    pub said: String,
}

/// What stands around every page.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The plan.
    pub plan: String,
    /// The database, without what is secret.
    pub target: String,
    /// Which page it is.
    pub here: Place,
    /// The title of the page.
    pub title: String,
    /// How things stand.
    pub standing: Standing,
    /// Who leads; none before somebody signed in, or while that is looked up.
    pub leads: Option<Leads>,
    /// Questions that wait for somebody.
    pub waiting: usize,
    /// Something can be turned back.
    pub can_turn_back: bool,
    /// What is in the way of knowing better, as sentences.
    pub troubles: Vec<String>,
    /// Who looks at it; none before somebody signed in.
    pub who: Option<Who>,
    /// What every form sends along, so that no other site can.
    pub csrf: String,
    /// What came of what was just asked for.
    pub notice: Option<Notice>,
    /// When the page was made.
    pub now: Moment,
    /// The version of the program.
    pub version: String,
    /// Where a page without script looks again, in seconds; none where somebody types.
    pub again: Option<u32>,
}

impl Shell {
    /// Whether something waits at a place.
    pub fn waits_at(&self, place: &Place) -> bool {
        *place == Place::Decisions && self.waiting > 0
    }

    /// Whether the line on top leads to the decisions.
    pub fn leads_to_decisions(&self) -> bool {
        self.waiting > 0 && self.here != Place::Decisions
    }

    /// Whether the line on top leads to the way back.
    pub fn leads_back(&self) -> bool {
        self.can_turn_back && self.here != Place::WayBack
    }

    /// When the page was made.
    pub fn made(&self) -> At {
        At(self.now)
    }

    /// Whether this is the page that one is on.
    pub fn is_here(&self, place: &Place) -> bool {
        self.here == *place
    }

    /// May start, turn back, throttle, change flags.
    pub fn may_operate(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.may_operate)
    }

    /// May answer questions.
    pub fn may_approve(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.may_approve)
    }

    /// The title of the browser's window: what waits comes first.
    pub fn window(&self) -> String {
        let waits = match self.waiting {
            0 => String::new(),
            waiting => format!("({waiting}) "),
        };
        format!("{waits}{} · {} · turnback", self.title, self.plan)
    }

    /// Which style sheet and script belong to this build.
    pub fn asset(&self, name: &str) -> String {
        crate::dashboard::assets::address(name)
    }
}
