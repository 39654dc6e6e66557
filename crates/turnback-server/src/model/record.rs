//! What was taken down: the journal, incidents, backups.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An entry of the journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JournalEntry {
    /// Its place: grows.
    pub number: i64,
    /// When it was written: UTC, RFC 3339.
    pub at: String,
    /// What happened: an object whose `event` names its kind.
    #[schema(value_type = Object)]
    pub event: serde_json::Value,
}

/// An incident: what was held, asked or turned back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Incident {
    /// Its number.
    pub number: usize,
    /// The phase.
    pub phase: String,
    /// What it is, in a few words.
    pub title: String,
    /// When it began.
    pub began: u64,
    /// When it was over; none while it is not.
    pub ended: Option<u64>,
    /// How it came to its end, in words.
    pub outcome: String,
    /// From the decision until `public` showed the old shape, or the run went on.
    pub to_old_shape_millis: Option<u64>,
    /// From its beginning until a guard said so.
    pub to_detect_millis: Option<u64>,
    /// From the guard's word until it was decided what to do.
    pub to_decide_millis: Option<u64>,
    /// From its beginning until `public` showed the old shape, or the run went on.
    pub in_all_millis: Option<u64>,
}

/// In which form a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReportFormat {
    /// A page.
    #[default]
    Html,
    /// Text with marks.
    Markdown,
    /// For scripts.
    Json,
}

/// What the plan asks of backups, and whether what is there meets that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BackupRule {
    /// When a verified one must be there: `never`; `contract`, before that and before SQL that cannot
    /// be turned back; or `phase`, before each of them, too.
    pub require: String,
    /// How old one may be that counts.
    pub max_age_millis: u64,
    /// So many verified ones are kept.
    pub keep: u32,
    /// What comes next that takes one.
    pub needs: Vec<BackupNeed>,
}

/// Something that takes a backup.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BackupNeed {
    /// `contract`, or `phase` and its name.
    pub before: String,
    /// Why it would be refused as things stand, as a sentence; nothing where a backup will do.
    pub lacking: Option<String>,
    /// What to do then.
    pub remedy: Option<String>,
}

/// A backup.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Backup {
    /// Its name.
    pub id: String,
    /// When it was taken.
    pub taken: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
    /// Whether it is being made or verified now.
    pub at_work: bool,
    /// When it was verified by restoring; none where it was not.
    pub verified: Option<u64>,
    /// Whether it counts: it is whole, verified and as it was.
    pub is_good: bool,
    /// What is the matter with it, as a sentence.
    pub failure: Option<String>,
    /// What is in it, in a few words.
    pub note: Option<String>,
}
