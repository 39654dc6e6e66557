//! What holds for every matrix and every situation.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use turnback_core::decision::{
    Action, Ask, By, Condition, Decision, Heard, Matrix, Otherwise, Row, Situation, decide,
    default_for, never_match,
};
use turnback_core::guard::{Level, Moment, Verdict};
use turnback_core::scope::{Scope, Standing, phases_to_turn_back};
use turnback_core::state::PhaseState;

const GUARDS: [&str; 3] = ["errors", "lag", "latency"];
const PHASES: [&str; 3] = ["first", "second", "third"];

fn some_of<T: Clone + std::fmt::Debug + 'static>(all: Vec<T>) -> impl Strategy<Value = Vec<T>> {
    let most = all.len();
    prop_oneof![
        2 => Just(vec![]),
        3 => subsequence(all, 1..=most),
    ]
}

fn names(all: [&str; 3]) -> impl Strategy<Value = Vec<String>> + use<> {
    some_of(all.map(str::to_owned).to_vec())
}

fn condition() -> impl Strategy<Value = Condition> {
    (
        names(GUARDS),
        some_of(Level::ALL.to_vec()),
        prop::option::of((1u64..5).prop_map(|tens| Duration::from_secs(10 * tens))),
        prop::option::of(1u32..4),
        names(PHASES),
        some_of(PhaseState::ALL.to_vec()),
    )
        .prop_map(
            |(guards, levels, lasting, at_once, phases, states)| Condition {
                guards,
                levels,
                lasting,
                at_once,
                phases,
                states,
            },
        )
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::Current),
        Just(Scope::Previous),
        Just(Scope::All),
        select(&PHASES[..]).prop_map(|phase| Scope::From(phase.to_owned())),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        scope().prop_map(|scope| Action::Rollback { scope }),
        (scope(), select(&Otherwise::ALL[..])).prop_map(|(scope, otherwise)| {
            Action::Ask(Ask {
                scope,
                deadline: Duration::from_secs(60),
                otherwise,
                who: vec![],
            })
        }),
        Just(Action::Hold),
        Just(Action::FixForward),
        Just(Action::Notify),
        Just(Action::Continue),
    ]
}

fn matrix() -> impl Strategy<Value = Matrix> {
    let row = (condition(), action(), any::<bool>()).prop_map(|(when, action, flags)| Row {
        when,
        disable_flags: flags && action != Action::Continue,
        action,
        line: None,
    });
    prop::collection::vec(row, 0..6).prop_map(|rows| Matrix { rows })
}

fn heard(guard: &'static str) -> impl Strategy<Value = Heard> {
    (
        select(&Level::ALL[..]),
        0u64..60,
        prop::collection::btree_map(select(&Level::ALL[..]), 0u64..60, 0..4),
    )
        .prop_map(move |(level, heard, away)| Heard {
            verdict: Verdict {
                guard: guard.to_owned(),
                at: Moment(0),
                level,
                since: Moment(0),
                value: None,
                object: None,
                because: String::new(),
            },
            heard_millis: heard * 1000,
            away_millis: away
                .into_iter()
                .filter(|(other, _)| *other != level)
                .map(|(other, seconds)| (other, seconds.min(heard) * 1000))
                .collect::<BTreeMap<_, _>>(),
        })
}

fn situation() -> impl Strategy<Value = Situation> {
    (
        heard(GUARDS[0]),
        heard(GUARDS[1]),
        heard(GUARDS[2]),
        prop::array::uniform3((select(&PhaseState::ALL[..]), any::<bool>())),
        select(&PHASES[..]),
    )
        .prop_map(|(a, b, c, standings, phase)| Situation {
            at: Moment(1_000_000),
            phase: phase.to_owned(),
            guards: vec![a, b, c],
            standings: PHASES
                .iter()
                .zip(standings)
                .map(|(phase, (state, irreversible))| Standing {
                    phase: (*phase).to_owned(),
                    state,
                    irreversible,
                })
                .collect(),
        })
}

