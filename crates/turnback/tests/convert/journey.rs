//! The whole way of one schema: both shapes live, cut over, back, forward again, contract;
//! writes through both shapes at every stop.

use std::collections::BTreeSet;

use crate::world::{Client, World};

/// A schema, what to convert, and what its clients do.
pub struct Journey<'a> {
    /// The start of the database's name.
    pub name: &'a str,
    /// SQL that makes the schema and its first rows. Clients must leave those rows as they are.
    pub schema: &'a str,
    /// The operations of the one phase, `p`, in YAML flow style, with a comma between them.
    pub convert: &'a str,
    /// A query that both shapes must answer alike, always: it joins by keys and shows none.
    pub proof: &'a str,
    /// What clients do at a stop: through the old shape, through the new one, at stop 1
    /// (expanded), 2 (cut over) and 3 (cut over again).
    pub writes: &'a dyn Fn(&Client<'_>, &Client<'_>, u32),
    /// Tables whose keys must be in the archive, with the key's column.
    pub keys: &'a [(&'a str, &'a str)],
}

impl Journey<'_> {
    /// Goes the whole way; gives the world as contract left it.
    pub fn go(&self) -> World {
        let convert: String = self
            .convert
            .split(';')
            .map(|operation| format!("      - convert_key: {}\n", operation.trim()))
            .collect();
        let world = World::new(
            self.name,
            self.schema,
            &format!("  - id: p\n    operations:\n{convert}"),
        );
        let before = Picture::take(&world);
        let outline_before = outline(&world);

        world.expand("p");
        let (old, new) = (world.through("public"), world.through("public_p, public"));
        self.alike(&old, &new);
        (self.writes)(&old, &new, 1);
        self.alike(&old, &new);

        world.up();
        let (old, new) = (
            world.through("public_base, public"),
            world.through("public"),
        );
        let explicit = world.through("public_p, public");
        self.alike(&old, &new);
        self.alike(&old, &explicit);
        (self.writes)(&old, &new, 2);
        let kept = self.alike(&old, &new);

        world.back();
        let after = Picture::take(&world);
        assert_eq!(before.schema, after.schema, "the schema after the way back");
        let lost: Vec<_> = before.rows.difference(&after.rows).collect();
        assert!(lost.is_empty(), "rows changed by there and back: {lost:?}");
        assert_eq!(
            world.sql(self.proof),
            kept,
            "what clients wrote, after the way back"
        );

        world.up();
        self.alike(&old, &new);
        (self.writes)(&old, &new, 3);
        let kept = self.alike(&old, &new);
        let pairs: Vec<String> = self.keys.iter().map(|key| pairs(&world, *key)).collect();
        world.contract();
        assert_eq!(
            world.sql(self.proof),
            kept,
            "what clients wrote, after contract"
        );
        assert_eq!(
            outline_before,
            outline(&world),
            "all that hung on the old columns hangs on the new ones"
        );
        no_trace(&world);
        for ((table, _), pairs) in self.keys.iter().zip(pairs) {
            let archived = world.sql(&format!(
                "SELECT string_agg(old_key || '=' || new_key, ' ' ORDER BY old_key) \
                 FROM turnback.\"keys_public_{table}__p\""
            ));
            assert_eq!(pairs, archived, "the key archive of {table}");
        }
        world
    }

    fn alike(&self, old: &Client<'_>, new: &Client<'_>) -> String {
        let (through_old, through_new) = (old.run(self.proof), new.run(self.proof));
        assert_eq!(through_old, through_new, "both shapes, {}", self.proof);
        through_old
    }
}

fn pairs(world: &World, (table, column): (&str, &str)) -> String {
    world.sql(&format!(
        "SELECT string_agg(\"{column}_turnback_old\" || '=' || \"{column}\", ' ' ORDER BY \"{column}_turnback_old\") \
         FROM \"{table}\""
    ))
}

/// A dump, with the rows apart from the schema.
pub struct Picture {
    /// All but rows and the positions of sequences.
    pub schema: String,
    /// Each row with its table.
    pub rows: BTreeSet<String>,
}

impl Picture {
    /// Dumps all but our own ledger.
    pub fn take(world: &World) -> Self {
        let dump = world.db.dump(&["turnback"]);
        let mut schema = String::new();
        let mut rows = BTreeSet::new();
        let mut table = None;
        for line in dump.lines() {
            match table {
                Some(_) if line == "\\." => table = None,
                Some(of) => {
                    rows.insert(format!("{of}: {line}"));
                }
                None if line.starts_with("SELECT pg_catalog.setval(") => {}
                None => {
                    schema.push_str(line);
                    schema.push('\n');
                    if line.starts_with("COPY ") && line.ends_with(" FROM stdin;") {
                        table = Some(line);
                    }
                }
            }
        }
        Self { schema, rows }
    }
}

