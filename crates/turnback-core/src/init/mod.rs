//! `turnback init`: from one look at a database to a plan file that runs as it is.
//!
//! Keys to convert are chosen ([`Tables`]), put into phases along the foreign-key graph
//! ([`Group`]), measured, scored ([`Risk`]) and written down as a careful engineer would.

mod candidates;
mod cost;
mod error;
mod graph;
mod ids;
mod phases;
mod refused;
mod render;
mod risk;
mod units;
pub(crate) mod write;

pub use self::cost::Touched;
pub use self::error::{InitError, TableProblem};
pub use self::risk::{Facts, Level, Risk, assess};
use crate::convert_key::Lookup;
use crate::name::{Ident, TableName};
use crate::plan::{ConvertKey, Generate};
use crate::schema::Snapshot;
use crate::undeclared::{Undeclared, undeclared};

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Whose keys to convert.
    pub tables: Tables,
    /// How to put them into phases.
    pub group: Group,
    /// How new keys are made.
    pub generate: Generate,
    /// Name of the plan; by default made from the database's.
    pub name: Option<String>,
    /// Schema of table names that are written without one.
    pub schema: Ident,
    /// What to write behind `target:`, such as `${DATABASE_URL}`; never a password.
    pub target_text: String,
}

/// Whose keys to convert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tables {
    /// Every integer key that can be converted.
    All,
    /// These, and an error where one of them cannot.
    Only(Vec<TableName>),
}

/// How keys are put into phases.
///
/// A table is rewritten once for each phase that touches it: few phases rewrite less, many
/// phases are each a small cut-over that bakes, and turns back, alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Group {
    /// Tables that nobody references first and together, then each of the others alone
    /// (cycles together), the most referenced last.
    #[default]
    Steps,
    /// One phase for each level of the foreign-key graph.
    Levels,
    /// One phase.
    One,
}

impl Group {
    /// Every way to group, in the order in which they are compared.
    pub const ALL: [Self; 3] = [Self::Steps, Self::Levels, Self::One];

    /// Its word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Levels => "levels",
            Self::One => "one",
        }
    }
}

/// A plan file, and what is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The text of the file.
    pub yaml: String,
    /// Its phases, in the order in which they run.
    pub phases: Vec<DraftPhase>,
    /// Tables that were looked at and whose keys it does not name.
    pub skipped: Vec<Skipped>,
    /// References that no foreign key declares, and that do not follow by themselves.
    pub undeclared: Vec<Undeclared>,
    /// What each way to group the keys costs on this database.
    pub choices: Vec<Choice>,
}

/// One phase of a draft.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftPhase {
    /// Its id in the plan.
    pub id: String,
    /// Tables whose keys it converts.
    pub keys: Vec<TableName>,
    /// Tables it touches: those, and all whose foreign keys lead to them.
    pub touched: Vec<Touched>,
    /// Rows written per second to these tables, where known.
    pub writes_per_second: Option<f64>,
    /// How risky it is.
    pub risk: Risk,
    /// Objects on account of which `turnback check` will refuse it.
    pub refused: Vec<String>,
}

impl DraftPhase {
    /// Bytes it rewrites, about.
    pub fn bytes(&self) -> u64 {
        self.touched
            .iter()
            .fold(0, |sum, table| sum.saturating_add(table.bytes))
    }
}

/// A table whose key the plan does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The table.
    pub table: TableName,
    /// Why, as half a sentence.
    pub reason: String,
}

/// What one way to group the keys costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The way.
    pub group: Group,
    /// Phases.
    pub phases: usize,
    /// Passes over tables, over all phases.
    pub rewrites: usize,
    /// Bytes rewritten, over all phases.
    pub bytes: u64,
    /// Tables that the largest cut-over locks at once.
    pub largest: usize,
}

/// Writes a plan for a database.
///
/// The same snapshot and request give the same text.
///
/// # Errors
///
/// [`InitError`] when there is nothing to convert, when a table that was asked for is not
/// there or cannot be converted, and when the target's text holds a password.
pub fn init(snapshot: &Snapshot, request: &Request) -> Result<Draft, InitError> {
    if write::holds_password(&request.target_text) {
        return Err(InitError::PasswordInTarget);
    }
    let graph = graph::Graph::new(snapshot, &request.schema);
    let (keys, skipped) = candidates::choose(&graph, request, &snapshot.database)?;
    let order = phases::Order::new(&graph, &keys);
    let key_columns = keys
        .iter()
        .map(|&key| (graph.name(key.0).clone(), graph.column(key).name.clone()))
        .collect();

    let mut choices = Vec::new();
    let mut chosen = Vec::new();
    for group in Group::ALL {
        let phases: Vec<_> = order
            .phases(group)
            .into_iter()
            .map(|keys| {
                let work = cost::Work::new(&graph, &keys.keys);
                (keys, work)
            })
            .collect();
        choices.push(Choice {
            group,
            phases: phases.len(),
            rewrites: phases.iter().map(|(_, work)| work.rewrites()).sum(),
            bytes: phases
                .iter()
                .fold(0, |sum, (_, work)| sum.saturating_add(work.bytes())),
            largest: phases
                .iter()
                .map(|(_, work)| work.tables.len())
                .max()
                .unwrap_or(0),
        });
        if group == request.group {
            chosen = phases;
        }
    }

    let ids = ids::ids(&graph, &chosen, snapshot, &request.schema);
    let lookup = Lookup::new(snapshot);
    let (mut phases, mut kinds) = (Vec::new(), Vec::new());
    for (id, (keys, work)) in ids.into_iter().zip(chosen) {
        let facts = work.facts(snapshot, &graph);
        let tables: Vec<TableName> = keys
            .keys
            .iter()
            .map(|&(table, _)| graph.name(table).clone())
            .collect();
        let operations: Vec<ConvertKey> = tables
            .iter()
            .map(|table| operation(&graph, request, table))
            .collect();
        phases.push(DraftPhase {
            refused: refused::refused(&lookup, &id, &operations, phases.is_empty()),
            id,
            keys: tables,
            writes_per_second: facts.writes_per_second,
            risk: assess(&facts),
            touched: work.tables,
        });
        kinds.push(keys);
    }
    let mut draft = Draft {
        yaml: String::new(),
        phases,
        skipped,
        undeclared: undeclared(snapshot, &key_columns),
        choices,
    };
    draft.yaml = render::render(&draft, &kinds, &graph, snapshot, request);
    Ok(draft)
}

/// What the plan says of one table's key.
fn operation(graph: &graph::Graph<'_>, request: &Request, table: &TableName) -> ConvertKey {
    let holds_time = |column: &Ident| {
        let number = graph.number(table);
        number
            .and_then(|number| graph.table(number).column(column))
            .is_some_and(|column| is_time(&column.type_name))
    };
    let generate = match &request.generate {
        // Only where the table has such a column: the plan's reader insists.
        Generate::V7From(column) if !holds_time(column) => Generate::V7,
        generate => generate.clone(),
    };
    ConvertKey {
        table: table.clone(),
        column: None,
        generate,
        recreate: vec![],
    }
}

fn is_time(type_name: &str) -> bool {
    type_name == "date" || type_name.starts_with("timestamp")
}
