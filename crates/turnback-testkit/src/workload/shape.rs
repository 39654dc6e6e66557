//! Which version of the tables a writer sees: a matter of its `search_path` alone.

use std::fmt;

/// The version of the tables that a client works on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// The shape before the change: `search_path = public_base, public`. Before the cut-over
    /// there is no `public_base`, and `public` is the old shape.
    Old,
    /// The shape after the change, in a version schema.
    New {
        /// The version schema, for example `public_users`.
        schema: String,
    },
    /// Whatever `public` shows: changes at the cut-over.
    Public,
}

impl Shape {
    /// The new shape in a version schema.
    pub fn new_in(schema: impl Into<String>) -> Self {
        Self::New {
            schema: schema.into(),
        }
    }

    /// Value for `search_path`.
    pub fn search_path(&self) -> String {
        match self {
            Self::Old => "public_base, public".to_owned(),
            Self::New { schema } => format!("\"{}\", public", schema.replace('"', "\"\"")),
            Self::Public => "public".to_owned(),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Old => f.write_str("the old shape"),
            Self::New { schema } => write!(f, "the new shape ({schema})"),
            Self::Public => f.write_str("public"),
        }
    }
}
