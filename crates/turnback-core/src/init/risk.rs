//! What is risky about a phase, as one number: probability of trouble times its impact.

pub use crate::risk::Level;

/// What the score is made from: all of it known before anything runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Bytes that the phase rewrites.
    pub bytes: u64,
    /// Tables that its cut-over locks at once.
    pub tables: usize,
    /// Rows written per second to these tables, where known.
    pub writes_per_second: Option<f64>,
    /// Tables that reference themselves or one another.
    pub in_cycles: usize,
    /// Foreign keys of several columns of which some may be null.
    pub nullable_composites: usize,
    /// Triggers on the tables.
    pub triggers: usize,
    /// Views that read the converted columns.
    pub views: usize,
}

/// A score with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risk {
    /// Probability (1 to 5) times impact (1 to 5).
    pub score: u8,
    /// What the score means.
    pub level: Level,
    /// One short reason for each rule that raised it.
    pub because: Vec<String>,
}

/// Scores a phase.
///
/// Probability starts at 1 and rises with what makes a lock hard to get or a row hard to
/// carry: writes (50 a second: 1, 1,000: 2), cycles, composite keys with nulls, triggers,
/// views (1 each). Impact starts at 1 and rises with what is felt when it goes wrong: bytes
/// (1 GB: 1, 10 GB: 2, 100 GB: 3) and tables that one cut-over locks (5: 1, 15: 2).
/// Each stops at 5.
pub fn assess(facts: &Facts) -> Risk {
    const GB: u64 = 1 << 30;
    let mut because = Vec::new();
    let mut rise = |by: u8, reason: String| {
        if by > 0 {
            because.push(reason);
        }
        by
    };

    let mut impact = 1;
    impact += rise(
        steps(facts.bytes, &[GB, 10 * GB, 100 * GB]),
        format!("{} to rewrite", crate::human::human_bytes(facts.bytes)),
    );
    impact += rise(
        steps(facts.tables as u64, &[5, 15]),
        format!("one cut-over locks {} tables", facts.tables),
    );

    let writes = facts.writes_per_second.unwrap_or(0.0);
    let mut probability = 1;
    // A float to an integer saturates; a rate beyond that is high enough.
    probability += rise(
        steps(writes as u64, &[50, 1_000]),
        format!("{} are written meanwhile", super::units::rate(writes)),
    );
    probability += rise(
        u8::from(facts.in_cycles > 0),
        match facts.in_cycles {
            1 => "a table that references itself is filled in two passes".to_owned(),
            n => format!("{n} tables in a cycle are filled in two passes"),
        },
    );
    probability += rise(
        u8::from(facts.nullable_composites > 0),
        "foreign keys of several columns that may be null in part".to_owned(),
    );
    probability += rise(
        u8::from(facts.triggers > 0),
        super::units::count(
            facts.triggers,
            "trigger of your own fires",
            "triggers of your own fire",
        ),
    );
    probability += rise(
        u8::from(facts.views > 0),
        super::units::count(facts.views, "view depends on it", "views depend on it"),
    );

    let score = probability.min(5) * impact.min(5);
    Risk {
        score,
        level: Level::of(score),
        because,
    }
}

/// How many of the thresholds are reached.
fn steps(value: u64, thresholds: &[u64]) -> u8 {
    thresholds.iter().map(|&t| u8::from(value >= t)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_quiet_table_is_of_minimal_risk_and_needs_no_reason() {
        let risk = assess(&Facts {
            tables: 1,
            ..Facts::default()
        });
        assert_eq!((risk.score, risk.level), (1, Level::Minimal));
        assert!(risk.because.is_empty());
    }

    #[test]
    fn the_worst_of_everything_stops_at_twenty_five() {
        let risk = assess(&Facts {
            bytes: u64::MAX,
            tables: 500,
            writes_per_second: Some(f64::INFINITY),
            in_cycles: 3,
            nullable_composites: 1,
            triggers: 2,
            views: 9,
        });
        assert_eq!((risk.score, risk.level), (25, Level::Severe));
        assert_eq!(risk.because.len(), 7, "{:?}", risk.because);
    }

    #[test]
    fn more_of_anything_never_lowers_the_score() {
        let mut last = 0;
        for power in 0..45 {
            let facts = Facts {
                bytes: 1 << power,
                tables: 6,
                writes_per_second: Some(60.0),
                ..Facts::default()
            };
            let risk = assess(&facts);
            assert!(risk.score >= last);
            last = risk.score;
        }
        assert_eq!(last, 10);
    }
}
