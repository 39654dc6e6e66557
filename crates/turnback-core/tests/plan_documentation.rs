//! The page about the plan file keeps up with the program.

use turnback_core::plan::{PlanSource, json_schema, parse};

const PAGE: &str = include_str!("../../../docs/plan-file.md");

#[test]
fn every_plan_on_the_page_is_a_good_plan() {
    let plans: Vec<_> = PAGE
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .filter(|block| block.starts_with("version:"))
        .collect();
    assert!(plans.len() >= 4, "the page has lost its examples");
    for text in plans {
        let found = parse(&PlanSource {
            file_name: "plan-file.md",
            text,
            env: &|name| {
                let url = match name {
                    "DATABASE_URL" => "postgres://localhost/chat",
                    _ => "http://localhost",
                };
                Some(url.to_owned())
            },
            read_file: &|_| Ok("SELECT 1".to_owned()),
            target_override: None,
        });
        assert!(found.is_ok(), "{found:#?}\n{text}");
    }
}

#[test]
fn every_key_and_every_default_is_on_the_page() {
    let schema = json_schema();
    let definitions = schema["$defs"].as_object().expect("there are definitions");
    for object in definitions.values().chain([&schema]) {
        for (key, property) in object["properties"].as_object().expect("objects have keys") {
            // Several mappings may have a key of this name, each with a row of its own.
            let row = format!("| `{key}` |");
            let mut rows = PAGE.lines().filter(|line| line.starts_with(&row));
            let line = rows.clone().next();
            if let Some(default) = property.get("default") {
                let default = default
                    .as_str()
                    .map_or_else(|| default.to_string(), str::to_owned);
                let shown = rows.any(|line| line.contains(&format!("`{default}`")));
                assert!(
                    shown,
                    "the default of `{key}`, {default}, is not on the page"
                );
            }
            assert!(
                line.is_some() || PAGE.contains(&format!("`{key}`")) || key == "file",
                "`{key}` is not on the page"
            );
        }
    }
}
