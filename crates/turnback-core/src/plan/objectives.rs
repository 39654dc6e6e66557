//! `objectives:`, its shape and how it is read.

use super::reader::{Fields, Reader};
use super::shape::{Key, Shape, Value, key};
use crate::recovery::{Objectives, Part};

/// The key of the whole, beside those of the parts.
const TOTAL: &str = "total";

pub(super) static OBJECTIVES: Shape = Shape {
    what: "the objectives",
    about: "How long turning back may take, part by part and as a whole. What takes longer is told, and goes on.",
    keys: &[
        objective("confirm", "Make sure that there is a way back."),
        objective("end_canary", "Set the flag of a canary to 0%."),
        objective("maintenance_on", "The hooks that turn maintenance on."),
        objective("tell", "Tell people."),
        objective("snapshot", "The hooks that put the state by."),
        objective("stop_services", "The hooks that stop services."),
        objective("database", "Until `public` shows the old shape."),
        objective(
            "restore_application",
            "The hooks that restore the application.",
        ),
        objective("start_services", "The hooks that start services."),
        objective("drop_new_shape", "Drop the new shape."),
        objective("validate", "The validation, with its hooks."),
        objective("maintenance_off", "The hooks that turn maintenance off."),
        objective(TOTAL, "All of it, from the decision on."),
    ],
};

const fn objective(name: &'static str, about: &'static str) -> Key {
    let value = Value::Duration {
        least: "1ms",
        most: "7d",
        default: None,
    };
    key(name, false, value, about)
}

/// Reads the mapping; what is wrong with it is recorded.
pub(super) fn read(reader: &mut Reader<'_>, plan: &Fields<'_>) -> Objectives {
    let fields = plan
        .node("objectives")
        .and_then(|node| reader.fields(node, &OBJECTIVES));
    let Some(fields) = fields else {
        return Objectives::default();
    };
    let parts = Part::ALL
        .into_iter()
        .filter_map(|part| Some((part, reader.duration(&fields, part.as_str())?)))
        .collect();
    Objectives {
        parts,
        total: reader.duration(&fields, TOTAL),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::diagnostic::Diagnostic;
    use crate::plan::{PlanSource, parse};

    fn parsed(objectives: &str) -> Result<Objectives, Vec<Diagnostic>> {
        let text = format!(
            "version: 1\nname: n\ntarget: postgres://h/d\nphases:\n  - id: a\n    operations:\n      - sql: {{ up: SELECT 1, down: SELECT 2 }}\n{objectives}\n"
        );
        parse(&PlanSource {
            file_name: "p",
            text: &text,
            env: &|_| None,
            read_file: &|_| Ok(String::new()),
            target_override: None,
        })
        .map(|parsed| parsed.plan.objectives)
    }

    #[test]
    fn every_part_may_have_an_objective_and_none_must() {
        assert!(parsed("").unwrap().is_empty());
        let all: Vec<String> = Part::WORDS
            .iter()
            .map(|word| format!("{word}: 2m"))
            .collect();
        let read = parsed(&format!("objectives: {{ {}, total: 10m }}", all.join(", "))).unwrap();
        assert!(
            Part::ALL
                .iter()
                .all(|part| read.of(*part) == Some(Duration::from_secs(120)))
        );
        assert_eq!(read.total, Some(Duration::from_secs(600)));
    }

    #[test]
    fn an_objective_of_no_part_is_an_error_at_its_place() {
        let found = parsed("objectives: { databases: 1s }").unwrap_err();
        assert_eq!((found[0].code, found[0].span.line), ("unknown-key", 8));
        let found = parsed("objectives: { database: soon }").unwrap_err();
        assert_eq!(found[0].code, "bad-duration");
    }
}
