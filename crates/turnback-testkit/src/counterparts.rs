//! Programs and clients that nobody here wrote, as `scripts/counterparts.sh` fetches them.

use std::path::{Path, PathBuf};

/// The folder that they are unpacked in, whether it is there or not: `TURNBACK_COUNTERPARTS`, or
/// `counterparts` in the target folder.
pub fn counterparts() -> PathBuf {
    if let Some(place) = std::env::var_os("TURNBACK_COUNTERPARTS") {
        return place.into();
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        PathBuf::from,
    );
    target.join("counterparts")
}
