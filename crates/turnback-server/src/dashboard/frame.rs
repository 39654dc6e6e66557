//! What stands around a page, from how things stand and who looks at it.

use std::time::{SystemTime, UNIX_EPOCH};

use turnback_core::guard::Moment;
use turnback_core::human::human_millis;
use turnback_core::state::PhaseState;

use super::known::{Now, sentence};
use super::view::{Mark, Notice, Part, Place, Shell, Standing, Who};
use crate::access::{Actor, By, Role};
use crate::model::{Order, Phase, Progress, Question, Run, RunState};
use crate::server::Server;

/// Where a page without script looks again.
const AGAIN: u32 = 10;

/// The moment that it is.
pub(super) fn clock() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Moment(since.map_or(0, |since| since.as_millis() as u64))
}

/// What stands around a page.
pub(super) fn shell(
    server: &Server,
    actor: &Actor,
    now: &Now,
    here: Place,
    title: impl Into<String>,
) -> Shell {
    let plan = server.edges.looks.plan();
    let phases = ready(&now.phases);
    Shell {
        plan: plan.name,
        target: plan.target,
        here,
        title: title.into(),
        standing: standing(now),
        leads: super::read::lead::said(&now.lead),
        waiting: open(now).count(),
        can_turn_back: phases.iter().any(|phase| state(phase).can_turn_back()),
        troubles: troubles(now),
        who: Some(Who {
            name: actor.name.clone(),
            role: actor.role.to_string(),
            may_operate: actor.role >= Role::Operator,
            may_approve: actor.role >= Role::Approver,
            is_local: actor.by == By::Local,
        }),
        csrf: actor.csrf.clone(),
        notice: None,
        now: clock(),
        version: server.version.to_owned(),
        again: Some(AGAIN),
    }
}

/// The same around a page where somebody types: it does not look again by itself.
pub(super) fn typed(
    server: &Server,
    actor: &Actor,
    now: &Now,
    here: Place,
    title: impl Into<String>,
) -> Shell {
    Shell {
        again: None,
        ..shell(server, actor, now, here, title)
    }
}

/// What stands around a page before anybody signed in: nothing of how things stand.
pub(super) fn outside(server: &Server, title: &str) -> Shell {
    Shell {
        plan: String::new(),
        target: String::new(),
        here: Place::Elsewhere,
        title: title.to_owned(),
        standing: Standing::new(Mark::Idle, "signed out", ""),
        leads: None,
        waiting: 0,
        can_turn_back: false,
        troubles: vec![],
        who: None,
        csrf: String::new(),
        notice: None,
        now: clock(),
        version: server.version.to_owned(),
        again: None,
    }
}

/// What came of a form, as the page after it is told; nothing that a link could make up.
pub(super) fn notice(done: &str) -> Option<Notice> {
    let said = match done {
        "back" => {
            "Asked for. What goes forward stops at its next safe point, then turnback turns back; this page follows it."
        }
        "up" => "Asked for. This page follows it.",
        "contract" => "Asked for. The old shape is archived and dropped; this page follows it.",
        "stop" => {
            "Asked for. The run stops at its next safe point; the same request goes on from there."
        }
        "pause" => "No more batches begin. What is being filled stays as it is until you go on.",
        "resume" => "Filling goes on.",
        "answer" => "Your answer is taken down; the run takes it within a moment.",
        "flag" => "The flag is changed. Clients hear of it at once where they listen.",
        "flags" => "Every flag is disabled.",
        "maintenance" => "Maintenance is changed.",
        _ => return None,
    };
    Some(Notice {
        mark: Mark::Good,
        said: said.to_owned(),
    })
}

/// What is there, or nothing.
pub(super) fn ready<T>(part: &Part<Vec<T>>) -> &[T] {
    match part {
        Part::Ready(known) => known,
        Part::Loading | Part::Broken(_) => &[],
    }
}

/// What is at work.
pub(super) fn progress(now: &Now) -> Option<&Progress> {
    match &now.progress {
        Part::Ready(progress) => progress.as_ref(),
        Part::Loading | Part::Broken(_) => None,
    }
}

