//! Steps of one kind told as one line: a phase of many tables stays readable.

use turnback_core::program::Stage;
use turnback_core::step::LockMode;

use super::view::{Kind, StepView};

/// Tables that are named in a line, before it only counts.
const NAMED_TABLES: usize = 3;

/// Steps of a stage that do the same to different tables.
pub(super) struct Group<'a> {
    label: Option<&'static str>,
    pub(super) steps: Vec<&'a StepView<'a>>,
}

/// Groups the steps of a stage, in the order in which each kind comes first. With `each`,
/// every step stands alone.
pub(super) fn groups<'a>(steps: &[&'a StepView<'a>], each: bool) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for step in steps {
        let label = if each { None } else { label(step) };
        let known = groups
            .iter_mut()
            .find(|group| label.is_some() && group.label == label);
        match known {
            Some(group) => group.steps.push(step),
            None => groups.push(Group {
                label,
                steps: vec![step],
            }),
        }
    }
    groups
}

impl Group<'_> {
    /// What its steps do, and to which of the phase's tables.
    pub(super) fn title(&self, of_tables: usize) -> String {
        let Some(label) = self.label else {
            return self
                .steps
                .iter()
                .map(|step| step.title)
                .collect::<Vec<_>>()
                .join("; ");
        };
        let mut tables: Vec<&str> = Vec::new();
        for lock in self.steps.iter().flat_map(|step| &step.locks) {
            let name = lock.table.strip_prefix("public.").unwrap_or(&lock.table);
            if !tables.contains(&name) {
                tables.push(name);
            }
        }
        let tables = match tables.len() {
            0 => String::new(),
            1 if of_tables == 1 => String::new(),
            n if n == of_tables => ": every table".to_owned(),
            n if n <= NAMED_TABLES => format!(": {}", tables.join(", ")),
            n => format!(
                ": {} and {} more",
                tables[..NAMED_TABLES - 1].join(", "),
                n - (NAMED_TABLES - 1)
            ),
        };
        match self.steps.len() {
            1 => format!("{label}{tables}"),
            n => format!("{n} × {label}{tables}"),
        }
    }

    /// The strongest lock, for people.
    pub(super) fn lock(&self) -> &'static str {
        match self.steps.first().map(|step| step.kind) {
            Some(Kind::Script | Kind::ScriptOutside) => "your SQL's",
            _ => self.mode().map_or("none", LockMode::sql),
        }
    }

    /// Who waits, in a word; the legend says how long.
    pub(super) fn waits(&self) -> &'static str {
        match self.steps.first().map(|step| step.kind) {
            Some(Kind::Script | Kind::ScriptOutside) => "see below",
            _ => match self.mode() {
                Some(LockMode::AccessExclusive) => "everyone *",
                Some(LockMode::ShareRowExclusive) => "writers *",
                Some(LockMode::ShareUpdateExclusive) => "DDL only",
                Some(LockMode::RowExclusive | LockMode::AccessShare) | None => "nobody",
            },
        }
    }

    fn mode(&self) -> Option<LockMode> {
        self.steps
            .iter()
            .flat_map(|step| &step.locks)
            .map(|lock| lock.mode)
            .max()
    }

    /// Seconds of its steps; nothing when of some nothing is known.
    pub(super) fn seconds(&self) -> Option<f64> {
        self.steps.iter().map(|step| step.forecast_seconds).sum()
    }
}

/// What steps of a kind do, by the first word of their id; one that is not known here (an
/// older turnback may have written it to the ledger) is told by its title.
fn label(step: &StepView<'_>) -> Option<&'static str> {
    let word = match step.step.strip_prefix("back.") {
        Some(_) => "back",
        None => step.step.split('.').next().unwrap_or(""),
    };
    Some(match word {
        "columns" => "add new columns, which fill themselves",
        "fill" => "fill the new columns, batch by batch",
        "sweep_keys" => "sweep up keys that were missed",
        "vacuum" => "vacuum and analyse",
        "index" => "build an index, concurrently",
        "spare" => "build a spare unique index, concurrently",
        "filled" => "refuse unfilled rows from here on",
        "sweep" => "sweep up rows that were missed",
        "validate" if step.step.contains("turnback_filled") => "prove that every row is filled",
        "validate" => "validate a constraint",
        "not_null" => "carry NOT NULL over",
        "check" => "add a check, not yet validated",
        "foreign_key" => "add a foreign key, not yet validated",
        "versions" => "open the version schemas",
        "verify" => "compare both shapes row by row",
        "cut_over" => "swap names and constraints, in one transaction",
        "swap_back" => "swap them back, in one transaction",
        "drop_versions" => "close the new shape's version schemas",
        "drop_foreign_key" => "drop a foreign key",
        "drop_columns" => "drop new columns and triggers",
        "drop_index" => "drop an index, concurrently",
        "back" => "validate a foreign key",
        "archive" => "open the key archive",
        "archive_keys" => "copy old and new keys to the archive",
        "archive_verify" => "prove that the archive is complete",
        "give_up_old" => "drop the old shape, in one transaction",
        "retire" => "close the version schemas",
        _ => return None,
    })
}

/// What a stage is for; `swaps` says whether the phase has two shapes at all.
pub(super) fn purpose(stage: Stage, swaps: bool) -> &'static str {
    match (stage, swaps) {
        (Stage::Expand, true) => "both shapes live; public shows the old one",
        (Stage::Expand, false) => "your SQL goes forward",
        (Stage::CutOver, _) => "public shows the new shape; the old one stays live",
        (Stage::Settle, _) => "online; keeps the way back ready",
        (Stage::SwapBack, _) => "the way back, at once: public shows the old shape",
        (Stage::Withdraw, true) => "the way back, then: nothing of the new shape is left",
        (Stage::Withdraw, false) => "the way back: your SQL turns back",
        (Stage::Contract, _) => "when you say so: gives up the old shape and the way back",
        (Stage::Retire, _) => "after contract, once no other phase needs them",
    }
}
