//! Which kind of dump a file is: told by what is in it, never by its name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Kinds of dumps, and so which tool restores them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// `pg_dump --format=directory`: for `pg_restore`.
    Directory,
    /// `pg_dump --format=custom`: for `pg_restore`.
    Custom,
    /// `pg_dump --format=tar`: for `pg_restore`.
    Tar,
    /// SQL as text: for `psql`.
    Sql,
    /// SQL as text, compressed by gzip: for `psql`, behind `gzip`.
    SqlGzip,
    /// `pg_dumpall`: a whole cluster as SQL; it is not for one database.
    Cluster,
}

impl Format {
    /// The tool that restores it; none where it is not one database.
    pub fn tool(self) -> Option<&'static str> {
        match self {
            Self::Directory | Self::Custom | Self::Tar => Some("pg_restore"),
            Self::Sql | Self::SqlGzip => Some("psql"),
            Self::Cluster => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "directory",
            Self::Custom => "custom",
            Self::Tar => "tar",
            Self::Sql => "SQL",
            Self::SqlGzip => "SQL, compressed",
            Self::Cluster => "SQL of a whole cluster",
        })
    }
}

/// The signature of pg_dump's custom format (`pg_backup_custom.c`), and of a `toc.dat`.
const ARCHIVE: &[u8] = b"PGDMP";
/// The first member of a tar-format dump (`pg_backup_tar.c`).
const TAR_MEMBER: &[u8] = b"toc.dat\0";
/// Where a tar file says that it is one (POSIX.1-1988, ustar).
const TAR_MAGIC: usize = 257;
const GZIP: &[u8] = &[0x1f, 0x8b];
/// A cluster's dump says so in its second line (`pg_dumpall.c`).
const CLUSTER: &str = "-- PostgreSQL database cluster dump";

/// Recognises a dump by its beginning (a few thousand bytes are enough). `toc` is the beginning
/// of the file `toc.dat` where a directory was named. None for what is no dump.
pub fn recognise(beginning: &[u8], toc: Option<&[u8]>) -> Option<Format> {
    if let Some(toc) = toc {
        return toc.starts_with(ARCHIVE).then_some(Format::Directory);
    }
    if beginning.starts_with(ARCHIVE) {
        return Some(Format::Custom);
    }
    if beginning.starts_with(TAR_MEMBER)
        && beginning
            .get(TAR_MAGIC..)
            .is_some_and(|rest| rest.starts_with(b"ustar"))
    {
        return Some(Format::Tar);
    }
    if beginning.starts_with(GZIP) {
        return Some(Format::SqlGzip);
    }
    let text = beginning_as_text(beginning)?;
    if text.lines().any(|line| line == CLUSTER) {
        return Some(Format::Cluster);
    }
    text.lines()
        .find_map(is_sql)
        .unwrap_or(false)
        .then_some(Format::Sql)
}

/// The beginning as text; a character may be cut at its end.
fn beginning_as_text(bytes: &[u8]) -> Option<&str> {
    if bytes.contains(&0) {
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

/// Whether a line begins SQL: none for lines that do not tell (blank ones and comments).
fn is_sql(line: &str) -> Option<bool> {
    const BEGINNINGS: [&str; 16] = [
        "alter", "begin", "comment", "copy", "create", "delete", "do", "drop", "grant", "insert",
        "reset", "revoke", "select", "set", "truncate", "update",
    ];
    let line = line.trim_start();
    if line.is_empty() || line.starts_with("--") {
        return None;
    }
    if line.starts_with("/*") || line.starts_with("\\restrict ") {
        return Some(true);
    }
    let word: String = line.chars().take_while(char::is_ascii_alphabetic).collect();
    Some(BEGINNINGS.contains(&word.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar() -> Vec<u8> {
        let mut bytes = b"toc.dat\0".to_vec();
        bytes.resize(TAR_MAGIC, b'0');
        bytes.extend_from_slice(b"ustar\x0000");
        bytes
    }

    #[test]
    fn each_kind_is_told_by_its_beginning() {
        assert_eq!(recognise(b"", Some(b"PGDMP\x01")), Some(Format::Directory));
        assert_eq!(recognise(b"PGDMP\x01\x0e", None), Some(Format::Custom));
        assert_eq!(recognise(&tar(), None), Some(Format::Tar));
        assert_eq!(recognise(b"\x1f\x8b\x08", None), Some(Format::SqlGzip));
        let sql =
            b"--\n-- PostgreSQL database dump\n--\n\n\\restrict x\nSET statement_timeout = 0;\n";
        assert_eq!(recognise(sql, None), Some(Format::Sql));
        assert_eq!(
            recognise("insert into t values ('ü');".as_bytes(), None),
            Some(Format::Sql)
        );
        let cluster = b"--\n-- PostgreSQL database cluster dump\n--\nSET x = 0;";
        assert_eq!(recognise(cluster, None), Some(Format::Cluster));
    }

    #[test]
    fn what_is_no_dump_is_not_taken_for_one() {
        assert_eq!(recognise(b"", None), None);
        assert_eq!(recognise(b"-- nothing but a comment\n", None), None);
        assert_eq!(recognise(b"Dear reader,\nselect what you like", None), None);
        assert_eq!(recognise(b"\x7fELF\0\0", None), None);
        assert_eq!(recognise(b"", Some(b"something else")), None);
    }

    #[test]
    fn no_kind_goes_to_the_wrong_tool() {
        for format in [Format::Directory, Format::Custom, Format::Tar] {
            assert_eq!(format.tool(), Some("pg_restore"));
        }
        assert_eq!(Format::Sql.tool(), Some("psql"));
        assert_eq!(Format::Cluster.tool(), None);
    }

    #[test]
    fn a_character_that_is_cut_in_two_does_not_hide_the_sql_before_it() {
        let text = "SELECT 'ü".as_bytes();
        assert_eq!(recognise(&text[..text.len() - 1], None), Some(Format::Sql));
    }
}