/// The run that is at work, or waits for its turn.
pub(super) fn run(now: &Now) -> Option<&Run> {
    let runs = ready(&now.runs);
    let at_work = runs.iter().find(|run| run.state == RunState::Running);
    at_work.or_else(|| runs.iter().find(|run| run.state == RunState::Waiting))
}

/// Questions that wait for somebody.
pub(super) fn open(now: &Now) -> impl Iterator<Item = &Question> {
    ready(&now.questions)
        .iter()
        .filter(|question| question.closed.is_none())
}

/// The state of a phase.
pub(super) fn state(phase: &Phase) -> PhaseState {
    PhaseState::parse(&phase.state).unwrap_or_default()
}

fn troubles(now: &Now) -> Vec<String> {
    let broken = |part: Option<&super::view::Broken>| part.map(|broken| broken.what.clone());
    fn of<T>(part: &Part<T>) -> Option<&super::view::Broken> {
        match part {
            Part::Broken(broken) => Some(broken),
            Part::Loading | Part::Ready(_) => None,
        }
    }
    let mut said: Vec<String> = [
        of(&now.phases),
        of(&now.progress),
        of(&now.questions),
        of(&now.runs),
    ]
    .into_iter()
    .filter_map(broken)
    .collect();
    said.dedup();
    said
}

fn standing(now: &Now) -> Standing {
    if let Part::Loading = now.phases {
        return Standing::new(
            Mark::Unknown,
            "unknown",
            "The database has not answered yet.",
        );
    }
    if let Part::Broken(broken) = &now.phases {
        return Standing::new(Mark::Unknown, "unknown", broken.what.clone());
    }
    if let Some(question) = open(now).min_by_key(|question| question.until.unwrap_or(u64::MAX)) {
        let said = format!("A decision waits: {}", sentence(&question.because));
        return Standing::new(Mark::Asks, "waits", said);
    }
    let phases = ready(&now.phases);
    let at_work = progress(now);
    let of = |wanted: PhaseState| phases.iter().find(|phase| state(phase) == wanted);
    if let Some(phase) = of(PhaseState::Withdrawing) {
        let said = format!("Phase {} is being turned back.", phase.id);
        return match at_work {
            Some(_) => Standing::new(Mark::Warning, "turning back", said),
            None => Standing::new(
                Mark::Warning,
                "half-way",
                format!(
                    "Phase {} is turned back half-way, and nothing is at work.",
                    phase.id
                ),
            ),
        };
    }
    if let Some(progress) = at_work {
        return working(progress, run(now));
    }
    let begun = phases
        .iter()
        .rev()
        .find(|phase| !matches!(state(phase), PhaseState::Pending | PhaseState::Contracted));
    match begun {
        Some(phase) => Standing::new(
            Mark::Idle,
            "stands",
            format!(
                "Phase {} is {}. Nothing is at work, so nobody watches.",
                phase.id, phase.state_words
            ),
        ),
        None if !phases.is_empty()
            && phases
                .iter()
                .all(|phase| state(phase) == PhaseState::Contracted) =>
        {
            Standing::new(Mark::Good, "done", "Every phase is contracted.")
        }
        None => Standing::new(Mark::Idle, "idle", "Nothing is at work."),
    }
}

fn working(progress: &Progress, run: Option<&Run>) -> Standing {
    let phase = progress.phase.as_deref();
    let of = phase.map_or_else(String::new, |phase| format!(" phase {phase}"));
    if let Some(held) = &progress.held {
        let said = format!(
            "Held{}: {}",
            phase.map_or_else(String::new, |p| format!(" in phase {p}")),
            sentence(held)
        );
        return Standing::new(Mark::Warning, "held", said);
    }
    if let Some(left) = progress.bake_left_millis {
        let said = format!("Watching{of}: it bakes for {} more.", human_millis(left));
        return Standing::new(Mark::Busy, "watching", said);
    }
    let doing = progress.doing.as_deref().map(sentence);
    match run.map(|run| &run.order) {
        Some(Order::Back { .. }) => Standing::new(
            Mark::Warning,
            "turning back",
            doing.unwrap_or_else(|| "Turning back.".to_owned()),
        ),
        _ => Standing::new(
            Mark::Busy,
            "at work",
            doing.unwrap_or_else(|| format!("At work on{of}.")),
        ),
    }
}
