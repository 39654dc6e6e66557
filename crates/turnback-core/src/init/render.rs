//! The draft as the text of a plan file.

use std::collections::BTreeSet;

use super::graph::Graph;
use super::phases::{Keys, Kind};
use super::{Draft, DraftPhase, Group, Request, Touched, ids, operation, units, write};
use crate::name::TableName;
use crate::plan::Generate;
use crate::schema::Snapshot;
use crate::undeclared::LeadsTo;

/// Tables or columns that a sentence names before it counts the rest.
const NAMED: usize = 8;
/// Tables that a phase lists with their sizes, the largest first.
const LISTED: usize = 12;

/// Writes the file.
pub(super) fn render(
    draft: &Draft,
    groups: &[Keys],
    graph: &Graph<'_>,
    snapshot: &Snapshot,
    request: &Request,
) -> String {
    let page = Page {
        draft,
        graph,
        request,
        planned: draft.phases.iter().flat_map(|p| &p.keys).collect(),
    };
    let mut out = String::new();
    page.header(&mut out, snapshot);
    let name = match &request.name {
        Some(name) => name.clone(),
        None => ids::slug(&format!("{}-uuid", snapshot.database), "uuid-keys"),
    };
    out.push_str(&format!("\nversion: 1\nname: {}\n", write::scalar(&name)));
    out.push_str(&format!(
        "target: {}\n",
        write::target(&request.target_text)
    ));
    let schema = write::scalar(&request.schema.to_string());
    out.push_str(&format!("schema: {schema}\n\nphases:\n"));
    for (number, keys) in groups.iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        page.phase(&mut out, number, keys);
    }
    out.push_str(GUARDS);
    out
}

/// Guards and decisions to begin with, as comments: whether turnback may turn back by itself is
/// the user's to say.
const GUARDS: &str = include_str!("guards.yaml");

struct Page<'a> {
    draft: &'a Draft,
    graph: &'a Graph<'a>,
    request: &'a Request,
    /// Tables whose keys the plan converts.
    planned: BTreeSet<&'a TableName>,
}

