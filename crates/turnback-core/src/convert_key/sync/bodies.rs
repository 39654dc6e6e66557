//! What the triggers' functions do, in PL/pgSQL.

use super::LookUps;
use crate::convert_key::Era;
use crate::name::{Ident, TableName, literal};

/// A touched column and its key, by the names of one era.
pub(super) struct Pair<'a> {
    pub(super) old: Ident,
    pub(super) new: Ident,
    pub(super) key_table: &'a TableName,
    pub(super) key_old: Ident,
    pub(super) key_new: Ident,
    /// What stands for the key in promises: the same in every era.
    pub(super) promise: String,
    pub(super) allocate: &'a str,
    pub(super) generate: String,
    /// The reference points at its own table.
    pub(super) own: bool,
    /// Columns that go with the reference, each with the one of the key's table it matches.
    pub(super) beside: &'a [(Ident, Ident)],
    pub(super) look_ups: LookUps,
}

/// The new key for an old one, into NEW.
fn look_up_new(p: &Pair<'_>, indent: &str) -> String {
    look_up(
        p,
        (&p.old, &p.key_old),
        (&p.new, &p.key_new),
        ("new", &p.generate),
        indent,
    )
}

/// The old key for a new one, into NEW.
fn look_up_old(p: &Pair<'_>, indent: &str) -> String {
    look_up(
        p,
        (&p.new, &p.key_new),
        (&p.old, &p.key_old),
        ("old", p.allocate),
        indent,
    )
}

/// Translates the side `from` into the side `to`; each is the reference's column and the key's.
/// What the key's table does not have (yet) is promised, with a fresh key.
fn look_up(
    p: &Pair<'_>,
    (from, key_from): (&Ident, &Ident),
    (to, key_to): (&Ident, &Ident),
    (side, fresh): (&str, &str),
    indent: &str,
) -> String {
    let Pair {
        key_table, promise, ..
    } = p;
    let lock = match p.look_ups {
        LookUps::Free => "",
        LookUps::Locked => " FOR KEY SHARE",
    };
    let in_table = |indent: &str| {
        format!(
            "{indent}SELECT k.{key_to} INTO NEW.{to} FROM {key_table} k WHERE k.{key_from} = NEW.{from}{}{lock};\n\
             {indent}IF NOT FOUND THEN NEW.{to} := turnback.promise_{side}({promise}, NEW.{from}, {fresh}); END IF;\n",
            matching(p)
        )
    };
    if !p.own {
        return in_table(indent);
    }
    // The row may refer to itself, and it is not in its table before it is written.
    format!(
        "{indent}IF NEW.{from} = NEW.{key_from}{} THEN\n{indent}  NEW.{to} := NEW.{key_to};\n{indent}ELSE\n{}{indent}END IF;\n",
        p.beside
            .iter()
            .map(|(near, of_key)| format!(" AND NEW.{near} = NEW.{of_key}"))
            .collect::<String>(),
        in_table(&format!("{indent}  "))
    )
}

/// What a look-up compares beside the key.
fn matching(p: &Pair<'_>) -> String {
    p.beside
        .iter()
        .map(|(near, of_key)| format!(" AND k.{of_key} = NEW.{near}"))
        .collect()
}

/// Both sides were written: they must say the same. A row that moves to another partition is
/// inserted there with both, perhaps before the row it refers to: then the promise says so.
fn agree(p: &Pair<'_>, table: &TableName, indent: &str) -> String {
    let Pair {
        old,
        new,
        key_table,
        key_old,
        key_new,
        promise,
        ..
    } = p;
    let message = literal(&format!(
        "turnback: {table}.{old} and {table}.{new} were both written and do not name the same row"
    ));
    format!(
        "{indent}IF (NEW.{old} IS NULL) <> (NEW.{new} IS NULL) OR (NEW.{old} IS NOT NULL AND NOT EXISTS \
         (SELECT FROM {key_table} k WHERE k.{key_old} = NEW.{old} AND k.{key_new} = NEW.{new}{})\n\
         {indent}    AND NOT EXISTS (SELECT FROM turnback.promise p WHERE p.key = {promise} AND p.old_key = NEW.{old} AND p.new_key = NEW.{new})) THEN\n\
         {indent}  RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = {message};\n\
         {indent}END IF;\n",
        matching(p)
    )
}

