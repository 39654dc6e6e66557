//! Text in lines as wide as the terminal, or as a page when piped to a file.

use std::io::IsTerminal;

use comfy_table::{ContentArrangement, Table, presets};

/// Lines of piped output, and the longest that are easy to read.
const PAGE: u16 = 100;
const WIDEST: u16 = 120;
const NARROWEST: u16 = 60;

/// How wide lines may be.
pub(crate) fn width() -> usize {
    let width = if std::io::stdout().is_terminal() {
        Table::new().width().unwrap_or(PAGE)
    } else {
        PAGE
    };
    usize::from(width.clamp(NARROWEST, WIDEST))
}

/// Breaks text into lines; each begins with so many spaces. Line breaks in the text stay.
pub(crate) fn wrap(text: &str, indent: usize, width: usize) -> String {
    let mut lines = Vec::new();
    for part in text.lines() {
        let mut line = String::new();
        let mut length = 0;
        for word in part.split(' ').filter(|word| !word.is_empty()) {
            let more = word.chars().count();
            if length > 0 && indent + length + 1 + more > width {
                lines.push(std::mem::take(&mut line));
                length = 0;
            }
            if length > 0 {
                line.push(' ');
                length += 1;
            }
            line.push_str(word);
            length += more;
        }
        lines.push(line);
    }
    let margin = " ".repeat(indent);
    lines
        .iter()
        .map(|line| format!("{margin}{line}").trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Like [`wrap`], with a word before the first line, in a column of its own.
pub(crate) fn labelled(label: &str, text: &str, indent: usize, width: usize) -> String {
    let wrapped = wrap(text, indent, width);
    let rest: String = wrapped.chars().skip(indent).collect();
    let label = format!("  {label}");
    let gap = indent.saturating_sub(label.chars().count()).max(1);
    format!("{label}{}{rest}", " ".repeat(gap))
}

/// A table without rules, under a margin.
pub(crate) fn columns(rows: Vec<Vec<String>>, indent: usize, width: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width.saturating_sub(indent)).unwrap_or(PAGE));
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let margin = " ".repeat(indent);
    table
        .lines()
        .map(|line| format!("{margin}{}", line.trim_end()))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The widest text of each column.
pub(crate) fn widths<const N: usize>(rows: &[[String; N]]) -> [usize; N] {
    let mut widths = [0; N];
    for row in rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = (*width).max(text.chars().count());
        }
    }
    widths
}

/// Text that wraps on the left, under a margin, and columns of these widths on its right.
pub(crate) fn with_columns<const N: usize>(
    text: &str,
    columns: &[String; N],
    widths: &[usize; N],
    indent: usize,
    width: usize,
) -> String {
    let taken: usize = widths.iter().map(|width| width + 2).sum();
    let left = width.saturating_sub(taken).max(indent + 16);
    let mut lines: Vec<String> = wrap(text, indent, left)
        .lines()
        .map(str::to_owned)
        .collect();
    if let Some(first) = lines.first_mut() {
        let gap = left.saturating_sub(first.chars().count());
        first.push_str(&" ".repeat(gap));
        for (column, width) in columns.iter().zip(widths) {
            first.push_str(&format!("  {column:<width$}"));
        }
    }
    // What wraps is told from what follows by two more spaces.
    for line in lines.iter_mut().skip(1) {
        line.insert_str(0, "  ");
    }
    lines
        .iter()
        .map(|line| line.trim_end())
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_whole_and_lines_short() {
        assert_eq!(wrap("one two three", 2, 9), "  one two\n  three");
        assert_eq!(wrap("a-very-long-word b", 0, 5), "a-very-long-word\nb");
        assert_eq!(
            with_columns("a row that wraps around", &["x".to_owned()], &[3], 2, 23),
            "  a row that wraps  x\n    around"
        );
        assert_eq!(
            labelled("x", "one two three", 5, 12),
            "  x  one two\n     three"
        );
    }
}
