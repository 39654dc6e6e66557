//! Whether it is alive, ready, and which it is.

use axum::http::StatusCode;
use turnback_server::model::{Check, Lead, LeadRole, Leader};

use crate::fake::{Fake, app_of, request, send};

#[tokio::test]
async fn it_says_which_version_it_is() {
    let got = send(
        &app_of(&Fake::default()),
        request("GET /api/version", None, None),
    )
    .await;
    assert_eq!(got.json()["version"], "1.2.3");
}

#[tokio::test]
async fn it_is_ready_when_everything_holds_and_says_what_does_not() {
    let fake = Fake::default();
    let app = app_of(&fake);
    let got = send(&app, request("GET /ready", None, None)).await;
    assert_eq!(got.status, StatusCode::OK);
    fake.world().checks = vec![Check {
        name: "target".to_owned(),
        failure: Some("it is away".to_owned()),
    }];
    let got = send(&app, request("GET /ready", None, None)).await;
    assert_eq!(got.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(got.json()["checks"][0]["failure"], "it is away");
    assert!(got.header("retry-after").parse::<u32>().is_ok());
}

fn stands_by() -> Lead {
    Lead {
        role: LeadRole::StandsBy,
        name: "here".to_owned(),
        leader: Some(Leader {
            name: "elsewhere".to_owned(),
            epoch: 7,
            since: Some(1_000),
        }),
        unknown: None,
    }
}

#[tokio::test]
async fn one_that_stands_by_is_ready_and_says_who_leads() {
    let fake = Fake::default();
    fake.world().lead = stands_by();
    let app = app_of(&fake);
    let got = send(&app, request("GET /ready", None, None)).await;
    assert_eq!(
        got.status,
        StatusCode::OK,
        "it serves all that the other does"
    );
    let lead = &got.json()["lead"];
    assert_eq!(lead["role"], "stands_by");
    assert_eq!(lead["leader"]["name"], "elsewhere");
    assert_eq!(lead["leader"]["epoch"], 7);
    assert_eq!(lead["leader"]["since"], 1_000);
    let same = send(&app, request("GET /api/v1/leader", None, None)).await;
    assert_eq!(&same.json(), lead);
}

#[tokio::test]
async fn whoever_wants_the_one_that_leads_finds_no_other() {
    let fake = Fake::default();
    let app = app_of(&fake);
    for (role, status) in [
        (LeadRole::Leads, StatusCode::OK),
        (LeadRole::StandsBy, StatusCode::SERVICE_UNAVAILABLE),
        (LeadRole::Unknown, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        fake.world().lead = Lead {
            role,
            ..stands_by()
        };
        let got = send(&app, request("GET /leader", None, None)).await;
        assert_eq!(got.status, status, "{role:?}");
        assert_eq!(got.json()["leader"]["epoch"], 7);
    }
}

#[tokio::test]
async fn every_page_says_who_leads() {
    let fake = Fake::default();
    for (lead, words) in [
        (
            stands_by(),
            "This process stands by: elsewhere leads (lead 7) since 1970-01-01 00:00 UTC, and runs what is asked for here.",
        ),
        (
            Lead {
                role: LeadRole::Leads,
                ..stands_by()
            },
            "This process leads (lead 7) since 1970-01-01 00:00 UTC.",
        ),
        (
            Lead {
                unknown: Some("the control store is away".to_owned()),
                ..Lead::default()
            },
            "It is not known who leads, so nothing is begun here. The control store is away.",
        ),
    ] {
        fake.world().lead = lead;
        // What pages looked up is known for a moment: each of these is a process of its own.
        let app = app_of(&fake);
        let page = send(&app, request("GET /audit", None, None)).await;
        assert!(page.body.contains(words), "{words} in:\n{}", page.body);
        let page = send(&app, request("GET /", None, None)).await;
        assert_eq!(page.body.matches(words).count(), 2, "{}", page.body);
    }
}
