//! What a phase expands to: every step, in every direction, before anything is run.

use serde::{Deserialize, Serialize};

use crate::convert_key::LiveVersion;
use crate::name::{Ident, TableName};
use crate::state::PhaseState;
use crate::step::Step;

/// All steps of a phase. Kept in the ledger, so that a later version of turnback, or one that
/// lost its control store, runs exactly what was planned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// The phase.
    pub phase: String,
    /// Makes both shapes live.
    pub expand: Vec<Step>,
    /// Makes the new shape the default: one transaction.
    pub cut_over: Vec<Step>,
    /// Online work after the cut-over that keeps the way back ready.
    pub settle: Vec<Step>,
    /// Makes the old shape the default again: one transaction.
    pub swap_back: Vec<Step>,
    /// Removes the new shape.
    pub withdraw: Vec<Step>,
    /// Gives up the old shape: archive, then one transaction.
    pub contract: Vec<Step>,
    /// Follows `contract` when no later phase still uses this phase's version schema.
    pub retire: Vec<Step>,
    /// Tables that change.
    pub tables: Vec<TableName>,
    /// Columns that change, by table.
    pub columns: Vec<(TableName, Ident)>,
    /// The same columns with the rows that they stand for: what the two shapes are compared by.
    #[serde(default)]
    pub counterparts: Vec<Counterpart>,
    /// Foreign keys that both shapes have, by table: the one of the shape that `public` shows
    /// carries this name.
    #[serde(default)]
    pub foreign_keys: Vec<(TableName, Ident)>,
    /// Passes over a table that write its rows again; a table may stand here twice.
    pub rewrites: Vec<TableName>,
    /// Version schemas that this phase adds.
    pub version_schemas: Vec<Ident>,
    /// Version schemas that are kept once the phase is expanded, oldest shape first: its own
    /// is the last, the one before it shows its old shape.
    pub versions: Vec<LiveVersion>,
    /// Views that change with the tables.
    #[serde(default)]
    pub views: Vec<TableName>,
    /// What preflight tries out.
    #[serde(default)]
    pub trials: Vec<Trial>,
    /// Objects that turnback will create, change and drop.
    pub objects: Objects,
    /// What cannot be turned back, in plain words; empty for most phases.
    pub irreversible: Vec<String>,
}

/// A column that both shapes have, each with a type of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counterpart {
    /// The table; of partitions, the one at their top.
    pub table: TableName,
    /// Its name in the shape that `public` shows.
    pub column: Ident,
    /// The key that it refers to; none where it is one itself.
    pub refers_to: Option<ReferredKey>,
}

/// The key that a column refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferredKey {
    /// Its table.
    pub table: TableName,
    /// Its column.
    pub column: Ident,
    /// Columns beside the one that refers, each with the one of the key's table that it equals:
    /// those of a partition key. Empty for other tables.
    pub beside: Vec<(Ident, Ident)>,
}

/// Something that only the server can judge: preflight tries it in a transaction that is
/// rolled back. The trials of a phase run in one transaction, in order; one that fails leaves
/// the others alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// What is tried; nothing where the statement only prepares what follows.
    pub view: Option<TableName>,
    /// The statement.
    pub sql: String,
}

/// Objects that a phase touches, in plain words (`table public.users`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Objects {
    /// Made by expand.
    pub created: Vec<String>,
    /// Changed by the cut-over.
    pub changed: Vec<String>,
    /// Dropped by contract.
    pub dropped: Vec<String>,
}

/// A part of a phase's life, and so one list of steps of its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Makes both shapes live.
    Expand,
    /// Makes the new shape the default.
    CutOver,
    /// Keeps the way back ready.
    Settle,
    /// Makes the old shape the default again.
    SwapBack,
    /// Removes the new shape.
    Withdraw,
    /// Gives up the old shape.
    Contract,
    /// Removes the version schema that nobody needs any more.
    Retire,
}

impl Stage {
    /// Every stage, in the order of a life.
    pub const ALL: [Self; 7] = [
        Self::Expand,
        Self::CutOver,
        Self::Settle,
        Self::SwapBack,
        Self::Withdraw,
        Self::Contract,
        Self::Retire,
    ];

    /// The states of a phase in which steps of this stage run.
    pub fn runs_in(self) -> &'static [PhaseState] {
        match self {
            Self::Expand => &[PhaseState::Expanding],
            Self::CutOver => &[PhaseState::Expanded],
            Self::Settle | Self::SwapBack => &[PhaseState::CutOver, PhaseState::Contracting],
            Self::Withdraw => &[PhaseState::Withdrawing],
            Self::Contract => &[PhaseState::Contracting],
            Self::Retire => &[PhaseState::Contracted],
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Expand => "expand",
            Self::CutOver => "cut over",
            Self::Settle => "settle",
            Self::SwapBack => "swap back",
            Self::Withdraw => "drop new",
            Self::Contract => "contract",
            Self::Retire => "retire",
        }
    }
}

impl Program {
    /// The steps of a stage, in order.
    pub fn steps(&self, stage: Stage) -> &[Step] {
        match stage {
            Stage::Expand => &self.expand,
            Stage::CutOver => &self.cut_over,
            Stage::Settle => &self.settle,
            Stage::SwapBack => &self.swap_back,
            Stage::Withdraw => &self.withdraw,
            Stage::Contract => &self.contract,
            Stage::Retire => &self.retire,
        }
    }
}
