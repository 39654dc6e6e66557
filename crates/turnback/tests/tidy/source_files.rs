//! Rules about single files: a purpose at the head, a length one can read, nothing left for
//! later.

use super::Breach;
use super::code::has_path;
use super::workspace::File;

/// Beyond this a file is more than one noun.
const MOST_LINES: usize = 500;

pub fn no_purpose(file: &File) -> Option<Breach> {
    let says = file.text.starts_with("//! ") || file.text.starts_with("//!\n");
    (!says).then(|| {
        Breach::new(
            &file.path,
            "does not begin with a `//!` line",
            "say in one sentence what the file is for",
        )
    })
}

pub fn too_long(file: &File) -> Option<Breach> {
    let lines = file.text.lines().count();
    (lines > MOST_LINES).then(|| {
        Breach::new(
            &file.path,
            format!("{lines} lines, and {MOST_LINES} is the most"),
            "split it: a file is one noun, named after it",
        )
    })
}

pub fn left_for_later(file: &File) -> Vec<Breach> {
    // Written in two halves, or this file would break the rule.
    let marks = [
        concat!("todo", "!"),
        concat!("unimplemented", "!"),
        concat!("#[", "ignore"),
        concat!("FIX", "ME"),
        concat!("TO", "DO"),
    ];
    let mut found = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        if let Some(mark) = marks.iter().find(|mark| has_path(line, mark)) {
            found.push(Breach::new(
                format!("{}:{}", file.path, index + 1),
                format!("`{mark}` leaves something for later"),
                "do it now, or leave it out and open an issue",
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: impl Into<String>) -> File {
        File {
            path: "crates/x/src/x.rs".to_owned(),
            text: text.into(),
        }
    }

    #[test]
    fn a_file_without_a_purpose_is_found() {
        assert!(no_purpose(&file("use std::fmt;\n")).is_some());
        assert!(no_purpose(&file("// Not a purpose.\n")).is_some());
        assert!(no_purpose(&file("")).is_some());
        assert!(no_purpose(&file("//! What it is for.\n")).is_none());
    }

    #[test]
    fn a_file_one_line_too_long_is_found() {
        assert!(too_long(&file("x\n".repeat(MOST_LINES))).is_none());
        let breach = too_long(&file("x\n".repeat(MOST_LINES + 1))).expect("it is too long");
        assert!(breach.rule.starts_with("501 lines"), "{breach}");
    }

    #[test]
    fn what_is_left_for_later_is_found_with_its_line() {
        let text = format!(
            "fine\n    {}(\"x\")\n#[{} = \"slow\"]\n// {}: x\nmastodon, ignored\n",
            concat!("todo", "!"),
            concat!("ign", "ore"),
            concat!("FIX", "ME")
        );
        let places: Vec<_> = left_for_later(&file(text))
            .into_iter()
            .map(|breach| breach.place)
            .collect();
        let expected = [2, 3, 4].map(|line| format!("crates/x/src/x.rs:{line}"));
        assert_eq!(places, expected);
    }
}
