//! Pages of what was taken down, and of who comes in, in every state.

use askama::Template;
use turnback_core::incident::report;
use turnback_server::dashboard::view::*;

use super::frames::{Pages, broken, calm};
use super::made_up::{NOW, ago, guard_of, shell, texts};

/// Adds each.
pub fn add_to(pages: &mut Pages) {
    let row = |number, title: &str, badge: (Mark, &str), took: &str| IncidentRow {
        number,
        title: title.into(),
        opened: On(ago(86_000 * (4 - u64::from(number)))),
        badge: Badge::new(badge.0, badge.1),
        took: took.into(),
    };
    pages.add(
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
    pages.add(
        "incidents-empty",
        IncidentsPage {
            shell: calm(Place::Incidents, "Incidents"),
            view: Part::Ready(Incidents::default()),
        }
        .render(),
    );
    pages.add(
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
    pages.add(
        "flags",
        FlagsPage {
            shell: Shell {
                again: None,
                standing: Standing::new(
                    Mark::Busy,
                    "at work",
                    "Users: canary at 10% of users, step 2 of 4, 5 min 40 s left.",
                ),
                waiting: 0,
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
                canary: Some(super::canary_view::counts()),
                changes: vec![
                    Pair::new(
                        "2026-11-21 20:07 · canary of users",
                        "users-uuid: share 1% to 10%",
                    ),
                    Pair::new(
                        "2026-11-21 19:50 · on-call",
                        "legacy-export: enabled to disabled (“nobody uses it”)",
                    ),
                ],
            }),
            wrong: None,
        }
        .render(),
    );
    pages.add(
        "flags-waits",
        FlagsPage {
            shell: Shell {
                again: None,
                standing: Standing::new(
                    Mark::Warning,
                    "held",
                    "Held in phase users: guard latency says critical.",
                ),
                ..shell(Place::Flags, "Flags and canary")
            },
            view: Part::Ready(Flags {
                canary: Some(super::canary_view::waits()),
                ..Flags::default()
            }),
            wrong: None,
        }
        .render(),
    );
    pages.add(
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
    pages.add(
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
                    Pair::new("required", "before each phase, and before contract"),
                    Pair::new(
                        "what counts",
                        "verified by restoring, 1 d old at the most, and taken since a phase changed its state",
                    ),
                    Pair::new("kept", "the last 3 that are verified"),
                    Pair::new(
                        "last verified",
                        "20261120T211500Z-before-users, of 2026-11-20 21:15 UTC",
                    ),
                ],
                needs: vec![
                    BackupNeed {
                        before: "phase retention".into(),
                        badge: Badge::new(Mark::Warning, "not met"),
                        lacking: "The plan requires a verified backup (`backups: require`), and the newest, 20261120T211500Z-before-users, was taken before phase users became cut over.".into(),
                        remedy: "Type `turnback backup create --verify`, then the same command again.".into(),
                    },
                    BackupNeed {
                        before: "contract".into(),
                        badge: Badge::new(Mark::Good, "met"),
                        lacking: String::new(),
                        remedy: String::new(),
                    },
                ],
            }),
        }
        .render(),
    );
    pages.add(
        "backups-empty",
        BackupsPage {
            shell: calm(Place::Backups, "Backups"),
            view: Part::Ready(Backups {
                rules: vec![
                    Pair::new("required", "never: the plan asks for none"),
                    Pair::new("kept", "the last 3 that are verified"),
                    Pair::new("last verified", "none"),
                ],
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
    pages.add(
        "audit",
        AuditPage {
            shell: shell(Place::Audit, "Audit log"),
            view: Part::Ready(Audit {
                rows: vec![
                    entry(
                        130,
                        "developer",
                        "viewer",
                        "answer question 12 with go on",
                        "looks fine to me",
                        (Mark::Critical, "refused"),
                    ),
                    entry(
                        2_412,
                        "on-call",
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
    pages.add(
        "audit-empty",
        AuditPage {
            shell: calm(Place::Audit, "Audit log"),
            view: Part::Ready(Audit::default()),
        }
        .render(),
    );

    pages.add(
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
    pages.add(
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
        samples: Some(report::Samples { guard: "latency".into(), chart: guard_of("latency", Mark::Critical, "critical", turnback_core::guard::Unit::Milliseconds, &(0..60).map(|n| Some(120.0 + f64::from((n * 37) % 11) * 4.0 + f64::from((n - 44).max(0)) * 18.0)).collect::<Vec<_>>(), ["+50%", "300 ms"], [760.0, 320.0]).chart, caption: "warning from 210 ms on; critical from 300 ms on".into(), spark: [String::new(), String::new()], rows: vec![], of: 60 }),
        timeline: vec![line("2026-11-20 20:13:35 UTC", "run", "phase users became cut over", ""), line("2026-11-20 20:14:05 UTC", "bad", "guard latency says critical", "412 ms is beyond 300 ms in 3 of 5 samples"), line("2026-11-20 20:14:05 UTC", "decision", "turn back the current phase", "row 2 of the matrix"), line("2026-11-20 20:14:06 UTC", "good", "database back", "0.4 s; may take 1 s")],
        follow_ups: vec![],
        head: None,
        written: NOW.to_string(),
        version: "0.1.0".into(),
    }
}
