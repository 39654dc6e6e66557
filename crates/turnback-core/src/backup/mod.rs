//! Backups: what one holds, which are worth keeping, what a file is, and when one is required.

mod contents;
mod format;
mod manifest;
mod requirement;
mod retention;
pub mod salvage;
mod script;
pub mod swap;

pub use self::contents::{Contents, Difference, TableSum};
pub use self::format::{Format, recognise};
pub use self::manifest::{
    BackupState, DatabaseProperties, FileSize, Manifest, Method, PhaseStanding, RestorePoint,
    Verified,
};
pub use self::requirement::{Demand, Situation, requirement};
pub use self::retention::{Keeping, Kept, prune};
pub use self::script::{Refused, ScriptScan};
