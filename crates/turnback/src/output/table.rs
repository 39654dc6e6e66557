//! Tables for the terminal; plain when piped.

use comfy_table::{ContentArrangement, Table, presets};

/// A table with a header line and thin rules.
pub(crate) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header);
    table
}
