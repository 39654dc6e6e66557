//! The plan for people: one screen for the whole, then phase by phase.

use anstyle::Style;
use turnback_core::human::{human_bytes, human_duration};
use turnback_core::program::Stage;
use turnback_core::state::PhaseState;

use super::groups::{Group, groups, purpose};
use super::view::{ForecastView, Kind, PhaseView, PlanView, StepView};
use crate::output::findings;
use crate::output::paragraph::{columns, labelled, widths, with_columns, wrap};
use crate::output::text::count;

/// Where text begins, right of a label.
const LABEL: usize = 14;

pub(super) fn render(view: &PlanView<'_>, each: bool, width: usize) -> String {
    let mut page = Page {
        text: String::new(),
        view,
        each,
        width,
    };
    page.overview();
    page.legend();
    for (at, phase) in view.phases.iter().enumerate() {
        page.phase(at + 1, phase);
    }
    if !each {
        page.line("");
        page.line(&wrap(
            "`turnback plan --steps` names every step and object, `--sql` prints every statement, `turnback check` says go or no-go.",
            0,
            width,
        ));
    }
    page.text
}

struct Page<'a> {
    text: String,
    view: &'a PlanView<'a>,
    /// Every step and object by itself.
    each: bool,
    width: usize,
}

impl Page<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn labelled(&mut self, label: &str, text: &str) {
        let line = labelled(label, text, LABEL, self.width);
        self.line(&line);
    }

    fn overview(&mut self) {
        let bold = Style::new().bold();
        let view = self.view;
        self.line(&format!("{bold}{}{bold:#} on {}\n", view.plan, view.target));
        let mut rows = vec![
            ["", "phase", "state", "what it does", "rewrites", "forecast"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for (at, phase) in view.phases.iter().enumerate() {
            let forecast = phase.forecast.as_ref();
            rows.push(vec![
                (at + 1).to_string(),
                phase.phase.clone(),
                phase.state.to_string(),
                phase.what.clone(),
                forecast.map_or("—".to_owned(), |forecast| {
                    if forecast.rewritten_bytes == 0 {
                        "—".to_owned()
                    } else {
                        human_bytes(forecast.rewritten_bytes)
                    }
                }),
                match forecast {
                    Some(_) if is_through(phase.state) => "done".to_owned(),
                    Some(forecast) if has_scripts(phase) && forecast.seconds < 1.0 => {
                        "unknown".to_owned()
                    }
                    Some(forecast) => short(forecast.seconds),
                    None => "no-go".to_owned(),
                },
            ]);
        }
        let table = columns(rows, 0, self.width);
        self.line(&table);
        let unknown = if view.phases.iter().any(has_scripts) {
            " How long SQL of yours takes is not known."
        } else {
            ""
        };
        let total = format!(
            "\nForecast for what is left: {}. A forecast, from sizes; no promise: traffic, disks and waits for locks decide.{unknown}",
            human_duration(view.forecast_seconds)
        );
        self.line(&wrap(&total, 0, self.width));
    }

    fn legend(&mut self) {
        let view = self.view;
        let budget = view.lock_timeout_ms;
        let text = format!(
            "* Beside each step stand its lock, who waits for it, and the forecast where that is a second or more. \
             Everyone is readers and writers: they queue behind a request for such a lock for at most {budget} ms \
             (settings.lock_timeout); not had by then, it is given up and tried again later, up to {} times. Once had, \
             it is held for one transaction that touches the catalog alone: milliseconds for each table, whatever its size. \
             All other steps hold up no reader and no writer; a backfill locks the rows of one short batch at a time.",
            view.lock_attempts
        );
        let text = wrap(&text, 2, self.width);
        self.line(&format!("\n{}", text.trim_start()));
    }

    fn phase(&mut self, number: usize, phase: &PhaseView<'_>) {
        let bold = Style::new().bold();
        self.line(&format!(
            "\n{bold}Phase {number} of {}: {}{bold:#} ({})",
            self.view.phases.len(),
            phase.phase,
            phase.state,
        ));
        self.labelled("does this", &phase.what);
        for finding in phase.findings.iter().filter(|_| !phase.is_planned) {
            let shown = findings::render(finding, &[], self.width);
            self.line(&shown);
        }
        if !phase.is_planned {
            return;
        }
        if phase.state == PhaseState::Contracted {
            self.labelled("done", "the old shape is gone; its keys are in the archive");
            return;
        }
        self.facts(phase);
        self.canary(phase);
        self.objects(phase);
        self.done(phase);
        let all: Vec<&StepView<'_>> = phase.steps.iter().collect();
        let cells: Vec<_> = groups(&all, true).iter().map(cells).collect();
        let wide = widths(&cells);
        for stage in Stage::ALL {
            let steps: Vec<&StepView<'_>> =
                phase.steps.iter().filter(|s| s.stage == stage).collect();
            if !steps.is_empty() && !steps.iter().all(|step| step.is_done) {
                self.stage(phase, stage, &steps, &wide);
            }
        }
        if has_scripts(phase) {
            self.scripts(phase);
        }
    }

    fn facts(&mut self, phase: &PhaseView<'_>) {
        if !phase.after.is_empty() {
            self.labelled("after", &phase.after.join(", "));
        }
        for part in &phase.irreversible {
            self.labelled("no way back", &format!("{part}."));
        }
        let is_ahead = matches!(phase.state, PhaseState::Pending | PhaseState::Expanding);
        if is_ahead && !phase.rewrites.is_empty() {
            let shown = if self.each { usize::MAX } else { 4 };
            let mut tables: Vec<String> = phase
                .rewrites
                .iter()
                .take(shown)
                .map(|rewrite| {
                    let passes = match rewrite.passes {
                        1 => String::new(),
                        n => format!(", {n} passes"),
                    };
                    format!(
                        "{} ({}, {} rows{passes})",
                        rewrite.table,
                        human_bytes(rewrite.bytes),
                        count(rewrite.rows)
                    )
                })
                .collect();
            if let more @ 1.. = phase.rewrites.len().saturating_sub(shown) {
                tables.push(format!("{more} more"));
            }
            self.labelled("rewrites", &tables.join(", "));
        }
        if is_ahead
            && let Some(forecast) = &phase.forecast
            && forecast.growth_bytes > 0
        {
            self.labelled(
                "forecast",
                &format!(
                    "{}; up to {} more on disk{}, {} of them indexes; up to {} of WAL",
                    human_duration(forecast.seconds),
                    human_bytes(forecast.growth_bytes),
                    vacuumed(forecast),
                    human_bytes(forecast.index_bytes),
                    human_bytes(forecast.wal_bytes)
                ),
            );
        }
        if let Some(clients) = &phase.clients {
            self.labelled(
                "clients",
                &format!(
                    "old shape: SET search_path = {}\nnew shape: SET search_path = {}\nneither: {}",
                    clients.old_search_path,
                    clients.new_search_path,
                    if is_through(phase.state) {
                        "the new shape"
                    } else {
                        "the old shape until the cut-over, then the new one"
                    }
                ),
            );
        }
    }

    /// What stands between expand and the cut-over.
    fn canary(&mut self, phase: &PhaseView<'_>) {
        let Some(canary) = phase.canary.as_ref().filter(|_| !is_through(phase.state)) else {
            return;
        };
        let mut lines = vec![format!(
            "before the cut-over, flag {} sends users to the new shape; {} compared by {}; {} at least",
            canary.flag,
            canary.compare,
            canary.guards.join(", "),
            human_duration(canary.seconds)
        )];
        lines.extend(canary.steps.iter().map(|step| {
            let asks = match &step.asks {
                Some(asks) => format!(", then {asks}"),
                None => String::new(),
            };
            format!(
                "{} for {}{asks}",
                step.share,
                human_duration(step.hold_seconds)
            )
        }));
        self.labelled("canary", &lines.join("\n"));
    }

    fn objects(&mut self, phase: &PhaseView<'_>) {
        for (label, objects) in [
            ("creates", &phase.objects.created),
            ("changes", &phase.objects.changed),
            ("drops", &phase.objects.dropped),
        ] {
            if objects.is_empty() {
                continue;
            }
            let when = if label == "drops" {
                " (at contract)"
            } else {
                ""
            };
            let text = if self.each || is_script(phase) {
                objects.join("\n")
            } else {
                format!("{}{when}", by_kind(objects))
            };
            self.labelled(label, &text);
        }
    }

    /// Stages that are through, in one line.
    fn done(&mut self, phase: &PhaseView<'_>) {
        let through: Vec<&str> = Stage::ALL
            .into_iter()
            .filter(|stage| {
                let mut steps = phase.steps.iter().filter(|s| s.stage == *stage).peekable();
                steps.peek().is_some() && steps.all(|step| step.is_done)
            })
            .map(Stage::title)
            .collect();
        if !through.is_empty() {
            self.labelled("done", &through.join(", "));
        }
    }

    fn stage(
        &mut self,
        phase: &PhaseView<'_>,
        stage: Stage,
        steps: &[&StepView<'_>],
        wide: &[usize; 3],
    ) {
        let bold = Style::new().bold();
        let done = steps.iter().filter(|step| step.is_done).count();
        let (number, word) = match steps.len() {
            1 => (1, "step"),
            n => (n, "steps"),
        };
        let progress = match done {
            0 => format!("{number} {word}"),
            done => format!("{number} {word}, {done} done"),
        };
        self.line(&format!(
            "\n  {bold}{}{bold:#} ({progress}): {}",
            stage.title(),
            purpose(stage, !is_script(phase))
        ));
        for group in groups(steps, self.each) {
            let done = group.steps.iter().filter(|step| step.is_done).count();
            let title = group.title(phase.rewrites.len());
            let title = match done {
                0 => title,
                done if done == group.steps.len() => format!("✓ {title}"),
                done => format!("{title} ({done} done)"),
            };
            let row = with_columns(&title, &cells(&group), wide, 4, self.width);
            self.line(&row);
        }
    }

    fn scripts(&mut self, phase: &PhaseView<'_>) {
        let outside = phase
            .steps
            .iter()
            .any(|step| step.kind == Kind::ScriptOutside);
        let text = if outside {
            "Your SQL takes the locks it needs. Outside a transaction it waits for them without limit: set lock_timeout in it where traffic matters."
        } else {
            "Your SQL takes the locks it needs, waits for each within the lock budget (unless it sets lock_timeout itself), is tried again when one is not to be had, and holds them until its transaction ends."
        };
        let text = wrap(text, 4, self.width);
        self.line(&text);
    }
}

/// Lock, who waits, and how long the work takes where that is a second or more.
fn cells(group: &Group<'_>) -> [String; 3] {
    let seconds = match group.seconds() {
        None => "unknown".to_owned(),
        Some(seconds) if seconds < 1.0 => String::new(),
        Some(seconds) => human_duration(seconds),
    };
    [group.lock().to_owned(), group.waits().to_owned(), seconds]
}

/// Seconds in the overview.
fn short(seconds: f64) -> String {
    if seconds < 1.0 {
        "< 1 s".to_owned()
    } else {
        human_duration(seconds)
    }
}

fn is_through(state: PhaseState) -> bool {
    matches!(
        state,
        PhaseState::CutOver | PhaseState::Contracting | PhaseState::Contracted
    )
}

fn has_scripts(phase: &PhaseView<'_>) -> bool {
    phase
        .steps
        .iter()
        .any(|step| matches!(step.kind, Kind::Script | Kind::ScriptOutside))
}

fn is_script(phase: &PhaseView<'_>) -> bool {
    has_scripts(phase) && phase.clients.is_none()
}

/// Objects counted by their first word: `4 columns, 2 indexes`.
fn by_kind(objects: &[String]) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for object in objects {
        let kind = object.split(' ').next().unwrap_or("");
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, n)) => *n += 1,
            None => kinds.push((kind, 1)),
        }
    }
    kinds
        .into_iter()
        .map(|(kind, n)| match (n, kind) {
            (1, kind) => format!("1 {kind}"),
            (n, "index") => format!("{n} indexes"),
            (n, kind) => format!("{n} {kind}s"),
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// What vacuum beside the backfills spares, where it can.
fn vacuumed(forecast: &ForecastView) -> String {
    if forecast.least_growth_bytes == forecast.growth_bytes {
        return String::new();
    }
    format!(
        " ({} where vacuum keeps pace)",
        human_bytes(forecast.least_growth_bytes)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_counted_by_kind() {
        let objects = ["column a.b", "index x", "index y", "view v"].map(str::to_owned);
        assert_eq!(by_kind(&objects), "1 column, 2 indexes, 1 view");
    }
}
