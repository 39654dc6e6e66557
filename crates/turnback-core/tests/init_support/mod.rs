//! Snapshots by hand, for the tests of `init`.

#![allow(dead_code, reason = "each file of tests uses its part")]

use std::collections::BTreeSet;

use turnback_core::init::{Draft, Group, InitError, Request, Tables, init};
use turnback_core::name::{Ident, TableName};
use turnback_core::plan::{Generate, Operations, PlanSource, check_against, parse};
use turnback_core::schema::{
    Action, Column, Constraint, ConstraintKind, ForeignKey, Index, IndexKey, IndexedBy, Snapshot,
    Table,
};

/// `schema.name`, or a name in `public`.
pub fn name(text: &str) -> TableName {
    match text.split_once('.') {
        Some((schema, name)) => TableName::new(schema, name),
        None => TableName::new("public", text),
    }
}

/// A snapshot in the making.
pub struct Db(pub Snapshot);

impl Db {
    pub fn new(database: &str) -> Self {
        Self(Snapshot {
            server_version: 150_018,
            database: database.to_owned(),
            ..Snapshot::default()
        })
    }

    /// A table; columns are `name type`, those of the primary key marked by `*`.
    pub fn table(mut self, table: &str, columns: &[&str]) -> Self {
        let mut made = Table::default();
        let mut key = Vec::new();
        for column in columns {
            let (marked, type_name) = column.split_once(' ').expect("name and type");
            let column = Ident::new(marked.trim_start_matches('*'));
            if marked.starts_with('*') {
                key.push(column.clone());
            }
            made.columns.push(Column {
                not_null: marked.starts_with('*'),
                name: column,
                type_name: type_name.to_owned(),
                ..Column::default()
            });
        }
        if let [only] = key.as_slice() {
            let sequence = name(&format!("{table}_{}_seq", only.as_str()));
            let column = made.columns.iter_mut().find(|column| column.name == *only);
            let column = column.expect("a key is a column");
            if column.is_integer() {
                column.default = Some(format!("nextval('{sequence}'::regclass)"));
                column.sequence = Some(sequence);
            }
        }
        if !key.is_empty() {
            let index = Ident::new(format!("{table}_pkey"));
            let mut primary = index_on(index.clone(), &key);
            primary.primary = true;
            primary.unique = true;
            made.indexes.push(primary);
            let kind = ConstraintKind::PrimaryKey { index };
            made.constraints.push(constraint("pkey", &key, kind));
        }
        self.0.tables.insert(name(table), made);
        self
    }

    /// A foreign key: `table(a, b) -> far(c, d)`, indexed.
    pub fn points(mut self, from: &str, to: &str) -> Self {
        let side = |text: &str| {
            let (table, columns) = text.split_once('(').expect("table(columns)");
            let columns: Vec<Ident> = columns
                .trim_end_matches(')')
                .split(',')
                .map(|column| Ident::new(column.trim()))
                .collect();
            (name(table), columns)
        };
        let ((near, columns), (far, far_columns)) = (side(from), side(to));
        let table = self.0.tables.get_mut(&near).expect("table first");
        for column in table
            .columns
            .iter_mut()
            .filter(|c| columns.contains(&c.name))
        {
            // A reference takes its values from elsewhere.
            (column.default, column.sequence) = (None, None);
        }
        let kind = ConstraintKind::ForeignKey(ForeignKey {
            table: far,
            columns: far_columns,
            on_update: Action::NoAction,
            on_delete: Action::Cascade,
            on_delete_columns: vec![],
            match_full: false,
            index: None,
            turn: None,
        });
        let label = format!("{from}_fkey");
        table.constraints.push(constraint(&label, &columns, kind));
        table
            .indexes
            .push(index_on(Ident::new(format!("{from}_idx")), &columns));
        self
    }

    /// Rows, heap and index megabytes, writes per second.
    pub fn vitals(mut self, table: &str, rows: u64, heap: u64, index: u64, writes: f64) -> Self {
        let vitals = &mut self.0.tables.get_mut(&name(table)).expect("table").vitals;
        vitals.rows = rows;
        vitals.heap_bytes = heap << 20;
        vitals.index_bytes = index << 20;
        vitals.writes_per_second = Some(writes);
        self
    }

    /// Changes a table by hand.
    pub fn with(mut self, table: &str, change: impl FnOnce(&mut Table)) -> Self {
        change(self.0.tables.get_mut(&name(table)).expect("table"));
        self
    }

    pub fn draft(&self) -> Draft {
        self.try_draft(&request()).expect("a draft")
    }

    pub fn grouped(&self, group: Group) -> Draft {
        let request = Request { group, ..request() };
        self.try_draft(&request).expect("a draft")
    }

    pub fn only(&self, tables: &[&str]) -> Result<Draft, InitError> {
        let tables = tables.iter().map(|table| name(table)).collect();
        self.try_draft(&Request {
            tables: Tables::Only(tables),
            ..request()
        })
    }

