//! A dump as SQL, looked through before `psql` sees it: some commands would not stay in the
//! database that it is meant for.

use std::fmt;

/// Why a dump must not be given to `psql`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It connects to another database: `\connect`.
    Connects {
        /// The line, from 1.
        line: u64,
    },
    /// It runs commands of the shell or reads and writes files.
    ReachesOut {
        /// The line, from 1.
        line: u64,
        /// The command.
        command: String,
    },
    /// It creates or drops a database.
    OtherDatabase {
        /// The line, from 1.
        line: u64,
    },
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connects { line } => write!(
                f,
                "line {line} connects to a database by its name (`pg_dump --create` writes that), and what follows would go there"
            ),
            Self::ReachesOut { line, command } => write!(
                f,
                "line {line} has the command `{command}`, which reaches out of the database"
            ),
            Self::OtherDatabase { line } => {
                write!(
                    f,
                    "line {line} creates or drops a database (`pg_dump --create` writes that)"
                )
            }
        }
    }
}

/// Looks through a dump line by line.
///
/// `psql` takes a backslash at the beginning of a line for a command of its own everywhere but
/// in the rows of a `COPY`, where it comes as `\.`, `\N`, `\\` and a few letters for control
/// characters; inside of quotes it does not look, so that a function's body may be refused
/// here without need, and nothing that matters let through.
#[derive(Debug, Default)]
pub struct ScriptScan {
    line: u64,
    in_rows: bool,
}

impl ScriptScan {
    /// Looks at the next line, without its end.
    ///
    /// # Errors
    ///
    /// When the dump must not be given to `psql`.
    pub fn line(&mut self, text: &[u8]) -> Result<(), Refused> {
        self.line += 1;
        let line = self.line;
        if self.in_rows {
            self.in_rows = text != b"\\.";
            return Ok(());
        }
        if let Some(rest) = text.trim_ascii_start().strip_prefix(b"\\") {
            let word: String = rest
                .iter()
                .take_while(|byte| !byte.is_ascii_whitespace())
                .map(|byte| char::from(*byte))
                .collect();
            return match word.as_str() {
                // What pg_dump writes, and what changes nothing but the output.
                "restrict" | "unrestrict" | "." | "echo" | "qecho" | "timing" | "encoding"
                | "unset" | "" => Ok(()),
                "connect" | "c" => Err(Refused::Connects { line }),
                _ => Err(Refused::ReachesOut {
                    line,
                    command: format!("\\{word}"),
                }),
            };
        }
        let starts = |word: &str| {
            text.get(..word.len())
                .is_some_and(|beginning| beginning.eq_ignore_ascii_case(word.as_bytes()))
        };
        if starts("CREATE DATABASE ") || starts("DROP DATABASE ") {
            return Err(Refused::OtherDatabase { line });
        }
        self.in_rows = starts("COPY ") && text.trim_ascii_end().ends_with(b"FROM stdin;");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(text: &str) -> Result<(), Refused> {
        let mut scan = ScriptScan::default();
        text.lines().try_for_each(|line| scan.line(line.as_bytes()))
    }

    #[test]
    fn what_pg_dump_writes_is_let_through() {
        let dump = "\\restrict abc\nSET x = 0;\nCOPY public.t (a) FROM stdin;\n\\N\n\\\\connect\nDROP DATABASE shop\n\\.\nSELECT 1;\n\\unrestrict abc\n";
        assert_eq!(scanned(dump), Ok(()));
    }

    #[test]
    fn a_dump_never_leads_into_another_database() {
        assert_eq!(
            scanned("SET x = 0;\n\\connect shop\n"),
            Err(Refused::Connects { line: 2 })
        );
        assert_eq!(scanned("\\c shop"), Err(Refused::Connects { line: 1 }));
        assert_eq!(
            scanned("create database shop WITH TEMPLATE = template0;"),
            Err(Refused::OtherDatabase { line: 1 })
        );
    }

    #[test]
    fn a_dump_never_runs_commands_of_the_shell() {
        for command in ["\\!", "\\i", "\\o", "\\copy", "\\gexec", "\\set"] {
            assert_eq!(
                scanned(&format!("{command} x")),
                Err(Refused::ReachesOut {
                    line: 1,
                    command: command.to_owned()
                })
            );
        }
    }
}
