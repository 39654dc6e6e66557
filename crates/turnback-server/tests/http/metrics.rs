//! What Prometheus reads.

use axum::http::StatusCode;
use turnback_server::edges::Refusal;
use turnback_server::model::{
    Filling, Guard, Lead, LeadRole, Leader, Phase, Progress, Said, Terms,
};

use crate::fake::{Fake, app_of, request, send};

#[tokio::test]
async fn guards_phases_and_backfills_stand_in_the_metrics() {
    let fake = Fake::default();
    {
        let mut world = fake.world();
        world.phases = vec![Phase {
            id: "users".to_owned(),
            state: "cut_over".to_owned(),
            ..Phase::default()
        }];
        world.guards = vec![Guard {
            terms: Terms {
                guard: "lat\"ency".to_owned(),
                ..Terms::default()
            },
            says: vec![Said {
                phase: "users".to_owned(),
                level: "critical".to_owned(),
                value: Some(0.25),
                ..Said::default()
            }],
        }];
        world.lead = Lead {
            role: LeadRole::Leads,
            leader: Some(Leader {
                epoch: 3,
                ..Leader::default()
            }),
            ..Lead::default()
        };
        world.progress = Some(Progress {
            filling: Some(Filling {
                table: "public.users".to_owned(),
                rows: 7,
                ..Filling::default()
            }),
            ..Progress::default()
        });
    }
    let app = app_of(&fake);
    send(&app, request("GET /api/v1/plan", None, None)).await;
    let got = send(&app, request("GET /metrics", None, None)).await;
    assert_eq!(got.status, StatusCode::OK);
    for line in [
        r#"turnback_guard_value{guard="lat\"ency",phase="users"} 0.25"#,
        r#"turnback_guard_says{guard="lat\"ency",phase="users",level="critical"} 1.0"#,
        r#"turnback_guard_says{guard="lat\"ency",phase="users",level="pass"} 0.0"#,
        r#"turnback_phase_state{phase="users",state="cut_over"} 1.0"#,
        r#"turnback_backfill_rows{table="public.users"} 7.0"#,
        r#"turnback_requests_total{method="GET",route="/api/v1/plan",status="200"} 1"#,
        "turnback_target_seen{} 1.0",
        "turnback_leads{} 1.0",
        "turnback_lead_epoch{} 3.0",
    ] {
        assert!(
            got.body.lines().any(|l| l == line),
            "{line} in:\n{}",
            got.body
        );
    }
    assert!(got.body.ends_with("# EOF\n"), "{}", got.body);
}

#[tokio::test]
async fn metrics_are_there_when_the_target_is_not() {
    let fake = Fake::default();
    fake.world().down = Some(Refusal::not_now("the target is away"));
    let got = send(&app_of(&fake), request("GET /metrics", None, None)).await;
    assert_eq!(got.status, StatusCode::OK);
    assert!(
        got.body.contains("turnback_target_seen{} 0.0"),
        "{}",
        got.body
    );
}