impl Page<'_> {
    /// What the file is, and what was decided for the whole of it.
    fn header(&self, out: &mut String, snapshot: &Snapshot) {
        let draft = self.draft;
        let keys = draft.phases.iter().map(|phase| phase.keys.len()).sum();
        let mut say = |text: &str| write::comment(out, "", "", "", text);
        say(&format!(
            "Database {}: {} to uuid in {}, with every foreign key that leads to {}.",
            write::printable(&snapshot.database),
            units::count(keys, "integer key", "integer keys"),
            units::count(draft.phases.len(), "phase", "phases"),
            if keys == 1 { "it" } else { "them" },
        ));
        say("");
        say(
            "Written by `turnback\u{1}init`. Rows, sizes and write rates are PostgreSQL's estimates \
             of that moment. This is a whole plan, and yours to edit: `turnback\u{1}check` \
             says go or no-go, `turnback\u{1}plan` shows each step before it is taken, \
             `turnback\u{1}up` goes forward, `turnback\u{1}back` turns back.",
        );
        say("");
        say(
            "A phase rewrites every table it touches: the one whose key it converts, and all whose \
             foreign keys lead there (in two passes where tables reference themselves or one \
             another). So few phases rewrite less, while many phases are each a smaller cut-over \
             that is watched, and turned back, alone. On this database the choices of --group cost:",
        );
        say("");
        self.choices(out);
        let mut say = |text: &str| write::comment(out, "", "", "", text);
        say("");
        if draft.phases.len() > 1 || self.request.group == Group::One {
            say(match self.request.group {
                Group::Steps => {
                    "The phases go from tables that nothing references to those that most do, so \
                 the change that reaches furthest comes when smaller ones have shown the way."
                }
                Group::Levels => {
                    "The phases go up the foreign-key graph level by level, from tables that nothing \
                 references to those that reference nothing."
                }
                Group::One => "Everything changes, and turns back, at once.",
            });
            say("");
        }
        say(
            "`bake` is how long a phase is watched after its cut-over. The times suggested follow \
             the risk, which is probability (1 to 5) times impact (1 to 5). Uncomment them, or \
             write your own.",
        );
        if !draft.skipped.is_empty() {
            say("");
            say("Keys that no phase names:");
            for skip in &draft.skipped {
                let line = format!("{}: {}", self.graph.show(&skip.table), skip.reason);
                write::comment(out, "", "  ", "    ", &line);
            }
        }
        self.undeclared(out);
    }

    /// References that no foreign key declares.
    fn undeclared(&self, out: &mut String) {
        if self.draft.undeclared.is_empty() {
            return;
        }
        write::comment(out, "", "", "", "");
        let text = "Columns that look like references, but that no foreign key declares: these do \
                    not follow, and stay integers (`turnback\u{1}check` looks at their values and \
                    says what to do):";
        write::comment(out, "", "", "", text);
        for reference in self.draft.undeclared.iter().take(LISTED) {
            let column = write::ident(&reference.column);
            let whose = match &reference.leads_to {
                LeadsTo::Table { table, .. } => self.graph.show(table),
                LeadsTo::Any { kind, .. } => {
                    format!("any table, as {} says", write::ident(kind))
                }
            };
            let line = format!("{}.{column}: {whose}", self.graph.show(&reference.table));
            write::comment(out, "", "  ", "    ", &line);
        }
        if let Some(more) = self.draft.undeclared.len().checked_sub(LISTED + 1) {
            let more = format!("and {} more", more + 1);
            write::comment(out, "", "  ", "    ", &more);
        }
    }

    /// What each way to group the keys costs, as a table.
    fn choices(&self, out: &mut String) {
        let heads = [
            "--group",
            "phases",
            "table rewrites",
            "bytes rewritten",
            "largest cut-over",
        ];
        let mut rows = vec![heads.map(str::to_owned)];
        for choice in &self.draft.choices {
            rows.push([
                choice.group.word().to_owned(),
                choice.phases.to_string(),
                choice.rewrites.to_string(),
                crate::human::human_bytes(choice.bytes),
                units::count(choice.largest, "table", "tables"),
            ]);
        }
        for (number, row) in rows.iter().enumerate() {
            let mut line = format!("#   {:<8}", row[0]);
            for (cell, head) in row.iter().zip(heads).skip(1) {
                line.push_str(&format!("   {cell:>width$}", width = head.len()));
            }
            let chosen = number.checked_sub(1).map(|i| self.draft.choices[i].group);
            if chosen == Some(self.request.group) {
                line.push_str("   <- this file");
            }
            write::end(out, &line);
        }
    }

    /// One phase, its reasons first.
    fn phase(&self, out: &mut String, number: usize, keys: &Keys) {
        let phase = &self.draft.phases[number];
        let phases = self.draft.phases.len();
        let head = format!(
            "Phase {} of {phases}. {}",
            number + 1,
            self.why(keys, phase)
        );
        write::comment(out, "  ", "", "", &head);
        write::comment(out, "  ", "", "", "");
        costs(out, &phase.touched, |table| self.graph.show(table));
        let writes = match phase.writes_per_second {
            Some(rate) => units::rate(rate),
            None => "rate unknown".to_owned(),
        };
        write::comment(out, "  ", "writes    ", LABEL, &writes);
        let risk = &phase.risk;
        let because = if risk.because.is_empty() {
            "nothing of note".to_owned()
        } else {
            risk.because.join("; ")
        };
        let text = format!("{}, {} of 25: {because}", risk.level, risk.score);
        write::comment(out, "  ", "risk      ", LABEL, &text);
        if !phase.refused.is_empty() {
            let text = format!(
                "`turnback\u{1}check` will refuse {} (and says what to do about it)",
                units::and(&phase.refused, NAMED)
            );
            write::comment(out, "  ", "refused   ", LABEL, &text);
        }
        out.push_str(&format!("  - id: {}\n", write::scalar(&phase.id)));
        if let Some(before) = number.checked_sub(1).map(|i| &self.draft.phases[i]) {
            out.push_str(&format!("    after: [{}]\n", write::scalar(&before.id)));
        }
        out.push_str("    operations:\n");
        for table in &phase.keys {
            self.operation(out, table);
        }
        out.push_str(&format!("    # bake: {}\n", risk.level.bake()));
    }

    fn operation(&self, out: &mut String, table: &TableName) {
        let name = write::scalar(&write::table_in(table, &self.request.schema));
        let mut entries = vec![format!("table: {name}"), "to: uuid".to_owned()];
        match operation(self.graph, self.request, table).generate {
            Generate::V4 => {}
            Generate::V7 => entries.push("generate: v7".to_owned()),
            Generate::V7From(column) => {
                entries.push("generate: v7".to_owned());
                let name = write::scalar(&column.to_string());
                entries.push(format!("v7_from: {name}"));
            }
        }
        let line = format!("      - convert_key: {{ {} }}", entries.join(", "));
        if write::fits(&line) {
            write::end(out, &line);
        } else {
            out.push_str("      - convert_key:\n");
            for entry in entries {
                write::end(out, &format!("          {entry}"));
            }
        }
    }

    /// Why the phase stands where it stands.
    fn why(&self, keys: &Keys, phase: &DraftPhase) -> String {
        let own: BTreeSet<&TableName> = phase.keys.iter().collect();
        let followers: Vec<String> = phase
            .touched
            .iter()
            .map(|touched| &touched.table)
            .filter(|table| !own.contains(table))
            .map(|table| self.graph.show(table))
            .collect();
        let names: Vec<String> = phase
            .keys
            .iter()
            .map(|table| self.graph.show(table))
            .collect();
        let names = units::and(&names, NAMED);
        let referencing = match followers.len() {
            0 => "No other table references".to_owned(),
            1 => format!("{} references", followers[0]),
            2..=4 => format!("{} reference", units::and(&followers, 4)),
            n => format!("{n} tables ({}) reference", units::and(&followers, NAMED)),
        };
        match keys.kind {
            Kind::Leaves if phase.keys.len() == 1 => format!(
                "Nothing references {names}, so its key changes without touching another table: \
                 a quiet start."
            ),
            Kind::Leaves => format!(
                "Nothing references these {} tables, so their keys change without touching \
                 another one: a quiet start.",
                phase.keys.len()
            ),
            Kind::Single => {
                let who = match (self.references_itself(keys), followers.is_empty()) {
                    (false, _) => format!("{referencing} {names}."),
                    (true, true) => format!(
                        "Nothing but {names} itself references {names}: keys are filled first, \
                         references after."
                    ),
                    (true, false) => format!(
                        "{referencing} {names}, and so does {names} itself: keys are filled first, \
                         references after."
                    ),
                };
                let ahead = self.ahead(keys, &format!("{names} references"));
                format!("{who} {ahead}")
            }
            Kind::Cycle => format!(
                "{names} reference one another, so their keys change together, all keys before \
                 the references. {referencing} them. {}",
                self.ahead(keys, "They reference")
            ),
            Kind::Level(1) => format!(
                "Level 1 of the graph: {} that no table of a later phase references.",
                units::count(phase.keys.len(), "table", "tables")
            ),
            Kind::Level(level) => format!(
                "Level {level} of the graph: {} that the levels before reference. {referencing} \
                 {}.",
                units::count(phase.keys.len(), "table", "tables"),
                if phase.keys.len() == 1 { "it" } else { "them" }
            ),
            Kind::All => "Every key at once: each table is rewritten in this phase alone, and one \
                          cut-over, one way back, covers them all."
                .to_owned(),
        }
    }

    /// What the tables of these keys reference, and where that stands.
    fn ahead(&self, keys: &Keys, verb: &str) -> String {
        let own: BTreeSet<usize> = keys.keys.iter().map(|&(table, _)| table).collect();
        let far: BTreeSet<&TableName> = own
            .iter()
            .flat_map(|&table| self.graph.table(table).foreign_keys())
            .map(|(_, far)| &far.table)
            .filter(|far| self.graph.number(far).is_some_and(|n| !own.contains(&n)))
            .collect();
        if far.is_empty() {
            return format!("{verb} no other table.");
        }
        let all_later = far.iter().all(|table| self.planned.contains(table));
        let names: Vec<String> = far
            .into_iter()
            .map(|table| self.graph.show(table))
            .collect();
        let turn = match (all_later, names.len()) {
            (false, _) => "",
            (true, 1) => ", whose turn comes later",
            (true, _) => ", whose turns come later",
        };
        format!("{verb} {}{turn}.", units::and(&names, NAMED))
    }

    fn references_itself(&self, keys: &Keys) -> bool {
        keys.keys
            .iter()
            .any(|&key| self.graph.pointed_at_by(key).any(|near| near.0 == key.0))
    }
}

