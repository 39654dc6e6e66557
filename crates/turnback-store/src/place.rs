//! Where a control store is: a file, or a PostgreSQL database.

use std::convert::Infallible;
use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use turnback_core::plan::Target as Url;

/// Where a control store is. Shown without what is secret.
#[derive(Clone, Debug, PartialEq)]
pub enum StorePlace {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database, which several controllers may share.
    Postgres(Url),
    /// A database of another kind, by its scheme. It is refused when it is opened, and not when it
    /// is read: whoever reads command lines repeats what was refused, with its password.
    Other(String),
}

impl StorePlace {
    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Postgres(_) | Self::Other(_) => None,
        }
    }
}

impl FromStr for StorePlace {
    type Err = Infallible;

    /// `postgres://…` is a database, what names no scheme is a file.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Self::Postgres(Url::new(text)),
            Some(("sqlite", path)) => Self::File(path.into()),
            Some((scheme, _)) => Self::Other(scheme.to_owned()),
            None => Self::File(text.into()),
        })
    }
}

impl From<&Path> for StorePlace {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl Display for StorePlace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Postgres(url) => f.write_str(&url.redacted()),
            Self::Other(scheme) => write!(f, "{scheme}://…"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_is_a_database_and_anything_else_a_file() {
        let place = |text: &str| text.parse::<StorePlace>();
        for file in ["a/b.db", "sqlite://a/b.db"] {
            assert_eq!(place(file), Ok(StorePlace::File("a/b.db".into())));
        }
        for scheme in ["postgres", "postgresql"] {
            let url = format!("{scheme}://db/control");
            assert_eq!(
                place(&url),
                Ok(StorePlace::Postgres(Url::new(url.as_str())))
            );
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let place: StorePlace = "postgres://me:hush@db:5433/control?x=hush".parse().unwrap();
        assert_eq!(place.to_string(), "postgres://db:5433/control");
        assert!(!format!("{place:?}").contains("hush"));
        let other: StorePlace = "mysql://me:hush@db/control".parse().unwrap();
        assert_eq!(other.to_string(), "mysql://…");
    }
}