/// Everything that hangs on columns, by name, whatever the type and place of a key column. The
/// `NOT NULL` of a partition's new column has the name of the whole's (PostgreSQL 18), which no
/// statement changes, also where the partition had named its own.
pub fn outline(world: &World) -> String {
    world.sql(
        "WITH t AS (SELECT c.oid, c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname NOT IN ('turnback', 'pg_catalog', 'information_schema', 'pg_toast') AND c.relkind IN ('r', 'p', 'v', 'm')) \
         SELECT 'constraint ' || t.name || ' ' || CASE WHEN c.contype = 'n' AND c.coninhcount > 0 THEN 'inherited' ELSE c.conname END || ' ' || pg_get_constraintdef(c.oid) || coalesce(' -- ' || obj_description(c.oid, 'pg_constraint'), '') \
             FROM pg_constraint c JOIN t ON t.oid = c.conrelid LEFT JOIN pg_constraint p ON p.oid = c.conparentid \
             WHERE p.conrelid IS DISTINCT FROM c.conrelid \
         UNION ALL SELECT 'part ' || i.inhrelid::regclass || ' of ' || i.inhparent::regclass FROM pg_inherits i \
         UNION ALL SELECT 'part ' || t.name || ' ' || c.conname || ' of ' || p.conname || c.conislocal FROM pg_constraint c JOIN t ON t.oid = c.conrelid \
             JOIN pg_constraint p ON p.oid = c.conparentid WHERE p.conrelid <> c.conrelid \
         UNION ALL SELECT 'index ' || pg_get_indexdef(i.indexrelid) || ' ' || i.indisvalid || i.indisclustered || i.indimmediate || coalesce(' -- ' || obj_description(i.indexrelid, 'pg_class'), '') \
             FROM pg_index i JOIN t ON t.oid = i.indrelid \
         UNION ALL SELECT 'column ' || t.name || ' ' || a.attname || ' ' || a.attnotnull || ' ' || coalesce(a.attstattarget, -1) || coalesce(' ' || a.attoptions::text, '') \
             || coalesce(' ' || a.attacl::text, '') || coalesce(' -- ' || col_description(t.oid, a.attnum), '') \
             FROM pg_attribute a JOIN t ON t.oid = a.attrelid WHERE a.attnum > 0 AND NOT a.attisdropped \
         UNION ALL SELECT 'view ' || t.name || ' ' || c.relowner::regrole || ' ' || c.relkind::text || coalesce(c.reloptions::text, '') || coalesce(c.relacl::text, '') || pg_get_viewdef(c.oid) \
             || coalesce(' -- ' || obj_description(c.oid, 'pg_class'), '') FROM pg_class c JOIN t USING (oid) WHERE c.relkind IN ('v', 'm') \
         UNION ALL SELECT 'default ' || t.name || ' ' || a.attname || ' ' || pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN t ON t.oid = d.adrelid \
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.adnum JOIN pg_class c ON c.oid = t.oid WHERE c.relkind = 'v' \
         UNION ALL SELECT 'trigger ' || pg_get_triggerdef(g.oid) FROM pg_trigger g JOIN t ON t.oid = g.tgrelid WHERE NOT g.tgisinternal \
         ORDER BY 1",
    )
}

/// Nothing of ours is left outside our own schema.
pub fn no_trace(world: &World) {
    let left = world.sql(
        "WITH n AS (SELECT oid, nspname FROM pg_namespace WHERE nspname NOT IN ('turnback', 'information_schema') AND nspname NOT LIKE 'pg\\_%') \
         SELECT 'schema ' || nspname FROM n WHERE nspname ~ 'turnback' OR nspname ~ '_(base|p[0-9]?)$' \
         UNION ALL SELECT 'relation ' || relname FROM pg_class JOIN n ON n.oid = relnamespace WHERE relname ~ 'turnback' \
         UNION ALL SELECT 'column ' || attrelid::regclass || '.' || attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN n ON n.oid = relnamespace \
             WHERE attname ~ 'turnback' AND NOT attisdropped \
         UNION ALL SELECT 'constraint ' || c.conname FROM pg_constraint c JOIN n ON n.oid = c.connamespace LEFT JOIN pg_constraint p ON p.oid = c.conparentid \
             WHERE p.conrelid IS DISTINCT FROM c.conrelid AND (c.conname ~ 'turnback' OR NOT c.convalidated) \
         UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid JOIN n ON n.oid = relnamespace WHERE tgname ~ 'turnback' \
         UNION ALL SELECT 'function ' || proname FROM pg_proc JOIN n ON n.oid = pronamespace WHERE proname ~ 'turnback' \
         UNION ALL SELECT 'our function ' || proname FROM pg_proc p JOIN pg_namespace s ON s.oid = pronamespace \
             WHERE nspname = 'turnback' AND prorettype = 'trigger'::regtype \
         UNION ALL SELECT 'promise ' || key FROM turnback.promise",
    );
    assert_eq!(left, "", "left after contract");
}
