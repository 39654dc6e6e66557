//! Steps of the engine, gathered into lines that a reader takes in at a glance.

use turnback_core::program::Stage;

use crate::output::text::count;

/// Steps of one kind that follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Columns,
    SweptKeys,
    Vacuum,
    Indexes,
    NotNull,
    ForeignKeys,
    Versions,
    Verify,
    Spare,
    Settle,
    /// The story tells of it.
    Silent,
}

/// A chapter that is being gathered.
#[derive(Debug)]
pub(super) struct Chapter {
    kind: Kind,
    count: usize,
    millis: u64,
}

impl Default for Chapter {
    fn default() -> Self {
        Self::of(Kind::Silent)
    }
}

impl Chapter {
    fn of(kind: Kind) -> Self {
        Self {
            kind,
            count: 0,
            millis: 0,
        }
    }

    /// Begins with the step that comes; gives the chapter that ends, if one does, as its line
    /// and its milliseconds.
    pub(super) fn turn_to(&mut self, stage: Option<Stage>, step: &str) -> Option<(String, u64)> {
        let kind = self.kind_of(stage, step);
        if kind == self.kind {
            return None;
        }
        let ended = std::mem::replace(self, Self::of(kind));
        ended.in_words().map(|words| (words, ended.millis))
    }

    /// Takes a step in that is done. Of several steps that make up one thing, one counts.
    pub(super) fn take(&mut self, step: &str, millis: u64) {
        let counts = !step.starts_with("filled.")
            && !step.starts_with("sweep.")
            && (self.kind == Kind::Settle || !step.starts_with("validate."));
        self.count += usize::from(counts);
        self.millis += millis;
    }

    fn kind_of(&self, stage: Option<Stage>, step: &str) -> Kind {
        let Some(stage @ (Stage::Expand | Stage::Settle)) = stage else {
            return Kind::Silent;
        };
        match step.split('.').next().unwrap_or_default() {
            "columns" => Kind::Columns,
            "sweep_keys" => Kind::SweptKeys,
            "vacuum" => Kind::Vacuum,
            "index" => Kind::Indexes,
            "spare" => Kind::Spare,
            "filled" | "sweep" | "not_null" => Kind::NotNull,
            "foreign_key" => Kind::ForeignKeys,
            "validate" if stage == Stage::Settle => Kind::Settle,
            // It belongs to what it validates.
            "validate" => self.kind,
            "versions" => Kind::Versions,
            "verify" => Kind::Verify,
            _ => Kind::Silent,
        }
    }

    fn in_words(&self) -> Option<String> {
        let n = self.count;
        if n == 0 {
            return None;
        }
        Some(match self.kind {
            Kind::Silent | Kind::SweptKeys => return None,
            Kind::Columns => {
                "new columns, each with the trigger that fills it from now on".to_owned()
            }
            Kind::Vacuum => format!("{n} tables vacuumed and analysed"),
            Kind::Indexes => format!("{n} indexes built, concurrently"),
            Kind::NotNull => format!("NOT NULL carried over in {n} tables, validated online"),
            Kind::ForeignKeys => format!("{n} foreign keys carried over, validated online"),
            Kind::Versions => "a schema of views in which the new version sees UUIDs".to_owned(),
            Kind::Verify => "both shapes compared: every key, every reference".to_owned(),
            Kind::Spare => format!("{n} spare indexes built, for the way back"),
            Kind::Settle => format!("{n} old foreign keys validated, for the way back"),
        })
    }
}

/// What a backfill did, from its title; nothing where a sweep found nothing to do.
pub(super) fn filled(step: &str, title: &str, rows: u64, millis: u64) -> Option<String> {
    if !step.starts_with("fill.") {
        return None;
    }
    let what = title.strip_prefix("fill ").unwrap_or(title);
    let (columns, table) = what.rsplit_once(" of ").unwrap_or((what, ""));
    let table = table.strip_prefix("public.").unwrap_or(table);
    let per_second = rows as f64 / (millis.max(1) as f64 / 1_000.0);
    Some(format!(
        "{table} ({}): {} rows, {} a second",
        columns.replace("_turnback_new", ""),
        count(rows),
        count(per_second as u64)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_make_up_one_thing_share_a_line() {
        let mut chapter = Chapter::default();
        let expand = Some(Stage::Expand);
        let mut lines = Vec::new();
        for step in [
            "foreign_key.a",
            "validate.a",
            "foreign_key.b",
            "validate.b",
            "versions",
        ] {
            lines.extend(chapter.turn_to(expand, step));
            chapter.take(step, 5);
        }
        let line = "2 foreign keys carried over, validated online".to_owned();
        assert_eq!(lines, [(line, 20)]);
    }

    #[test]
    fn a_backfill_reads_without_the_names_of_new_columns() {
        let title = "fill id_turnback_new, actor_id_turnback_new of public.audit_logs";
        assert_eq!(
            filled("fill.x", title, 500, 100).as_deref(),
            Some("audit_logs (id, actor_id): 500 rows, 5\u{202f}000 a second")
        );
    }
}
