//! From a guard of the canary to what is measured of one of the two groups.

use super::{Compare, Side, ToldBy};
use crate::guard::{BuiltIn, Guard, HttpProbe, Probe};
use crate::name::literal;
use crate::secret::Address;

/// What stands in a probe for the group: what tells it apart, quoted as its language has it.
pub const GROUP: &str = "{group}";

/// How a probe can be asked about one group alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupedBy {
    /// Its text names the group.
    Text,
    /// It looks at sessions, which PostgreSQL tells apart by role and `application_name`.
    Sessions,
    /// It looks at what PostgreSQL counts by role.
    Roles,
    /// Not at all.
    Nothing,
}

/// How a probe can be asked about one group alone.
pub fn grouped_by(probe: &Probe) -> GroupedBy {
    let named = match probe {
        Probe::BuiltIn(BuiltIn::Connections | BuiltIn::LongestTransaction | BuiltIn::LockWaits) => {
            return GroupedBy::Sessions;
        }
        Probe::BuiltIn(BuiltIn::StatementTime) => return GroupedBy::Roles,
        Probe::BuiltIn(_) | Probe::OfRole(..) => false,
        Probe::Sql(sql) => sql.contains(GROUP),
        Probe::Prometheus { query, .. } => query.contains(GROUP),
        Probe::Http(http) => http.url.expose_secret().contains(GROUP),
        Probe::Alertmanager { labels, .. } => labels.values().any(|value| value.contains(GROUP)),
        Probe::Command { run, .. } => run.iter().any(|argument| argument.contains(GROUP)),
    };
    if named {
        GroupedBy::Text
    } else {
        GroupedBy::Nothing
    }
}

/// The guard as it measures one group, under the name of that group's samples.
pub fn of_side(guard: &Guard, compare: &Compare, side: Side) -> Guard {
    let value = compare.value(side);
    let fill = |text: &str, quoted: &str| text.replace(GROUP, quoted);
    let probe = match &guard.probe {
        Probe::BuiltIn(probe @ BuiltIn::StatementTime) if compare.by == ToldBy::Role => {
            Probe::OfRole(*probe, value.to_owned())
        }
        Probe::BuiltIn(probe) => sessions(*probe, compare.by, value),
        Probe::OfRole(probe, role) => Probe::OfRole(*probe, role.clone()),
        Probe::Sql(sql) => Probe::Sql(fill(sql, &literal(value))),
        Probe::Prometheus { url, query } => Probe::Prometheus {
            url: url.clone(),
            query: fill(query, &promql(value)),
        },
        Probe::Http(http) => Probe::Http(HttpProbe {
            url: Address::new(fill(http.url.expose_secret(), &percent(value))),
            ..http.clone()
        }),
        Probe::Alertmanager { url, labels } => Probe::Alertmanager {
            url: url.clone(),
            labels: labels
                .iter()
                .map(|(name, text)| (name.clone(), fill(text, value)))
                .collect(),
        },
        Probe::Command { run, number } => Probe::Command {
            run: run.iter().map(|argument| fill(argument, value)).collect(),
            number: *number,
        },
    };
    Guard {
        name: side.sampled_as(&guard.name),
        probe,
        ..guard.clone()
    }
}

/// A built-in probe of sessions, of one group's alone. No value where the group has no session, or
/// where what they are at may not be seen: neither is a healthy sample.
fn sessions(probe: BuiltIn, by: ToldBy, value: &str) -> Probe {
    let column = match by {
        ToldBy::ApplicationName => "application_name",
        ToldBy::Role => "usename",
        ToldBy::Label => return Probe::BuiltIn(probe),
    };
    let measured = match probe {
        BuiltIn::Connections => "count(*) / current_setting('max_connections')::float8",
        BuiltIn::LongestTransaction => {
            "coalesce(greatest(max(extract(epoch FROM clock_timestamp() - a.xact_start)), 0), 0)"
        }
        BuiltIn::LockWaits => {
            "count(*) FILTER (WHERE EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.pid = a.pid AND NOT l.granted))"
        }
        _ => return Probe::BuiltIn(probe),
    };
    Probe::Sql(format!(
        "SELECT CASE WHEN count(*) > 0 AND bool_and(a.backend_type IS NOT NULL) THEN {measured} END::float8 \
         FROM pg_catalog.pg_stat_activity a \
         WHERE a.datname = current_database() AND a.{column} = {}",
        literal(value)
    ))
}

/// A string of PromQL (Prometheus manual, “String literals”), in double quotes.
fn promql(value: &str) -> String {
    let escaped = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("\"{escaped}\"")
}

/// Part of a URL (RFC 3986, 2.3): all but unreserved characters are encoded.
fn percent(value: &str) -> String {
    let mut encoded = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_a_group_apart_is_quoted_as_each_language_has_it() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(promql("a\"b\\c"), r#""a\"b\\c""#);
        assert_eq!(percent("chat v2/ü"), "chat%20v2%2F%C3%BC");
    }

    #[test]
    fn sessions_are_told_apart_by_what_postgresql_knows_of_them() {
        let Probe::Sql(sql) = sessions(BuiltIn::LockWaits, ToldBy::Role, "o'neil") else {
            panic!("it is a query");
        };
        assert!(sql.contains("a.usename = 'o''neil'"), "{sql}");
        let Probe::Sql(sql) = sessions(BuiltIn::Connections, ToldBy::ApplicationName, "v2") else {
            panic!("it is a query");
        };
        assert!(sql.contains("a.application_name = 'v2'"), "{sql}");
        let label = sessions(BuiltIn::LockWaits, ToldBy::Label, "v2");
        assert_eq!(label, Probe::BuiltIn(BuiltIn::LockWaits));
    }
}