pub(super) fn sync(pairs: &[Pair<'_>], table: &TableName) -> String {
    let mut text = String::from("BEGIN\n  IF TG_OP = 'INSERT' THEN\n");
    for p in pairs {
        let Pair { old, new, .. } = p;
        text.push_str(&format!(
            "    IF NEW.{new} IS NULL THEN\n      IF NEW.{old} IS NOT NULL THEN\n"
        ));
        text.push_str(&look_up_new(p, "        "));
        text.push_str(&format!(
            "      END IF;\n    ELSIF NEW.{old} IS NULL THEN\n"
        ));
        text.push_str(&look_up_old(p, "      "));
        text.push_str("    ELSE\n");
        text.push_str(&agree(p, table, "      "));
        text.push_str("    END IF;\n");
    }
    text.push_str("    RETURN NEW;\n  END IF;\n");
    for p in pairs {
        let Pair { old, new, .. } = p;
        text.push_str(&format!(
            "  IF NEW.{old} IS DISTINCT FROM OLD.{old} THEN\n    IF NEW.{new} IS DISTINCT FROM OLD.{new} THEN\n"
        ));
        text.push_str(&agree(p, table, "      "));
        text.push_str(&format!(
            "    ELSIF NEW.{old} IS NULL THEN\n      NEW.{new} := NULL;\n    ELSE\n"
        ));
        text.push_str(&look_up_new(p, "      "));
        text.push_str(&format!(
            "    END IF;\n  ELSIF NEW.{new} IS DISTINCT FROM OLD.{new} THEN\n    IF NEW.{new} IS NULL THEN\n      NEW.{old} := NULL;\n    ELSE\n"
        ));
        text.push_str(&look_up_old(p, "      "));
        // A row that the backfill has not reached yet fills itself when it is written.
        text.push_str(&format!(
            "    END IF;\n  ELSIF NEW.{new} IS NULL AND NEW.{old} IS NOT NULL THEN\n"
        ));
        text.push_str(&look_up_new(p, "    "));
        text.push_str("  END IF;\n");
    }
    text.push_str("  RETURN NEW;\nEND\n");
    text
}

pub(super) fn settle(pairs: &[Pair<'_>], era: Era) -> String {
    let mut text = String::from("DECLARE\n  was_uuid uuid;\n  was_old bigint;\nBEGIN\n");
    for p in pairs {
        // The table's own triggers know the side under the plain name.
        let (known, follows, was, look_up) = match era {
            Era::BeforeCutOver => (&p.old, &p.new, "was_uuid", look_up_new(p, "    ")),
            Era::AfterCutOver => (&p.new, &p.old, "was_old", look_up_old(p, "    ")),
        };
        // A key that is not filled yet must not wipe out a value that was right.
        text.push_str(&format!(
            "  {was} := NEW.{follows};\n  NEW.{follows} := NULL;\n  IF NEW.{known} IS NOT NULL THEN\n{look_up}\
             \x20   IF NEW.{follows} IS NULL THEN NEW.{follows} := {was}; END IF;\n  END IF;\n"
        ));
    }
    text.push_str("  RETURN NEW;\nEND\n");
    text
}

pub(super) fn keep(pairs: &[Pair<'_>]) -> String {
    let mut text = String::from("DECLARE\n  kept_old bigint;\n  kept_new uuid;\nBEGIN\n");
    for Pair {
        old, new, promise, ..
    } in pairs
    {
        text.push_str(&format!(
            "  DELETE FROM turnback.promise p WHERE p.key = {promise} AND p.old_key = NEW.{old} \
             RETURNING p.new_key INTO kept_new;\n\
             \x20 IF FOUND THEN\n    NEW.{new} := kept_new;\n  ELSE\n\
             \x20   DELETE FROM turnback.promise p WHERE p.key = {promise} AND p.new_key = NEW.{new} \
             RETURNING p.old_key INTO kept_old;\n\
             \x20   IF FOUND THEN NEW.{old} := kept_old; END IF;\n  END IF;\n"
        ));
    }
    text.push_str("  RETURN NEW;\nEND\n");
    text
}
