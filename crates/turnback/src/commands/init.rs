//! `turnback init`: looks at a database and writes a plan.

use turnback_core::exit::ExitCode;
use turnback_core::init::{Group, Request, Tables, init};
use turnback_core::name::{Ident, TableName};
use turnback_core::plan::{Generate, Settings, Target as Url};

use crate::cli::{GenerateBy, GroupBy, InitArgs, KeyType};
use crate::context::{connect, snapshot};
use crate::failure::Failure;

pub(crate) async fn run(args: InitArgs) -> Result<ExitCode, Failure> {
    let KeyType::Uuid = args.convert_keys;
    if args.out.exists() && !args.force {
        return Err(
            Failure::usage(format!("{} is there already", args.out.display()))
                .next("`--out FILE` names another file; `--force` writes over it."),
        );
    }
    let url = Url::new(args.target);
    let snapshot = snapshot(&connect(&url, &Settings::default()).await?, &url).await?;
    let schema = Ident::new(args.schema);
    let tables = if args.all {
        Tables::All
    } else {
        Tables::Only(
            args.tables
                .iter()
                .map(|name| table_name(name, &schema))
                .collect(),
        )
    };
    let request = Request {
        tables,
        group: match args.group {
            GroupBy::Steps => Group::Steps,
            GroupBy::Levels => Group::Levels,
            GroupBy::One => Group::One,
        },
        generate: match (args.generate, args.v7_from) {
            (GenerateBy::V4, None) => Generate::V4,
            (GenerateBy::V7, None) => Generate::V7,
            (GenerateBy::V7, Some(column)) => Generate::V7From(Ident::new(column)),
            (GenerateBy::V4, Some(_)) => {
                return Err(Failure::usage("`--v7-from` goes with `--generate v7`"));
            }
        },
        name: None,
        schema,
        target_text: "${DATABASE_URL}".to_owned(),
    };
    let draft = init(&snapshot, &request).map_err(|error| Failure::usage(error.to_string()))?;
    std::fs::write(&args.out, &draft.yaml).map_err(|error| {
        Failure::new(
            ExitCode::Failed,
            format!("{} cannot be written: {error}", args.out.display()),
        )
    })?;
    for skipped in &draft.skipped {
        anstream::eprintln!("left out: {}: {}", skipped.table, skipped.reason);
    }
    if !draft.undeclared.is_empty() {
        let columns: Vec<String> = draft.undeclared.iter().map(ToString::to_string).collect();
        anstream::eprintln!(
            "do not follow, as no foreign key declares them: {}. They look like references; `turnback check` looks at their values",
            columns.join(", ")
        );
    }
    let file = args.out.display();
    anstream::println!(
        "Wrote {file}: {}. It takes the database from DATABASE_URL.",
        match draft.phases.len() {
            1 => "1 phase".to_owned(),
            phases => format!("{phases} phases"),
        }
    );
    anstream::println!(
        "Next: turnback check --plan {file}; turnback plan --plan {file}; turnback up --plan {file}"
    );
    Ok(ExitCode::Done)
}

/// A name as PostgreSQL reads it: folded to lower case unless quoted.
fn table_name(text: &str, default: &Ident) -> TableName {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut quoted = false;
    for c in text.trim().chars() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(std::mem::take(&mut part)),
            c if quoted => part.push(c),
            c => part.extend(c.to_lowercase()),
        }
    }
    match parts.pop() {
        Some(schema) => TableName::new(schema, part),
        None => TableName::new(default.clone(), part),
    }
}
