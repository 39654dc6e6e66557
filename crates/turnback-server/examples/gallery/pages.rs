//! Every page in every state.

use askama::Template;
use turnback_core::incident::report;
use turnback_server::dashboard::view::*;

use super::made_up::{NOW, ago, guard, guards, idle, left, overview, shell, texts};

/// Every page with its name.
pub fn all() -> Vec<(String, String)> {
    let mut pages = vec![];
    let mut add = |name: &str, page: Result<String, askama::Error>| {
        pages.push((
            name.to_owned(),
            page.expect("templates render made-up data"),
        ));
    };
    let calm = |here, title| Shell {
        standing: Standing::new(Mark::Idle, "idle", "Nothing is at work."),
        waiting: 0,
        can_turn_back: false,
        ..shell(here, title)
    };
    let lost = |here, title| Shell {
        standing: Standing::new(
            Mark::Unknown,
            "unknown",
            "The database does not answer since 20:11:40.",
        ),
        troubles: texts(&[
            "The database does not answer since 20:11:40: connection refused. What stands here is from before; it is asked again every 5 s.",
        ]),
        ..shell(here, title)
    };
    let broken = || {
        Broken {
        what: "The control store cannot be read: the disk is full.".into(),
        safe: "The database is as it was: where it stands is kept in itself, and every way back still works.".into(),
        next: "Make room on the disk of turnback.db; this page comes back by itself.".into(),
    }
    };

    // The overview.
    add(
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
    add(
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
    add(
        "overview-empty",
        OverviewPage {
            shell: calm(Place::Overview, "Overview"),
            view: Part::Ready(idle()),
        }
        .render(),
    );
    add(
        "overview-loading",
        OverviewPage {
            shell: calm(Place::Overview, "Overview"),
            view: Part::Loading,
        }
        .render(),
    );
    add(
        "overview-broken",
        OverviewPage {
            shell: lost(Place::Overview, "Overview"),
            view: Part::Broken(broken()),
        }
        .render(),
    );

    // Guards.
    add(
        "guards",
        GuardsPage {
            shell: shell(Place::Guards, "Guards"),
            view: Part::Ready(guards()),
        }
        .render(),
    );
    add(
        "guards-empty",
        GuardsPage {
            shell: calm(Place::Guards, "Guards"),
            view: Part::Ready(Guards::default()),
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
        owner: Some("mara".into()),
        now: Badge::new(now, word),
        guards: guards
            .iter()
            .map(|(name, mark, word)| ((*name).to_owned(), Badge::new(*mark, *word)))
            .collect(),
    };
    add(
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
    add(
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
        who: "mara or jon".into(),
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
            "answered by jon after 2 min 10 s",
            "the spike is the nightly export",
        ),
        closed(
            10,
            (Mark::Warning, "turned back"),
            "nobody answered within 15 min",
            "",
        ),
    ];
    add(
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
    add(
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
    add(
        "decisions-empty",
        DecisionsPage {
            shell: calm(Place::Decisions, "Decisions"),
            view: Part::Ready(Decisions::default()),
        }
        .render(),
    );
    add(
        "answer",
        AnswerPage {
            shell: shell(Place::Decisions, "Question 12"),
            view: Part::Ready(question()),
            wrong: None,
            reason: String::new(),
        }
        .render(),
    );
    add(
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
    add(
        "back",
        WayBackPage {
            shell: shell(Place::WayBack, "Turn back"),
            view: Part::Ready(way("previous", Ok(statement.clone()))),
            wrong: None,
            reason: String::new(),
        }
        .render(),
    );
    add(
        "back-viewer",
        WayBackPage {
            shell: viewer(shell(Place::WayBack, "Turn back")),
            view: Part::Ready(way("previous", Ok(statement))),
            wrong: None,
            reason: String::new(),
        }
        .render(),
    );
    add(
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
    add("up", ActPage { shell: calm(Place::Elsewhere, "Go forward"), view: Part::Ready(Act { path: "/up", said: texts(&["Phases users and channels are expanded, cut over and watched, one after the other. Clients read and write all the while."]), cost: vec![Pair::new("locks", "no client waits longer than 100 ms for one")], grave: vec![], to: vec![("".into(), "all phases".into()), ("users".into(), "users".into())], fields: vec![Field { name: "expand_only", label: "Expand only", about: "Stop where both shapes live, before the cut-over.", required: false }], button: "Go forward".into(), command: "turnback up".into(),
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
    add("contract", ActPage { shell: calm(Place::Elsewhere, "Contract"), view: Part::Ready(Act { path: "/contract", said: texts(&["The old shape of phase users is given up: keys are archived, then old columns and triggers are dropped."]), cost: vec![], grave: texts(&["Afterwards there is no instant way back: only a backup, or a conversion back from the key archive."]), to: vec![], fields: vec![Field { name: "sure", label: "The old shape may go", about: "Nobody reads or writes it any more.", required: true }], button: "Give up the old shape of users".into(), command: "turnback contract --to users".into(),
                found: vec![], refused: None }), wrong: Some("Say why: it is what people read afterwards.".into()), reason: String::new() }.render());

    // Incidents.
    let row = |number, title: &str, badge: (Mark, &str), took: &str| IncidentRow {
        number,
        title: title.into(),
        opened: On(ago(86_000 * (4 - u64::from(number)))),
        badge: Badge::new(badge.0, badge.1),
        took: took.into(),
    };
    add(
        "incidents",
        IncidentsPage {
            shell: shell(Place::Incidents, "Incidents"),
            view: Part::Ready(Incidents {
                means: vec![
                    Pair::new("mean time to detect", "24 s"),
                    Pair::new("mean time to recover", "31 s"),
                    Pair::new("turned back", "1 of 3"),
                ],
                incidents: vec![
                    row(
                        3,
                        "question of phase users: latency said critical",
                        (Mark::Asks, "open"),
                        "2 min 14 s so far",
                    ),
                    row(
                        2,
                        "way back of phase users: latency said critical",
                        (Mark::Good, "turned back"),
                        "31 s in all, 0.4 s for the database",
                    ),
                    row(
                        1,
                        "hold of phase leaf-tables: checkout_errors said no data",
                        (Mark::Good, "went on"),
                        "4 min 2 s in all",
                    ),
                ],
            }),
        }
        .render(),
    );
    add(
        "incidents-empty",
        IncidentsPage {
            shell: calm(Place::Incidents, "Incidents"),
            view: Part::Ready(Incidents::default()),
        }
        .render(),
    );
    add(
        "incident",
        IncidentPage {
            shell: Shell {
                again: None,
                ..calm(Place::Incidents, "Incident 2")
            },
            view: Part::Ready(IncidentView {
                badge: Badge::new(Mark::Good, "turned back"),
                number: 2,
                title: "Way back of phase users: latency said critical".into(),
                report: Some(incident_report()),
            }),
        }
        .render(),
    );

    // Flags.
    let flag = |key: &str, enabled, gives: &str, share: Option<&str>, by_canary| FlagRow {
        key: key.into(),
        enabled,
        gives: gives.into(),
        share: share.map(Into::into),
        variants: "on: true, off: false".into(),
        by_canary,
    };
    add(
        "flags",
        FlagsPage {
            shell: Shell {
                again: None,
                ..shell(Place::Flags, "Flags and canary")
            },
            view: Part::Ready(Flags {
                flags: vec![
                    flag(
                        "users-uuid",
                        true,
                        "10% of users get on, the others off",
                        Some("10"),
                        true,
                    ),
                    flag(
                        "new-composer",
                        true,
                        "users of the group staff get on",
                        None,
                        false,
                    ),
                    flag(
                        "legacy-export",
                        false,
                        "clients take their own default",
                        None,
                        false,
                    ),
                ],
                maintenance: MaintenanceView {
                    is_on: true,
                    message: "We are moving to new keys. Sending is paused.".into(),
                    until: Some("at 20:30 UTC".into()),
                },
                canary: Some(CanaryView {
                    phase: "users".into(),
                    flag: "users-uuid".into(),
                    badge: Badge::new(Mark::Busy, "step 2 of 4"),
                    said: "10% of users are sent to the new shape.".into(),
                    steps: [
                        ("1%", Stand::Past),
                        ("10%", Stand::Here),
                        ("50%", Stand::Ahead),
                        ("100%", Stand::Ahead),
                    ]
                    .map(|(share, stand)| CanaryStep {
                        share: share.into(),
                        stand,
                    })
                    .to_vec(),
                    left: Some(left(340, 600)),
                    compared: vec![
                        (
                            "latency".into(),
                            "151 ms".into(),
                            "138 ms".into(),
                            Badge::new(Mark::Good, "pass"),
                        ),
                        (
                            "checkout_errors".into(),
                            "1.1%".into(),
                            "0.4%".into(),
                            Badge::new(Mark::Warning, "warning"),
                        ),
                    ],
                }),
                changes: vec![
                    Pair::new(
                        "2026-11-21 20:07 · canary of users",
                        "users-uuid: share 1% to 10%",
                    ),
                    Pair::new(
                        "2026-11-21 19:50 · mara",
                        "legacy-export: enabled to disabled (“nobody uses it”)",
                    ),
                ],
            }),
            wrong: None,
        }
        .render(),
    );
    add(
        "flags-empty",
        FlagsPage {
            shell: calm(Place::Flags, "Flags and canary"),
            view: Part::Ready(Flags::default()),
            wrong: None,
        }
        .render(),
    );

    // Backups.
    let backup = |id: &str, badge: (Mark, &str), verified: (Mark, &str), phases: &str| BackupRow {
        id: id.into(),
        taken: "2026-11-20 21:15".into(),
        badge: Badge::new(badge.0, badge.1),
        verified: Badge::new(verified.0, verified.1),
        size: "38 GB".into(),
        about: phases.into(),
    };
    add(
        "backups",
        BackupsPage {
            shell: shell(Place::Backups, "Backups"),
            view: Part::Ready(Backups {
                backups: vec![
                    backup(
                        "20261120T211500Z-before-users",
                        (Mark::Good, "whole"),
                        (Mark::Good, "verified 2026-11-20 22:01"),
                        "users: pending; leaf-tables: contracted",
                    ),
                    backup(
                        "20261119T020000Z",
                        (Mark::Good, "whole"),
                        (Mark::Unknown, "never verified"),
                        "leaf-tables: cut over",
                    ),
                    backup(
                        "20261118T020000Z",
                        (Mark::Critical, "failed"),
                        (Mark::Unknown, "never verified"),
                        "pg_dump: connection to the server was lost",
                    ),
                ],
                rules: vec![
                    Pair::new("before contract", "one of the last 24 h, verified"),
                    Pair::new("now", "met by 20261120T211500Z-before-users"),
                ],
            }),
        }
        .render(),
    );
    add(
        "backups-empty",
        BackupsPage {
            shell: calm(Place::Backups, "Backups"),
            view: Part::Ready(Backups {
                rules: vec![Pair::new(
                    "before contract",
                    "none is asked for by the plan",
                )],
                ..Backups::default()
            }),
        }
        .render(),
    );

    // The audit log.
    let entry =
        |seconds, who: &str, role: &str, what: &str, why: &str, outcome: (Mark, &str)| AuditRow {
            at: On(ago(seconds)),
            who: who.into(),
            role: role.into(),
            what: what.into(),
            why: why.into(),
            outcome: Badge::new(outcome.0, outcome.1),
        };
    add(
        "audit",
        AuditPage {
            shell: shell(Place::Audit, "Audit log"),
            view: Part::Ready(Audit {
                rows: vec![
                    entry(
                        130,
                        "jon",
                        "viewer",
                        "answer question 12 with go on",
                        "looks fine to me",
                        (Mark::Critical, "refused"),
                    ),
                    entry(
                        2_412,
                        "mara",
                        "approver",
                        "go forward with all phases",
                        "the users phase has baked overnight on staging",
                        (Mark::Good, "done"),
                    ),
                    entry(
                        5_000,
                        "deploy-bot",
                        "operator",
                        "set the pace: 2 workers",
                        "standby lags",
                        (Mark::Good, "done"),
                    ),
                ],
                older: Some("/audit?before=118".into()),
            }),
        }
        .render(),
    );
    add(
        "audit-empty",
        AuditPage {
            shell: calm(Place::Audit, "Audit log"),
            view: Part::Ready(Audit::default()),
        }
        .render(),
    );

    add(
        "problem",
        ProblemPage {
            shell: Shell {
                who: None,
                ..calm(Place::Elsewhere, "Not now")
            },
            view: broken(),
        }
        .render(),
    );

    // Signing in.
    add(
        "sign-in",
        SignInPage {
            shell: Shell {
                who: None,
                ..calm(Place::Elsewhere, "Sign in")
            },
            view: SignIn {
                wrong: Some("This token is not known, or has expired.".into()),
                then: "/".into(),
            },
        }
        .render(),
    );
    pages
}

fn viewer(shell: Shell) -> Shell {
    Shell {
        who: Some(Who {
            name: "office".into(),
            role: "viewer".into(),
            may_operate: false,
            may_approve: false,
            is_local: true,
        }),
        ..shell
    }
}

fn incident_report() -> report::Page {
    let pair = |name: &str, value: &str| report::Pair {
        name: name.into(),
        value: value.into(),
    };
    let line = |at: &str, mark, what: &str, detail: &str| report::TimelineRow {
        at: at.into(),
        after: String::new(),
        mark,
        what: what.into(),
        detail: detail.into(),
        entry: 1,
    };
    report::Page {
        number: 2,
        title: "Way back of phase users: latency said critical".into(),
        status: "over: turned back".into(),
        is_over: true,
        summary: "Guard latency said critical 30 s after the cut-over of users. Row 2 of the matrix turned phase users back; public showed the old shape 0.4 s after the decision. No acknowledged write was lost.".into(),
        tiles: vec![pair("to detect", "30 s"), pair("to decide", "0.1 s"), pair("to recover", "0.4 s"), pair("in all", "31 s"), pair("objectives met", "2 of 2")],
        facts: vec![pair("plan", "chat-uuid"), pair("phases", "users"), pair("opened", "2026-11-20 20:14:05 UTC")],
        impact: texts(&["Clients saw slower statements for 31 s."]),
        detection: texts(&["412 ms were beyond 300 ms in 3 of 5 samples."]),
        decisions: vec![report::Said { at: "2026-11-20 20:14:36 UTC".into(), what: "turn back the current phase".into(), by: "row 2 of the matrix".into(), because: "latency says critical".into() }],
        questions: vec![],
        recovery: texts(&["Phase users was turned back in 1.9 s, 0.4 s of them until public showed the old shape."]),
        parts: vec![report::PartRow { part: "database back".into(), took: "0.4 s".into(), objective: "1 s".into(), met: "met", failure: None }, report::PartRow { part: "drop the new shape".into(), took: "1.1 s".into(), objective: String::new(), met: "", failure: None }],
        hooks: vec![],
        validation: vec![report::ValidationRow { promise: "Every foreign key holds.".into(), holds: "holds", good: true, evidence: "9 foreign keys, 0 orphans".into() }],
        states: vec![],
        locks: vec![],
        cost: vec![],
        samples: Some(report::Samples { guard: "latency".into(), chart: guard("latency", Mark::Critical, "critical", turnback_core::guard::Unit::Milliseconds, &(0..60).map(|n| Some(120.0 + f64::from((n * 37) % 11) * 4.0 + f64::from((n - 44).max(0)) * 18.0)).collect::<Vec<_>>(), ["+50%", "300 ms"]).chart, caption: "warning from 210 ms on; critical from 300 ms on".into(), spark: [String::new(), String::new()], rows: vec![], of: 60 }),
        timeline: vec![line("2026-11-20 20:13:35 UTC", "run", "phase users became cut over", ""), line("2026-11-20 20:14:05 UTC", "bad", "guard latency says critical", "412 ms is beyond 300 ms in 3 of 5 samples"), line("2026-11-20 20:14:05 UTC", "decision", "turn back the current phase", "row 2 of the matrix"), line("2026-11-20 20:14:06 UTC", "good", "database back", "0.4 s; may take 1 s")],
        follow_ups: vec![],
        head: None,
        written: NOW.to_string(),
        version: "0.1.0".into(),
    }
}
