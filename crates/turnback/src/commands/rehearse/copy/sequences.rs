//! Sequences go on where the target's are, and never give a value that is there already.

use sqlx::PgConnection;
use turnback_core::name::literal;

use super::{Sequence, run};
use crate::commands::rehearse::failed;
use crate::failure::Failure;

/// Sets them to the target's last values, where the role may see those.
pub(super) async fn set(to: &mut PgConnection, sequences: &[Sequence]) -> Result<(), Failure> {
    for sequence in sequences {
        if let Some(last) = sequence.last {
            let name = literal(&sequence.name.to_string());
            run(to, &format!("SELECT setval({name}, {last})"))
                .await
                .map_err(|error| failed("setting sequences", error))?;
        }
    }
    Ok(())
}

/// Sets them past every value of the column that they feed.
pub(super) async fn catch_up(to: &mut PgConnection, sequences: &[Sequence]) -> Result<(), Failure> {
    for sequence in sequences {
        let Some((schema, table, column)) = &sequence.column else {
            continue;
        };
        let name = literal(&sequence.name.to_string());
        let sql = format!(
            "SELECT setval({name}, most) FROM (SELECT max({column})::bigint AS most FROM {schema}.{table}) t \
             WHERE most > coalesce(pg_catalog.pg_sequence_last_value({name}::regclass), 0)"
        );
        run(to, &sql)
            .await
            .map_err(|error| failed("setting sequences", error))?;
    }
    Ok(())
}
