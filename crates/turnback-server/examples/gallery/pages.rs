//! Pages of what is at work, in every state.

use askama::Template;
use turnback_server::dashboard::view::*;

use super::frames::{Pages, broken, calm, lost, viewer};
use super::made_up::{ago, guards, idle, left, overview, shell, texts};

/// Adds each.
pub fn add_to(pages: &mut Pages) {
    // The overview.
    pages.add(
        "overview",
        OverviewPage {
            shell: shell(Place::Overview, "Overview"),
            view: Part::Ready(overview()),
        }
        .render(),
    );
    let mut back = overview();
    back.fills.clear();
    if let Some(run) = &mut back.run {
        run.what = "Turning back".into();
        run.doing =
            Some("Withdraw of users, step 2 of 5: drop the new columns of memberships".into());
        run.held = Some("cut-over waits: guard latency says critical".into());
    }
    back.phases[1].state = turnback_core::state::PhaseState::Withdrawing;
    back.phases[1].way_back = Some("turning back".into());
    back.phases[1].bake = None;
    back.phases[2].state = turnback_core::state::PhaseState::Expanded;
    pages.add(
        "overview-turning-back",
        OverviewPage {
            shell: Shell {
                notice: Some(Notice {
                    mark: Mark::Good,
                    said: "Asked for. Phase users is turned back; this page follows it.".into(),
                }),
                standing: Standing::new(
                    Mark::Warning,
                    "turning back",
                    "Phase users is being turned back.",
                ),
                waiting: 0,
                ..shell(Place::Overview, "Overview")
            },
            view: Part::Ready(back),
        }
        .render(),
    );
    pages.add(
        "overview-empty",
        OverviewPage {
            shell: calm(Place::Overview, "Overview"),
            view: Part::Ready(idle()),
        }
        .render(),
    );
    pages.add(
        "overview-loading",
        OverviewPage {
            shell: calm(Place::Overview, "Overview"),
            view: Part::Loading,
        }
        .render(),
    );
    pages.add(
        "overview-broken",
        OverviewPage {
            shell: lost(Place::Overview, "Overview"),
            view: Part::Broken(broken()),
        }
        .render(),
    );

    // Guards.
    pages.add(
        "guards",
        GuardsPage {
            shell: shell(Place::Guards, "Guards"),
            view: Part::Ready(guards()).into(),
        }
        .render(),
    );
    pages.add(
        "guards-empty",
        GuardsPage {
            shell: calm(Place::Guards, "Guards"),
            view: Part::Ready(Guards::default()).into(),
        }
        .render(),
    );

    // Risks.
    let risk = |number,
                title: &str,
                probability,
                impact,
                level: &str,
                now: Mark,
                word: &str,
                guards: &[(&str, Mark, &str)]| RiskRow {
        number,
        title: title.into(),
        probability,
        impact,
        level: level.into(),
        phases: "phase users".into(),
        mitigation: Some(
            "Cut over outside of the nightly export; the lock budget refuses to queue.".into(),
        ),
        owner: Some("dba".into()),
        now: Badge::new(now, word),
        guards: guards
            .iter()
            .map(|(name, mark, word)| ((*name).to_owned(), Badge::new(*mark, *word)))
            .collect(),
    };
    pages.add(
        "risks",
        RisksPage {
            shell: shell(Place::Risks, "Risks"),
            view: Part::Ready(Risks {
                risks: vec![
                    risk(
                        1,
                        "Queries get slower with wider keys",
                        3,
                        5,
                        "high",
                        Mark::Critical,
                        "critical",
                        &[("latency", Mark::Critical, "critical")],
                    ),
                    risk(
                        2,
                        "A standby falls behind while tables are filled",
                        4,
                        3,
                        "high",
                        Mark::Warning,
                        "warning",
                        &[("replication_lag", Mark::Warning, "warning")],
                    ),
                    risk(
                        3,
                        "An old client writes rows without a parent",
                        2,
                        5,
                        "medium",
                        Mark::Good,
                        "pass",
                        &[("orphans", Mark::Good, "pass")],
                    ),
                    risk(
                        4,
                        "The export job holds locks for minutes",
                        3,
                        3,
                        "medium",
                        Mark::Good,
                        "pass",
                        &[("lock_waits", Mark::Good, "pass")],
                    ),
                    risk(
                        5,
                        "A partner stores numbers and not texts",
                        2,
                        4,
                        "medium",
                        Mark::Unknown,
                        "no guard",
                        &[],
                    ),
                    risk(
                        6,
                        "Checkout fails for some",
                        1,
                        5,
                        "low",
                        Mark::Unknown,
                        "no data",
                        &[("checkout_errors", Mark::Unknown, "no data")],
                    ),
                ],
            }),
        }
        .render(),
    );
    pages.add(
        "risks-empty",
        RisksPage {
            shell: calm(Place::Risks, "Risks"),
            view: Part::Ready(Risks::default()),
        }
        .render(),
    );

    // Decisions.
    let question = || {
        OpenQuestion {
        number: 12,
        question: "Turn back phase users, or go on?".into(),
        because: "Guard latency says critical: 412 ms is beyond 300 ms in 3 of the last 5 samples. Normal before the phase were 138 ms. Row 2 of the matrix asks.".into(),
        asked: On(ago(112)),
        left: Some(left(788, 900)),
        without: "Without an answer, phase users is turned back.".into(),
        who: "on-call or dba".into(),
        if_back: "public shows the old shape again within a second; then the new columns of 7 tables are dropped.".into(),
        if_on: "Phase users stays cut over, and bakes on. You are not asked again about latency unless it passes for 5 min first.".into(),
        guards: vec![("latency".into(), Badge::new(Mark::Critical, "critical"))],
        facts: vec![Pair::new("bakes", "18 min more")],
        may_answer: true,
    }
    };
    let closed = |number, how: (Mark, &str), by: &str, why: &str| ClosedQuestion {
        number,
        question: "Turn back phase leaf-tables, or go on?".into(),
        asked: On(ago(90_000 * (13 - number as u64))),
        badge: Badge::new(how.0, how.1),
        by: by.into(),
        why: why.into(),
    };
    let closed = vec![
        closed(
            11,
            (Mark::Good, "went on"),
            "answered by dba after 2 min 10 s",
            "the spike is the nightly export",
        ),
        closed(
            10,
            (Mark::Warning, "turned back"),
            "nobody answered within 15 min",
            "",
        ),
    ];
    pages.add(
        "decisions",
        DecisionsPage {
            shell: shell(Place::Decisions, "Decisions"),
            view: Part::Ready(Decisions {
                open: vec![question()],
                closed: closed.clone(),
            }),
        }
        .render(),
    );
    pages.add(
        "decisions-viewer",
        DecisionsPage {
            shell: viewer(shell(Place::Decisions, "Decisions")),
            view: Part::Ready(Decisions {
                open: vec![OpenQuestion {
                    may_answer: false,
                    left: Some(left(40, 900)),
                    ..question()
                }],
                closed,
            }),
        }
        .render(),
    );
    pages.add(
        "decisions-empty",
        DecisionsPage {
            shell: calm(Place::Decisions, "Decisions"),
            view: Part::Ready(Decisions::default()),
        }
        .render(),
    );
    pages.add(
        "answer",
        AnswerPage {
            shell: shell(Place::Decisions, "Question 12"),
            view: Part::Ready(question()),
            wrong: None,
            reason: String::new(),
        }
        .render(),
    );
    pages.add(
        "answer-wrong",
        AnswerPage {
            shell: shell(Place::Decisions, "Question 12"),
            view: Part::Ready(question()),
            wrong: Some("Say why: it is what people read afterwards.".into()),
            reason: String::new(),
        }
        .render(),
    );

    // The way back.
    let choices = |chosen: &str| {
        [
            ("current", "The current phase", "channels"),
            (
                "previous",
                "The current phase and the one before it",
                "channels, then users",
            ),
            (
                "users",
                "Phase users and all after it",
                "channels, then users",
            ),
            (
                "all",
                "All phases",
                "phase leaf-tables is contracted: its old shape is gone",
            ),
        ]
        .map(|(scope, label, phases)| Choice {
            scope: scope.into(),
            label: label.into(),
            phases: phases.into(),
            chosen: scope == chosen,
            possible: scope != "all",
        })
        .to_vec()
    };
    let statement = Statement {
        phases: vec![
            TurnedPhase {
                id: "channels".into(),
                badge: Badge::new(Mark::Busy, "expanding"),
                changes: "channels, channel_members: the new columns go".into(),
            },
            TurnedPhase {
                id: "users".into(),
                badge: Badge::new(Mark::Good, "cut over"),
                changes: "7 tables: names and constraints are swapped back".into(),
            },
        ],
        cost: vec![
            Pair::new("rows read", "none: catalog only"),
            Pair::new(
                "locks",
                "one transaction on 7 tables; no client waits longer than 100 ms for it",
            ),
            Pair::new("last time", "cut-over held them 64 ms"),
            Pair::new(
                "afterwards",
                "the two shapes are compared, then the new one is dropped: online",
            ),
            Pair::new("objective", "2 min in all, database 1 s"),
        ],
        consequences: texts(&[
            "Clients with search_path = public_users lose their schema once the new shape is dropped.",
            "UUIDs that clients were given mean nothing any more; the numbers beside them do.",
            "What was filled for channels (412,880 pages) is to be filled again next time.",
        ]),
        stays: texts(&[
            "Every acknowledged write stays, through whichever shape it came.",
            "Phase leaf-tables stays contracted.",
        ]),
        around: texts(&[
            "confirm that it is possible",
            "maintenance on: hook status-page",
            "tell: #deploys, on-call",
            "database back",
            "drop the new shape",
            "validate",
            "maintenance off: hook status-page",
        ]),
    };
    let way = |chosen, statement| WayBack {
        choices: choices(chosen),
        statement,
        command: format!("turnback back --scope {chosen}"),
        at_work: None,
    };
    pages.add(
        "back",
        WayBackPage {
            shell: shell(Place::WayBack, "Turn back"),
            view: Part::Ready(way("previous", Ok(statement.clone()))),
            wrong: None,
            reason: String::new(),
        }
        .render(),
    );
    pages.add(
        "back-viewer",
        WayBackPage {
            shell: viewer(shell(Place::WayBack, "Turn back")),
            view: Part::Ready(way("previous", Ok(statement))),
            wrong: None,
            reason: String::new(),
        }
        .render(),
    );
    pages.add(
        "back-empty",
        WayBackPage {
            shell: calm(Place::WayBack, "Turn back"),
            view: Part::Ready(WayBack {
                choices: vec![],
                statement: Err("Nothing to turn back: no phase has gone forward.".into()),
                command: "turnback back".into(),
                at_work: None,
            }),
            wrong: None,
            reason: String::new(),
        }
        .render(),
    );

    // Forward and contract.
    pages.add("up", ActPage { shell: calm(Place::Elsewhere, "Go forward"), view: Part::Ready(Act { path: "/up", said: texts(&["Phases users and channels are expanded, cut over and watched, one after the other. Clients read and write all the while."]), cost: vec![Pair::new("locks", "no client waits longer than 100 ms for one")], grave: vec![], to: vec![("".into(), "all phases".into()), ("users".into(), "users".into())], fields: vec![Field { name: "expand_only", label: "Expand only", about: "Stop where both shapes live, before the cut-over.", required: false }], button: "Go forward".into(), command: "turnback up".into(),
                found: vec![
                    Found {
                        badge: Badge::new(Mark::Warning, "warning"),
                        what: "public.channels: a transaction has been open for 14 min".into(),
                        remedy: "End it, or wait: the cut-over lets it go first.".into(),
                    },
                    Found {
                        badge: Badge::new(Mark::Idle, "note"),
                        what: "pg_stat_statements: is not installed".into(),
                        remedy: String::new(),
                    },
                ], refused: None }), wrong: None, reason: String::new() }.render());
    pages.add("contract", ActPage { shell: calm(Place::Elsewhere, "Contract"), view: Part::Ready(Act { path: "/contract", said: texts(&["The old shape of phase users is given up: keys are archived, then old columns and triggers are dropped."]), cost: vec![], grave: texts(&["Afterwards there is no instant way back: only a backup, or a conversion back from the key archive."]), to: vec![], fields: vec![Field { name: "sure", label: "The old shape may go", about: "Nobody reads or writes it any more.", required: true }], button: "Give up the old shape of users".into(), command: "turnback contract --to users".into(),
                found: vec![], refused: None }), wrong: Some("Say why: it is what people read afterwards.".into()), reason: String::new() }.render());

    // Incidents.
}
