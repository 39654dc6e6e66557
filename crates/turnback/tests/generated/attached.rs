//! DDL for what hangs on tables beside their constraints: triggers, rights, comments, views, and
//! what is not carried.

use crate::ddl::{Ddl, READER};
use crate::names::{listed, quoted};
use crate::schema::*;

impl Ddl<'_> {
    /// What hangs on a table beside its constraints.
    pub(crate) fn attached(&self, number: usize, table: &Table) -> Vec<String> {
        let on = self.name(number);
        let reader = quoted(READER);
        let mut sql = Vec::new();
        for (n, trigger) in table.triggers.iter().enumerate() {
            let note = quoted(&table.columns[table.note()].name);
            let name = quoted(&format!("{n} Does"));
            let column = |at: usize| table.columns[at].name.replace('\'', "''");
            let capitals = format!(
                "FOR EACH ROW EXECUTE FUNCTION public.capitals('{}')",
                column(table.note())
            );
            let statement = match *trigger {
                Trigger::Capitals => {
                    format!("CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON {on} {capitals}")
                }
                Trigger::CapitalsOfNote => format!(
                    "CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OF {note} ON {on} {capitals}"
                ),
                Trigger::Borrow { to, from } => {
                    let function = format!("public.\"borrow {number} {n}\"");
                    let (to, from) = (&table.columns[to].name, &table.columns[from].name);
                    sql.push(format!(
                        "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN \
                         NEW.{to} := coalesce(NEW.{to}, NEW.{from}); RETURN NEW; END $f$",
                        to = quoted(to),
                        from = quoted(from)
                    ));
                    format!(
                        "CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON {on} FOR EACH ROW EXECUTE FUNCTION {function}()"
                    )
                }
                Trigger::Audit | Trigger::Disabled => format!(
                    "CREATE TRIGGER {name} AFTER INSERT OR UPDATE OR DELETE ON {on} FOR EACH ROW EXECUTE FUNCTION public.audit()"
                ),
            };
            sql.push(statement);
            if *trigger == Trigger::Disabled {
                sql.push(format!("ALTER TABLE {on} DISABLE TRIGGER {name}"));
            }
            if table.commented {
                sql.push(format!("COMMENT ON TRIGGER {name} ON {on} IS 'acts'"));
            }
        }
        if table.commented {
            sql.push(format!("COMMENT ON TABLE {on} IS 'a \"table\"'"));
        }
        if table.granted {
            sql.push(format!("GRANT SELECT, INSERT ON {on} TO {reader}"));
            sql.push(format!(
                "GRANT UPDATE ON {on} TO {reader} WITH GRANT OPTION"
            ));
        }
        for column in table.columns.iter().filter(|column| column.decorated) {
            let name = quoted(&column.name);
            sql.push(format!("COMMENT ON COLUMN {on}.{name} IS 'of \\ {number}'"));
            sql.push(format!(
                "GRANT SELECT ({name}), REFERENCES ({name}) ON {on} TO {reader}"
            ));
            sql.push(format!(
                "ALTER TABLE {on} ALTER COLUMN {name} SET STATISTICS 77"
            ));
            sql.push(format!(
                "ALTER TABLE {on} ALTER COLUMN {name} SET (n_distinct = 5)"
            ));
        }
        sql.extend(self.of_parts(table));
        if table.policy {
            sql.push(format!("ALTER TABLE {on} ENABLE ROW LEVEL SECURITY"));
            sql.push(format!(
                "CREATE POLICY \"Some Rows\" ON {on} FOR SELECT TO {reader} USING (tag <> 'hidden')"
            ));
        }
        if let Some(policy) = table.key_policy {
            sql.push(self.key_policy(number, policy));
            if table.commented {
                sql.push(format!(
                    "COMMENT ON POLICY \"By Key\" ON {on} IS 'computes'"
                ));
            }
        }
        if table.statistics {
            sql.push(format!(
                "CREATE STATISTICS public.\"related {number}\" ON tag, {} FROM {on}",
                quoted(&table.columns[table.note()].name)
            ));
        }
        sql
    }

    /// A view, or a materialized one with its index.
    pub(crate) fn view(&self, view: &View) -> Vec<String> {
        let name = self.view_name(view);
        let from = match view.of {
            Source::Table(table) => self.name(table),
            Source::View(view) => self.view_name(&self.schema.views[view]),
        };
        let table = &self.schema.tables[self.schema.table_of(view)];
        let columns = listed(view.columns.iter().map(|at| &table.columns[*at].name));
        let kind = if view.materialized {
            "MATERIALIZED VIEW"
        } else {
            "VIEW"
        };
        let mut sql = vec![format!(
            "CREATE {kind} {name} AS SELECT {columns} FROM {from}"
        )];
        if view.materialized {
            sql.push(format!("CREATE UNIQUE INDEX ON {name} (tag)"));
        }
        sql
    }

    /// A view's comment and rights.
    pub(crate) fn decorated(&self, view: &View) -> Vec<String> {
        if !view.decorated {
            return vec![];
        }
        let kind = if view.materialized {
            "MATERIALIZED VIEW"
        } else {
            "VIEW"
        };
        let name = self.view_name(view);
        vec![
            format!("COMMENT ON {kind} {name} IS 'a view'"),
            format!("GRANT SELECT ON {name} TO {}", quoted(READER)),
        ]
    }

    fn view_name(&self, view: &View) -> String {
        format!(
            "{}.{}",
            quoted(&self.schema.schemas[view.schema]),
            quoted(&view.name)
        )
    }

    /// A policy that computes with a key, whatever its type is.
    pub(crate) fn key_policy(&self, number: usize, policy: KeyPolicy) -> String {
        let column = &self.schema.tables[number].columns[policy.column];
        format!(
            "CREATE POLICY \"By Key\" ON {} AS {} FOR {} TO {} USING ({} > {})",
            self.name(number),
            if policy.restrictive {
                "RESTRICTIVE"
            } else {
                "PERMISSIVE"
            },
            if policy.all { "ALL" } else { "SELECT" },
            quoted(READER),
            quoted(&column.name),
            if self.is_uuid(column) {
                "'00000000-0000-0000-0000-000000000000'::uuid"
            } else {
                "0"
            }
        )
    }

    pub(crate) fn publication(&self, publication: &Publication) -> String {
        let of = match &publication.of {
            Published::All => "FOR ALL TABLES".to_owned(),
            Published::Schema(schema) => format!(
                "FOR TABLES IN SCHEMA {}",
                quoted(&self.schema.schemas[*schema])
            ),
            Published::Tables(tables) => {
                let names: Vec<String> = tables.iter().map(|&table| self.name(table)).collect();
                format!("FOR TABLE {}", names.join(", "))
            }
            Published::Columns(table, columns) => {
                let own = &self.schema.tables[*table].columns;
                let columns = listed(columns.iter().map(|&at| &own[at].name));
                format!("FOR TABLE {} ({columns})", self.name(*table))
            }
        };
        format!(
            "CREATE PUBLICATION {} {of} WITH (publish = '{}', publish_via_partition_root = {})",
            quoted(&publication.name),
            if publication.inserts {
                "insert"
            } else {
                "insert, update, delete, truncate"
            },
            publication.via_root
        )
    }

    pub(crate) fn defect(&self, defect: &Defect) -> Vec<String> {
        let on = self.name(defect.table);
        let name = &self.schema.tables[defect.table].columns[defect.column].name;
        let column = quoted(name);
        match defect.kind {
            DefectKind::ExpressionIndex => {
                vec![format!("CREATE INDEX computing ON {on} ((({column}) % 7))")]
            }
            DefectKind::PredicateIndex => vec![format!(
                "CREATE INDEX computing ON {on} (tag) WHERE {column} > 3"
            )],
            DefectKind::Check => vec![format!(
                "ALTER TABLE {on} ADD CONSTRAINT computing CHECK ({column} > -5)"
            )],
            DefectKind::TriggerOf => vec![format!(
                "CREATE TRIGGER watching AFTER UPDATE OF {column} ON {on} FOR EACH ROW EXECUTE FUNCTION public.nothing()"
            )],
            DefectKind::Inheritance => {
                vec![format!("CREATE TABLE public.heirs () INHERITS ({on})")]
            }
            DefectKind::Rule => vec![format!(
                "CREATE RULE watching AS ON DELETE TO {on} DO ALSO NOTIFY gone"
            )],
            DefectKind::Statistics => vec![format!(
                "CREATE STATISTICS public.computing ON {column}, tag FROM {on}"
            )],
            DefectKind::Policy => vec![format!(
                "CREATE POLICY computing ON {on} FOR SELECT USING ({column} > 0)"
            )],
            DefectKind::Default => {
                match self.schema.tables[defect.table].columns[defect.column].role {
                    Role::Reference => {
                        vec![format!(
                            "ALTER TABLE {on} ALTER COLUMN {column} SET DEFAULT 3"
                        )]
                    }
                    _ => vec![],
                }
            }
            DefectKind::Materialized => vec![format!(
                "CREATE MATERIALIZED VIEW public.computing AS SELECT {column} FROM {on}"
            )],
            DefectKind::PublishedColumn => vec![format!(
                "CREATE PUBLICATION computing FOR TABLE {on} (tag, {column}) WITH (publish = 'insert', publish_via_partition_root = true)"
            )],
            DefectKind::PublishedRows => vec![format!(
                "CREATE PUBLICATION computing FOR TABLE {on} WHERE ({column} > 0) WITH (publish = 'insert', publish_via_partition_root = true)"
            )],
            DefectKind::Function => vec![format!(
                "CREATE FUNCTION public.computing() RETURNS bigint BEGIN ATOMIC SELECT count({column}) FROM {on}; END"
            )],
            DefectKind::ViewOfPartition => {
                let split = self.schema.tables[defect.table].split.as_ref();
                let parts = split.iter().flat_map(|split| split.all());
                parts
                    .take(1)
                    .map(|part| {
                        format!(
                            "CREATE VIEW public.computing AS SELECT {column} FROM {}",
                            self.part_name(part)
                        )
                    })
                    .collect()
            }
            // Stands in the table's own definition.
            DefectKind::Generated => vec![],
        }
    }
}

/// A domain, and functions of triggers. They read no key, except where they are written for one
/// table.
pub const FUNCTIONS: &[&str] = &[
    "CREATE DOMAIN public.\"Whole Number\" AS integer CHECK (VALUE > -5)",
    "CREATE FUNCTION public.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN \
     INSERT INTO public.generated_audit VALUES (TG_OP || ' ' || coalesce(NEW.tag, OLD.tag)); RETURN NULL; END $f$",
    "CREATE FUNCTION public.capitals() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN \
     RETURN jsonb_populate_record(NEW, jsonb_build_object(TG_ARGV[0], upper(to_jsonb(NEW) ->> TG_ARGV[0]))); END $f$",
];
