//! The time of statements on the phase's tables, from `pg_stat_statements`.

use sqlx::{AssertSqlSafe, Row};
use turnback_core::guard::{BuiltIn, Reading};
use turnback_core::name::{Ident, literal};

use super::failure::Failure;
use super::lane::Session;
use super::scope::ProbeScope;
use super::totals::{Counters, Totals};

/// The schema of the extension, where it is installed.
const EXTENSION: &str = "SELECT n.nspname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
     WHERE e.extname = 'pg_stat_statements'";

/// The mean time of all calls since the sample before, or of those of one role; no data where there
/// was none.
pub(super) async fn time(
    session: &mut Session<'_>,
    totals: &Totals,
    guard: &str,
    scope: &ProbeScope,
    role: Option<&str>,
) -> Result<Reading, Failure> {
    session.begin("").await?;
    let schema: Option<String> = sqlx::query_scalar(EXTENSION)
        .persistent(false)
        .fetch_optional(&mut **session)
        .await?;
    let Some(schema) = schema else {
        return Err(Failure::new(
            "pg_stat_statements is not installed in this database: put it into shared_preload_libraries, restart the server, \
             and run CREATE EXTENSION pg_stat_statements",
        ));
    };
    let rows = sqlx::query(AssertSqlSafe(question(&Ident::new(schema), scope, role)))
        .bind(&scope.schema)
        .persistent(false)
        .fetch_all(&mut **session)
        .await?;
    session.commit().await?;
    let mut now = Counters::new();
    for row in rows {
        let Some(key) = row.try_get::<Option<String>, _>(0)? else {
            return Err(Failure::new(
                "statements of other roles may not be seen: GRANT pg_read_all_stats to the role that turnback connects as",
            ));
        };
        now.insert(key, [row.try_get(1)?, row.try_get(2)?]);
    }
    let Some((_, before)) = totals.exchange(guard, BuiltIn::StatementTime, now.clone()) else {
        return Ok(Reading::NoData);
    };
    Ok(mean(&now, &before))
}

/// Calls and their time since then. A statement that the server had forgotten counts anew from 0.
fn mean(now: &Counters, before: &Counters) -> Reading {
    let (mut calls, mut seconds) = (0.0, 0.0);
    for (statement, [all, time]) in now {
        let [earlier, spent] = before
            .get(statement)
            .filter(|[earlier, _]| earlier <= all)
            .copied()
            .unwrap_or_default();
        calls += all - earlier;
        seconds += (time - spent).max(0.0);
    }
    if calls > 0.0 {
        Reading::single(seconds / calls)
    } else {
        Reading::NoData
    }
}

/// Rows of statement, calls and seconds; a row of null stands for those that may not be seen.
///
/// The text tells which tables a statement is on: no more is known of it. Statements of turnback's
/// own, and those that change tables rather than rows, are not the clients'.
fn question(schema: &Ident, scope: &ProbeScope, role: Option<&str>) -> String {
    let of_role = role.map_or_else(String::new, |role| {
        format!(
            "AND s.userid = (SELECT r.oid FROM pg_roles r WHERE r.rolname = {}) ",
            literal(role)
        )
    });
    let tables = if scope.program.tables.is_empty() {
        "(SELECT string_agg(regexp_replace(c.relname, '([^[:alnum:]_])', '\\\\\\1', 'g'), '|') FROM pg_class c \
          JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname = $1)"
            .to_owned()
    } else {
        let names: Vec<String> = scope
            .program
            .tables
            .iter()
            .map(|table| escaped(table.name.as_str()))
            .collect();
        literal(&names.join("|"))
    };
    format!(
        "SELECT CASE WHEN s.query = '<insufficient privilege>' THEN NULL \
           ELSE s.userid || ':' || s.queryid END AS statement, \
           sum(s.calls)::float8, (sum(s.total_exec_time) / 1000)::float8 \
         FROM {schema}.pg_stat_statements s \
         WHERE s.dbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) AND s.toplevel {of_role}\
         AND $1::text IS NOT NULL AND (s.query = '<insufficient privilege>' OR ( \
           s.query ~* ('(^|[^[:alnum:]_])(' || {tables} || ')($|[^[:alnum:]_])') \
           AND s.query !~* '(turnback|^[[:space:]]*(alter|create|drop|comment|grant|revoke|vacuum|analyze|reindex|cluster|refresh|truncate|lock|explain)[[:space:]])')) \
         GROUP BY 1"
    )
}

/// A name as a regular expression that matches it alone.
fn escaped(name: &str) -> String {
    let mut escaped = String::new();
    for character in name.chars() {
        if !character.is_alphanumeric() && character != '_' {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_over_the_calls_since_the_sample_before() {
        let counters = |list: &[(&str, f64, f64)]| -> Counters {
            list.iter()
                .map(|(name, calls, time)| ((*name).to_owned(), [*calls, *time]))
                .collect()
        };
        let before = counters(&[("a", 10.0, 1.0), ("b", 100.0, 5.0), ("gone", 1.0, 9.0)]);
        assert_eq!(mean(&before, &before), Reading::NoData, "no calls");
        // Ten calls of `a` in two seconds; `b` was forgotten meanwhile, and called twice since.
        let now = counters(&[("a", 20.0, 3.0), ("b", 2.0, 1.0), ("new", 3.0, 0.0)]);
        assert_eq!(mean(&now, &before), Reading::single(3.0 / 15.0));
    }

    #[test]
    fn a_name_matches_itself_alone() {
        assert_eq!(escaped("audit_logs"), "audit_logs");
        assert_eq!(escaped("a.b*"), "a\\.b\\*");
    }
}
