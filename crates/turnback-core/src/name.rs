//! Names of database objects, kept apart from plain strings so that none reaches SQL unquoted.

use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest identifier PostgreSQL keeps, in bytes (`NAMEDATALEN - 1`; manual, 4.1.1).
pub const MAX_IDENT_BYTES: usize = 63;

/// Mark in the name of an object that holds the new shape beside the old one.
const NEW_MARK: &str = "_turnback_new";
/// Mark in the name of an object that holds the old shape after the cut-over.
const OLD_MARK: &str = "_turnback_old";

/// One identifier, unquoted as the catalog stores it. `Display` quotes it for SQL. Clones share
/// the text: a plan names the same objects over and over.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident(Arc<str>);

impl Ident {
    /// Takes a name as the catalog stores it: no quotes, case significant.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into().into())
    }

    /// The bare name, for messages and look-ups; never for SQL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name this object's new-shape counterpart carries until the cut-over.
    pub fn new_shape(&self) -> Self {
        self.with_suffix(NEW_MARK)
    }

    /// The name this object carries aside, from the cut-over until contract.
    pub fn old_shape(&self) -> Self {
        self.with_suffix(OLD_MARK)
    }

    /// Like [`Ident::new_shape`], for objects of which several phases may each keep one.
    pub fn new_shape_of(&self, phase: &str) -> Self {
        self.with_suffix(&format!("{NEW_MARK}_{phase}"))
    }

    /// Like [`Ident::old_shape`], for objects of which several phases may each keep one.
    pub fn old_shape_of(&self, phase: &str) -> Self {
        self.with_suffix(&format!("{OLD_MARK}_{phase}"))
    }

    /// Whether turnback gave this name to an object that stands aside.
    pub fn is_aside(&self) -> bool {
        self.0.contains(NEW_MARK) || self.0.contains(OLD_MARK)
    }

    /// Appends `suffix`; shortens the name to fit PostgreSQL's limit, with a hash of the
    /// whole so that two long names that share a beginning stay different.
    pub fn with_suffix(&self, suffix: &str) -> Self {
        if self.0.len() + suffix.len() <= MAX_IDENT_BYTES {
            return Self::new(format!("{}{suffix}", self.0));
        }
        let hash = format!("_{:08x}", fnv1a(&format!("{}{suffix}", self.0)));
        // A very long suffix is cut too, but its mark (the beginning) always survives.
        let suffix = cut(suffix, 30);
        let room = MAX_IDENT_BYTES - suffix.len() - hash.len();
        Self::new(format!("{}{hash}{suffix}", cut(&self.0, room)))
    }
}

/// Cuts at a character boundary, at most `bytes` long.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// FNV-1a, 32 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>): stable across builds,
/// which `std`'s hasher does not promise, and names must be found again after an upgrade.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self
            .0
            .bytes()
            .enumerate()
            .all(|(i, b)| b.is_ascii_lowercase() || b == b'_' || (i > 0 && b.is_ascii_digit()));
        if plain && !self.0.is_empty() && !is_reserved(&self.0) {
            f.write_str(&self.0)
        } else {
            write!(f, "\"{}\"", self.0.replace('"', "\"\""))
        }
    }
}

impl fmt::Debug for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Ident {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Ident {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl From<String> for Ident {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl From<&str> for Ident {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

/// A table, view, sequence or index with its schema. `Display` quotes it for SQL.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "[Ident; 2]", into = "[Ident; 2]")]
pub struct TableName {
    /// The schema (namespace) it lives in.
    pub schema: Ident,
    /// Its name within the schema.
    pub name: Ident,
}

impl TableName {
    /// Puts a schema and a name together.
    pub fn new(schema: impl Into<Ident>, name: impl Into<Ident>) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
        }
    }