/// Blanks as wide as a label.
const LABEL: &str = "          ";

/// The tables that a phase rewrites, the largest first.
fn costs(out: &mut String, touched: &[Touched], name: impl Fn(&TableName) -> String) {
    let mut largest: Vec<&Touched> = touched.iter().collect();
    largest.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.table.cmp(&b.table)));
    let cells = |label: String, bytes: u64, rows: u64, indexes: usize, note: String| {
        [
            label,
            crate::human::human_bytes(bytes),
            units::rows(rows),
            units::count(indexes, "index", "indexes"),
            note,
        ]
    };
    let line = |table: &&Touched| {
        let note = match table.rewrites {
            0 | 1 => String::new(),
            n => format!("in {n} passes"),
        };
        cells(
            name(&table.table),
            table.bytes,
            table.rows,
            table.indexes,
            note,
        )
    };
    let sum = |label: String, tables: &[&Touched]| {
        cells(
            label,
            tables.iter().fold(0, |sum, t| t.bytes.saturating_add(sum)),
            tables.iter().fold(0, |sum, t| t.rows.saturating_add(sum)),
            tables.iter().map(|t| t.indexes).sum(),
            String::new(),
        )
    };
    let listed = if largest.len() > LISTED + 1 {
        LISTED
    } else {
        largest.len()
    };
    let mut table: Vec<[String; 5]> = largest[..listed].iter().map(line).collect();
    if listed < largest.len() {
        let rest = &largest[listed..];
        table.push(sum(format!("{} smaller tables", rest.len()), rest));
    }
    if largest.len() > 1 {
        table.push(sum("in all".to_owned(), &largest));
    }
    let width = |column: usize| {
        let cells = table.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let (label, bytes, rows, indexes) = (width(0).min(40), width(1), width(2), width(3));
    for (number, row) in table.iter().enumerate() {
        let lead = if number == 0 { "rewrites  " } else { LABEL };
        let line = format!(
            "  # {lead}{:<label$}   {:>bytes$}   {:>rows$}   {:>indexes$}   {}",
            row[0], row[1], row[2], row[3], row[4]
        );
        write::end(out, &line);
    }
}
