//! No input makes the reader panic, and no secret gets into a message.

use proptest::prelude::*;
use turnback_core::diagnostic::Diagnostic;
use turnback_core::plan::{PlanSource, parse};

const GOOD: &str = "version: 1\nname: chat\ntarget: postgres://${USER}:${PASSWORD}@${HOST}/chat\nschema: public\nsettings: { workers: 2, lock_timeout: 1s }\nphases:\n  - id: keys\n    operations:\n      - convert_key: { table: '\"Users\"', to: uuid, generate: v7, v7_from: at }\n    bake: 30m\n  - id: sql\n    after: [keys]\n    operations:\n      - sql:\n          up: |\n            ALTER TABLE messages ADD COLUMN expires_at timestamptz\n          down: { file: down.sql }\n          verify: SELECT true\n";

/// Reads, and checks what must be true of every list of errors.
fn survives(text: &str, secret: Option<&str>) {
    let source = PlanSource {
        file_name: "turnback.yaml",
        text,
        env: &|name| match name {
            "HOST" => Some("db".to_owned()),
            _ => secret.map(str::to_owned),
        },
        read_file: &|_| Ok("SELECT 1".to_owned()),
        target_override: None,
    };
    let Err(found) = parse(&source) else { return };
    assert!(!found.is_empty(), "refused without a reason");
    for diagnostic in &found {
        well_placed(text, diagnostic);
        if let Some(secret) = secret {
            let related = diagnostic.related.iter().map(|related| &related.label);
            let words = [&diagnostic.message, &diagnostic.label];
            for words in words.into_iter().chain(&diagnostic.help).chain(related) {
                assert!(!words.contains(secret), "{words}");
            }
        }
    }
    assert!(found.is_sorted_by_key(|diagnostic| diagnostic.span.start));
}

fn well_placed(text: &str, diagnostic: &Diagnostic) {
    let spans = diagnostic.related.iter().map(|related| related.span);
    for span in spans.chain([diagnostic.span]) {
        let under = text.get(span.range());
        assert!(
            under.is_some_and(|under| !under.contains('\n')),
            "{diagnostic:?}"
        );
        assert!(span.line >= 1 && span.column >= 1);
    }
    assert!(
        !diagnostic.message.is_empty() && !diagnostic.message.contains('\n'),
        "{diagnostic:?}"
    );
}

/// Text with much of what YAML gives a meaning.
fn yaml_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("- ".to_owned()),
        Just(": ".to_owned()),
        Just("\n".to_owned()),
        Just("\n  ".to_owned()),
        Just("\n    ".to_owned()),
        Just("\t".to_owned()),
        "[\\[\\]{},&*!|>%@`?#'\"~-]",
        Just("---\n".to_owned()),
        Just("<<: *a".to_owned()),
        Just("&a ".to_owned()),
        Just("!!str ".to_owned()),
        prop_oneof![
            Just("version"),
            Just("name"),
            Just("target"),
            Just("settings"),
            Just("phases"),
            Just("id"),
            Just("after"),
            Just("operations"),
            Just("convert_key"),
            Just("sql"),
            Just("up"),
            Just("down"),
            Just("table"),
            Just("to"),
            Just("bake"),
        ]
        .prop_map(str::to_owned),
        Just("${".to_owned()),
        Just("ü\u{2028}\u{feff}".to_owned()),
        "[a-z0-9.]{1,4}",
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A tree of any shape, written as flow YAML.
fn any_tree() -> impl Strategy<Value = serde_json::Value> {
    let key = prop_oneof![
        "[a-z]{1,8}",
        prop_oneof![
            Just("version"),
            Just("name"),
            Just("target"),
            Just("schema"),
            Just("settings"),
            Just("phases"),
            Just("id"),
            Just("after"),
            Just("operations"),
            Just("bake"),
            Just("convert_key"),
            Just("table"),
            Just("column"),
            Just("to"),
            Just("generate"),
            Just("v7_from"),
            Just("sql"),
            Just("up"),
            Just("down"),
            Just("file"),
            Just("workers"),
        ]
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        "[a-z0-9]{0,5}".prop_map(Into::into),
    ];
    leaf.prop_recursive(7, 80, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Keys of the plan, each with anything behind it.
fn plan_like() -> impl Strategy<Value = String> {
    (any_tree(), any_tree(), any_tree(), any_tree()).prop_map(|(target, settings, phase, operation)| {
        serde_json::json!({
            "version": 1, "name": "x", "target": target, "settings": settings,
            "phases": [phase, { "id": "a", "after": ["a", "b"], "operations": [operation.clone(), { "sql": operation.clone() }, { "convert_key": operation }] }],
        })
        .to_string()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn any_text(text in any::<String>()) {
        survives(&text, None);
    }

    #[test]
    fn text_that_looks_like_yaml(text in yaml_like()) {
        survives(&text, None);
    }

    #[test]
    fn any_yaml(tree in any_tree()) {
        survives(&tree.to_string(), None);
    }

    #[test]
    fn plans_with_anything_in_them(text in plan_like()) {
        survives(&text, None);
    }

    #[test]
    fn good_plans_with_pieces_cut_out_and_put_in(
        cuts in prop::collection::vec((0usize..GOOD.len(), 0usize..12, yaml_like()), 1..4)
    ) {
        let mut text = GOOD.to_owned();
        for (at, length, piece) in cuts {
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let end = (at + length..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
            let short: String = piece.chars().take(8).collect();
            text.replace_range(at..end, &short);
        }
        survives(&text, Some("s3cret-value-of-a-variable"));
    }

    #[test]
    fn the_value_of_a_variable_is_in_no_message(
        value in "[A-Z0-9@:/?# '\"{}$\\n-]{6,30}",
        target in prop_oneof![
            Just("${PASSWORD}"), Just("mysql://${PASSWORD}"), Just("${PASSWORD}://${A}"),
            Just("postgres://app:${PASSWORD}@${-}/x"), Just("postgres://${PASSWORD"),
            Just("'${PASSWORD} ${B} ${1}'"), Just("[ '${PASSWORD}' ]"),
        ],
    ) {
        // Marked, so that it cannot be found in a message by chance.
        let value = format!("QX{value}ZJ");
        let text = GOOD.replace("postgres://${USER}:${PASSWORD}@${HOST}/chat", target);
        survives(&text, Some(&value));
        survives(&text.replace("name: chat", "nam: chat"), Some(&value));
    }

    #[test]
    fn a_password_in_the_file_is_in_no_message(password in "[A-Za-z0-9%!]{8,16}", key in "(target|targt|name|schema|version|bake)") {
        let password = format!("QX{password}ZJ");
        let text = GOOD.replacen("name: chat", &format!("name: chat\n{key}: postgres://app:{password}@db/x"), 1);
        survives(&text, Some(&password));
    }
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow_the_stack() {
    for text in [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        (0..2_000)
            .map(|n| format!("{}a:\n", " ".repeat(n)))
            .collect(),
    ] {
        survives(&text, None);
    }
}

#[test]
fn long_files_are_read_in_reasonable_time() {
    let phases: String = (0..1_000)
        .map(|n| {
            format!(
                "  - id: p{n}\n    operations: [{{ convert_key: {{ table: t{n}, to: uuid }} }}]\n"
            )
        })
        .collect();
    survives(
        &format!("version: 1\nname: x\ntarget: postgres://${{HOST}}/x\nphases:\n{phases}"),
        None,
    );
}