fn decisions(matrix: &Matrix, situation: &Situation) -> Vec<Decision> {
    situation
        .guards
        .iter()
        .map(|about| decide(matrix, situation, about))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_first_row_that_fits_decides_and_every_situation_has_an_answer(
        matrix in matrix(), situation in situation()
    ) {
        for (about, decision) in situation.guards.iter().zip(decisions(&matrix, &situation)) {
            let fits = |row: &Row| row.when.mismatch(&situation, about).is_none();
            let said = match decision.by {
                By::Row { number, .. } => {
                    prop_assert!(!matrix.rows[..number - 1].iter().any(fits));
                    prop_assert!(fits(&matrix.rows[number - 1]));
                    matrix.rows[number - 1].action.clone()
                }
                By::Default | By::Canary => {
                    prop_assert!(!matrix.rows.iter().any(fits));
                    match matrix.about_to_fit(&situation, about) {
                        Some(_) if about.verdict.level == Level::Critical => Action::Hold,
                        _ => default_for(about.verdict.level),
                    }
                }
            };
            // It is done as it was said, or held with the reason.
            match &decision.instead_of {
                None => prop_assert_eq!(&decision.action, &said),
                Some(instead) => {
                    prop_assert_eq!(instead, &said);
                    prop_assert_eq!(&decision.action, &Action::Hold);
                    prop_assert!(decision.needs_person && decision.phases.is_empty());
                }
            }
        }
    }

    #[test]
    fn rows_after_the_one_that_fits_change_nothing(
        matrix in matrix(), more in matrix(), situation in situation()
    ) {
        let mut longer = matrix.clone();
        longer.rows.extend(more.rows);
        for (before, after) in decisions(&matrix, &situation).iter().zip(decisions(&longer, &situation)) {
            if before.by != By::Default {
                prop_assert_eq!(before, &after);
            }
        }
    }

    #[test]
    fn what_is_not_known_turns_nothing_back_and_does_not_go_on_unless_a_row_names_it(
        matrix in matrix(), situation in situation()
    ) {
        for decision in decisions(&matrix, &situation) {
            let named = match decision.by {
                By::Row { number, .. } => matrix.rows[number - 1].when.levels.contains(&decision.level),
                By::Default | By::Canary => false,
            };
            if matches!(decision.level, Level::NoData | Level::Error) && !named {
                prop_assert_eq!(decision.action, Action::Hold);
            }
        }
    }

    #[test]
    fn nothing_turns_back_that_no_row_says_and_only_what_can(
        matrix in matrix(), situation in situation()
    ) {
        for decision in decisions(&matrix, &situation) {
            let Action::Rollback { scope } = &decision.action else { continue };
            prop_assert_ne!(decision.by, By::Default);
            prop_assert_eq!(
                Ok(decision.phases.clone()),
                phases_to_turn_back(&situation.standings, scope)
            );
        }
    }

    #[test]
    fn the_record_of_a_decision_leads_to_the_same_decision(
        matrix in matrix(), situation in situation()
    ) {
        for decision in decisions(&matrix, &situation) {
            let record = serde_json::to_string(&decision).expect("it can be written");
            let read: Decision = serde_json::from_str(&record).expect("it can be read");
            let about = read.situation.heard(&read.guard).expect("it is about a guard");
            prop_assert_eq!(&decide(&matrix, &read.situation, about), &decision);
        }
    }

    #[test]
    fn a_row_that_is_said_never_to_fit_never_does(
        matrix in matrix(), situation in situation()
    ) {
        let guards = GUARDS.map(str::to_owned);
        let phases = PHASES.map(str::to_owned);
        let never: Vec<usize> = never_match(&matrix, &guards, &phases)
            .into_iter()
            .map(|found| found.row + 1)
            .collect();
        for decision in decisions(&matrix, &situation) {
            if let By::Row { number, .. } = decision.by {
                prop_assert!(!never.contains(&number), "row {}", number);
            }
        }
    }
}