    /// The plan's own reader finds in the text what the draft says is in it.
    fn parses(&self, draft: &Draft, request: &Request) {
        let parsed = parse(&PlanSource {
            file_name: "turnback.yaml",
            text: &draft.yaml,
            env: &|name| (name == "DATABASE_URL").then(|| "postgres://db/x".to_owned()),
            read_file: &|path| Err(format!("{path} is not there")),
            target_override: None,
        })
        .unwrap_or_else(|errors| panic!("{errors:#?}\n{}", draft.yaml));
        assert_eq!(check_against(&parsed, &self.0), []);
        assert_eq!(parsed.plan.schema, request.schema);
        assert_eq!(parsed.plan.phases.len(), draft.phases.len());
        for (read, written) in parsed.plan.phases.iter().zip(&draft.phases) {
            assert_eq!(read.id, written.id);
            let Operations::ConvertKeys(operations) = &read.operations else {
                panic!("{} converts keys", read.id)
            };
            let tables: Vec<_> = operations.iter().map(|o| o.table.clone()).collect();
            assert_eq!(tables, written.keys);
        }
    }

    /// Drafts, and holds every draft to what every plan file must be.
    pub fn try_draft(&self, request: &Request) -> Result<Draft, InitError> {
        let draft = init(&self.0, request)?;
        assert_eq!(
            draft,
            init(&self.0, request).expect("again"),
            "the same twice"
        );
        let mut seen = BTreeSet::new();
        for phase in &draft.phases {
            assert!(seen.insert(&phase.id), "{} twice", phase.id);
            assert!(phase.id.len() <= 40, "{}", phase.id);
            assert!(phase.id.starts_with(|c: char| c.is_ascii_lowercase()));
            let allowed =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
            assert!(phase.id.chars().all(allowed), "{}", phase.id);
        }
        self.parses(&draft, request);
        for line in draft.yaml.lines() {
            assert!(!line.ends_with(' '), "{line:?}");
        }
        Ok(draft)
    }
}

/// What `turnback init --all` asks for.
pub fn request() -> Request {
    Request {
        tables: Tables::All,
        group: Group::Steps,
        generate: Generate::V4,
        name: None,
        schema: Ident::new("public"),
        target_text: "${DATABASE_URL}".to_owned(),
    }
}

/// Keys converted, phase by phase.
pub fn order(draft: &Draft) -> Vec<String> {
    let phase = |phase: &turnback_core::init::DraftPhase| {
        let names: Vec<_> = phase.keys.iter().map(|t| t.name.as_str()).collect();
        format!("{}: {}", phase.id, names.join(" "))
    };
    draft.phases.iter().map(phase).collect()
}

/// Reasons of tables left out.
pub fn skipped(draft: &Draft) -> Vec<String> {
    let line =
        |skip: &turnback_core::init::Skipped| format!("{}: {}", skip.table.name, skip.reason);
    draft.skipped.iter().map(line).collect()
}

/// A chat service: a hub, a composite key, answers to answers, a log.
pub fn chat() -> Db {
    Db::new("chat")
        .table("users", &["*id bigint", "name text"])
        .table("conversations", &["*id integer", "owner_id bigint"])
        .table(
            "participants",
            &[
                "*conversation_id integer",
                "*user_id bigint",
                "joined_at timestamp",
            ],
        )
        .table(
            "messages",
            &[
                "*id bigint",
                "conversation_id integer",
                "author_id bigint",
                "answers bigint",
            ],
        )
        .table("audit_logs", &["*id bigint", "user_id bigint", "what text"])
        .points("conversations(owner_id)", "users(id)")
        .points("participants(conversation_id)", "conversations(id)")
        .points("participants(user_id)", "users(id)")
        .points("messages(conversation_id)", "conversations(id)")
        .points("messages(author_id)", "users(id)")
        .points("messages(answers)", "messages(id)")
        .points("audit_logs(user_id)", "users(id)")
        .vitals("users", 50_000, 6, 2, 0.4)
        .vitals("conversations", 20_000, 2, 1, 1.2)
        .vitals("participants", 180_000, 10, 14, 3.0)
        .vitals("messages", 700_000, 96, 60, 82.0)
        .vitals("audit_logs", 200_000, 24, 9, 85.0)
}

fn constraint(name: &str, columns: &[Ident], kind: ConstraintKind) -> Constraint {
    Constraint {
        name: Ident::new(name),
        columns: columns.to_vec(),
        kind,
        deferrable: false,
        deferred: false,
        validated: true,
        inherited: false,
        parent: None,
        definition: String::new(),
        comment: None,
    }
}

fn index_on(name: Ident, columns: &[Ident]) -> Index {
    let key = |column: &Ident| IndexKey {
        what: IndexedBy::Column(column.clone()),
        operator_class: None,
        collation: None,
        descending: false,
        nulls_first: false,
        statistics_target: None,
    };
    Index {
        name,
        method: "btree".to_owned(),
        unique: false,
        nulls_not_distinct: false,
        primary: false,
        immediate: true,
        valid: true,
        clustered: false,
        replica_identity: false,
        keys: columns.iter().map(key).collect(),
        include: vec![],
        predicate: None,
        reads: columns.iter().cloned().collect(),
        options: vec![],
        tablespace: None,
        constraint: false,
        parent: None,
        definition: String::new(),
        comment: None,
    }
}
