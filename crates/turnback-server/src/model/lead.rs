//! Who leads among the processes that share a control store.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a process stands among those that share its control store: one leads, and alone runs what
/// any of them is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lead {
    /// How this process stands.
    pub role: LeadRole,
    /// Its name among them.
    pub name: String,
    /// Who leads: this process or another; none where nobody does at the moment, or it is not known.
    pub leader: Option<Leader>,
    /// Why it is not known who leads, as a sentence.
    pub unknown: Option<String>,
}

/// How a process stands to the lead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeadRole {
    /// It leads: it runs what is asked for.
    Leads,
    /// It serves like the other, and takes over when that is gone.
    StandsBy,
    /// It cannot tell, and begins nothing.
    #[default]
    Unknown,
}

/// Whoever leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Leader {
    /// Its name: host, process, and a word that no other has.
    pub name: String,
    /// The number of its lead: grows by one with each.
    pub epoch: i64,
    /// When it began to lead, where that was taken down.
    pub since: Option<u64>,
}