    /// Another object in the same schema.
    pub fn sibling(&self, name: Ident) -> Self {
        Self {
            schema: self.schema.clone(),
            name,
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

impl fmt::Debug for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<TableName> for [Ident; 2] {
    fn from(table: TableName) -> Self {
        [table.schema, table.name]
    }
}

impl From<[Ident; 2]> for TableName {
    fn from([schema, name]: [Ident; 2]) -> Self {
        Self { schema, name }
    }
}

/// Quotes text as an SQL string literal.
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if text.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// A text between dollar quotes (manual, 4.1.2.4), with a tag that is not in it: for SQL inside
/// of SQL, where a literal would double every quote at every level.
pub fn dollar_quoted(text: &str) -> String {
    let tag = std::iter::once("$turnback$".to_owned())
        .chain((1..).map(|n| format!("$turnback{n}$")))
        .find(|tag| !text.contains(tag.trim_end_matches('$')))
        .expect("a text of finite length leaves out some number");
    format!("{tag}{text}{tag}")
}

/// Joins anything that prints into one comma-separated list.
pub fn list<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items
        .into_iter()
        .map(|item| item.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

/// Words that cannot stand unquoted as a column or table name: PostgreSQL's reserved key
/// words and those reserved except as function or type (manual, appendix C), over all
/// supported versions; quoting one word too many does no harm.
fn is_reserved(word: &str) -> bool {
    /// They stand in order, so that one can be looked up.
    static RESERVED: LazyLock<Vec<&str>> =
        LazyLock::new(|| WORDS.split_ascii_whitespace().collect());
    const WORDS: &str = " all analyse analyze and any array as asc asymmetric authorization \
        between bigint binary bit boolean both case cast char character check coalesce collate \
        collation column concurrently constraint create cross current_catalog current_date \
        current_role current_schema current_time current_timestamp current_user dec decimal \
        default deferrable desc distinct do else end except exists extract false fetch float for \
        foreign freeze from full grant greatest group grouping having ilike in initially inner \
        inout int integer intersect interval into is isnull join json_array json_arrayagg \
        json_exists json_object json_objectagg json_query json_scalar json_serialize json_table \
        json_value lateral leading least left like limit localtime localtimestamp merge_action \
        national natural nchar none normalize not notnull null nullif numeric offset on only or \
        order out outer overlaps overlay placing position precision primary real references \
        returning right row select session_user setof similar smallint some substring symmetric \
        system_user table tablesample then time timestamp to trailing treat trim true union \
        unique user using values varchar variadic verbose when where window with xmlattributes \
        xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot \
        xmlserialize xmltable ";
    // None of them has a digit; many names, ours among them, do, and are written often.
    !word.bytes().any(|byte| byte.is_ascii_digit()) && RESERVED.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_when_they_must_be() {
        assert_eq!(Ident::new("users").to_string(), "users");
        assert_eq!(Ident::new("Order").to_string(), "\"Order\"");
        assert_eq!(Ident::new("user").to_string(), "\"user\"");
        for reserved in ["all", "between", "order", "xmltable"] {
            assert_eq!(Ident::new(reserved).to_string(), format!("\"{reserved}\""));
        }
        assert_eq!(Ident::new("a\"b").to_string(), "\"a\"\"b\"");
        assert_eq!(
            TableName::new("public", "order").to_string(),
            "public.\"order\""
        );
    }

    #[test]
    fn long_names_that_share_a_beginning_stay_different_and_keep_their_mark() {
        let long = "x".repeat(62);
        let a = Ident::new(format!("{long}a")).new_shape();
        let b = Ident::new(format!("{long}b")).new_shape();
        assert!(a.as_str().len() <= MAX_IDENT_BYTES && a != b);
        assert!(a.is_aside() && b.is_aside());
        let umlaut = Ident::new("ü".repeat(31)).old_shape_of(&"phase".repeat(10));
        assert!(umlaut.as_str().len() <= MAX_IDENT_BYTES && umlaut.is_aside());
    }

    #[test]
    fn literals_survive_quotes_and_backslashes() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\b'"), "E'a\\\\b'''");
    }
}
