//! Pages and their forms, without a socket.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use turnback_server::access::Role;
use turnback_server::app;
use turnback_server::model::*;

use crate::fake::{Fake, Got, app_of, request, send};

/// A form, sent from a page with this cookie.
fn form(path: &str, cookie: Option<&str>, fields: &str) -> Request<Body> {
    let mut request = Request::builder()
        .method("POST")
        .uri(path)
        .header(header::HOST, "127.0.0.1:7432")
        .header(header::ORIGIN, "http://127.0.0.1:7432")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    request.body(Body::from(fields.to_owned())).expect("a form")
}

fn look(path: &str, cookie: &str) -> Request<Body> {
    Request::builder()
        .uri(path)
        .header(header::HOST, "127.0.0.1:7432")
        .header(header::COOKIE, cookie)
        .body(Body::empty())
        .expect("a request")
}

/// What forms of a page send along.
fn csrf(page: &Got) -> String {
    let (_, after) = page
        .body
        .split_once("name=\"csrf\" value=\"")
        .expect("the page has a form");
    after.split('"').next().expect("it ends").to_owned()
}

async fn signed_in(fake: &Fake, name: &str, role: Role) -> (Router, String) {
    let token = fake.token(name, role);
    let app = app(fake.server());
    let got = send(
        &app,
        form("/sign-in", None, &format!("token={token}&then=/guards")),
    )
    .await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    assert_eq!(got.header("location"), "/guards");
    let cookie = got.header("set-cookie").split(';').next().unwrap_or("");
    (app, cookie.to_owned())
}

fn cut_over() -> Phase {
    Phase {
        id: "users".to_owned(),
        state: "cut_over".to_owned(),
        state_words: "cut over".to_owned(),
        ..Phase::default()
    }
}

const PAGES: [&str; 12] = [
    "/flags",
    "/",
    "/guards",
    "/risks",
    "/decisions",
    "/back",
    "/up",
    "/contract",
    "/incidents",
    "/backups",
    "/audit",
    "/decisions/12",
];

#[tokio::test]
async fn every_page_runs_nothing_but_our_own_script_and_is_kept_by_nobody() {
    let app = app_of(&Fake::default());
    for path in PAGES {
        let got = send(&app, request(&format!("GET {path}"), None, None)).await;
        assert_eq!(got.status, StatusCode::OK, "{path}");
        let policy = got.header("content-security-policy");
        assert!(policy.contains("script-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(got.header("cache-control"), "no-store", "{path}");
        for forbidden in [" style=", "<style", " onclick=", "<script>", "javascript:"] {
            assert!(!got.body.contains(forbidden), "{path} holds {forbidden}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_said_with_what_is_safe_and_what_to_do() {
    let fake = Fake::default();
    let refusal = turnback_server::edges::Refusal::not_now("the database does not answer")
        .next("See whether it runs.");
    fake.world().down = Some(refusal);
    // Not even who comes in can be looked up then.
    let app = app_of(&fake);
    let got = send(&app, request("GET /", None, None)).await;
    assert_eq!(got.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(got.header("content-type").starts_with("text/html"));
    for said in [
        "The database does not answer.",
        "Runs go on without this page",
        "See whether it runs.",
    ] {
        assert!(got.body.contains(said), "{said} is not in {}", got.body);
    }
}

#[tokio::test]
async fn a_run_that_has_ended_says_how_and_what_to_do_next() {
    let fake = Fake::default();
    fake.world().phases = vec![cut_over()];
    let order = Order::Contract { to: None };
    fake.world().runs = vec![Run {
        number: 7,
        typed: order.to_string(),
        order,
        asked_by: "on-call".to_owned(),
        why: Some("done with it".to_owned()),
        asked_at: 0,
        state: RunState::Ended,
        began_at: Some(0),
        resumed: 0,
        stopped_by: None,
        ended_at: Some(60_000),
        exit_code: Some(4),
        outcome: Some("the server does not answer".to_owned()),
        next: Some("`turnback contract` goes on".to_owned()),
    }];
    let got = send(&app_of(&fake), request("GET /", None, None)).await;
    for said in [
        "stopped, goes on",
        "The server does not answer.",
        "`turnback contract` goes on.",
        "asked for by on-call",
    ] {
        assert!(got.body.contains(said), "{said} is not in {}", got.body);
    }
}

#[tokio::test]
async fn who_has_not_signed_in_is_led_there_and_back() {
    let fake = Fake::default();
    fake.token("on-call", Role::Viewer);
    let app = app_of(&fake);
    let got = send(&app, request("GET /decisions/12", None, None)).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    assert_eq!(got.header("location"), "/sign-in?then=/decisions/12");
    let got = send(&app, request("GET /sign-in?then=/decisions/12", None, None)).await;
    assert!(got.body.contains("value=\"/decisions/12\""));
    let got = send(&app, form("/sign-in", None, "token=turnback_guess")).await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
    assert!(got.body.contains("This token is not known"));
}

#[tokio::test]
async fn a_form_that_no_page_of_ours_made_does_nothing() {
    let fake = Fake::default();
    fake.world().phases = vec![cut_over()];
    let (app, cookie) = signed_in(&fake, "on-call", Role::Approver).await;
    for path in [
        "/back",
        "/up",
        "/contract",
        "/throttle",
        "/stop",
        "/decisions/12",
        "/sign-out",
    ] {
        let sent = form(
            path,
            Some(&cookie),
            "csrf=guess&reason=x&sure=on&answer=go_on&do=pause",
        );
        let got = send(&app, sent).await;
        let refused = matches!(got.status, StatusCode::FORBIDDEN);
        assert!(refused, "{path}: {}", got.status);
    }
    assert!(fake.world().runs.is_empty());
}

#[tokio::test]
async fn a_viewer_sees_everything_and_changes_nothing() {
    let fake = Fake::default();
    fake.world().phases = vec![cut_over()];
    let (app, cookie) = signed_in(&fake, "office", Role::Viewer).await;
    let page = send(&app, look("/", &cookie)).await;
    let csrf = csrf(&page);
    let back = send(&app, look("/back", &cookie)).await;
    assert!(!back.body.contains("<form class=\"card decide\""));
    assert!(back.body.contains("Turning back takes the role operator"));
    let sent = form("/back", Some(&cookie), &format!("csrf={csrf}&reason=x"));
    let got = send(&app, sent).await;
    assert_eq!(got.status, StatusCode::FORBIDDEN);
    assert!(got.body.contains("This takes the role operator"));
    assert!(fake.world().runs.is_empty());
}

#[tokio::test]
async fn turning_back_needs_a_reason_and_keeps_what_was_typed() {
    let fake = Fake::default();
    fake.world().phases = vec![cut_over()];
    let (app, cookie) = signed_in(&fake, "on-call", Role::Operator).await;
    let csrf = csrf(&send(&app, look("/back", &cookie)).await);
    let sent = form(
        "/back",
        Some(&cookie),
        &format!("csrf={csrf}&reason=+&scope=users"),
    );
    let got = send(&app, sent).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(got.body.contains("Say why"));
    let fields = format!("csrf={csrf}&reason=users+complain&scope=users&keep_new_shape=on");
    let got = send(&app, form("/back", Some(&cookie), &fields)).await;
    assert_eq!(got.header("location"), "/?done=back");
    let world = fake.world();
    let wanted = Order::Back {
        scope: "users".to_owned(),
        keep_new_shape: true,
        drop_anyway: false,
        no_hooks: false,
        leave_flags: false,
    };
    assert_eq!(world.runs[0].order, wanted);
    assert_eq!(world.runs[0].asked_by, "on-call");
    let taken = world.audit.last().expect("it is taken down");
    assert_eq!(
        (taken.who.as_str(), taken.why.as_deref()),
        ("on-call", Some("users complain"))
    );
}

#[tokio::test]
async fn a_reason_that_was_refused_is_still_there() {
    let fake = Fake::default();
    fake.world().phases = vec![cut_over()];
    let (app, cookie) = signed_in(&fake, "on-call", Role::Operator).await;
    let csrf = csrf(&send(&app, look("/back", &cookie)).await);
    let fields = format!("csrf={csrf}&reason=%3Cb%3Eusers+complain");
    send(&app, form("/back", Some(&cookie), &fields)).await;
    // Another run is at work by now.
    let got = send(&app, form("/back", Some(&cookie), &fields)).await;
    assert_eq!(got.status, StatusCode::CONFLICT);
    assert!(got.body.contains("Another run is at work."));
    assert!(
        got.body.contains("&#60;b&#62;users complain</textarea>"),
        "{}",
        got.body
    );
}

#[tokio::test]
async fn the_risk_matrix_shows_what_guards_say_now() {
    let fake = Fake::default();
    fake.world().plan.risks = vec![Risk {
        title: "Queries get slower".to_owned(),
        probability: 3,
        impact: 5,
        level: "high".to_owned(),
        guards: vec!["latency".to_owned()],
        ..Risk::default()
    }];
    let mut guard = Guard::default();
    guard.terms.guard = "latency".to_owned();
    guard.says = vec![Said {
        level: "critical".to_owned(),
        ..Said::default()
    }];
    fake.world().guards = vec![guard];
    let got = send(&app_of(&fake), request("GET /risks", None, None)).await;
    assert!(got.body.contains("Queries get slower"));
    assert!(got.body.contains("high, 15 of 25"));
    assert!(got.body.contains("<span class=\"badge critical\">"));
}

#[tokio::test]
async fn assets_are_kept_by_browsers_for_good_under_an_address_of_their_own() {
    let app = app_of(&Fake::default());
    let page = send(&app, request("GET /", None, None)).await;
    let (_, after) = page
        .body
        .split_once("href=\"/assets/")
        .expect("a style sheet");
    let path = format!("/assets/{}", after.split('"').next().unwrap_or(""));
    let got = send(&app, request(&format!("GET {path}"), None, None)).await;
    assert_eq!(got.status, StatusCode::OK);
    assert!(got.header("cache-control").contains("immutable"));
    let old = request("GET /assets/0000/dashboard.css", None, None);
    assert_eq!(send(&app, old).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_flag_changes_with_a_reason_and_the_change_is_shown() {
    let fake = Fake::default();
    let (app, cookie) = signed_in(&fake, "on-call", Role::Operator).await;
    fake.world().plan.phases = vec![PlannedPhase {
        id: "users".to_owned(),
        canary: Some(PlannedCanary {
            flag: "users-uuid".to_owned(),
            steps: vec!["1%".to_owned(), "10%".to_owned(), "100%".to_owned()],
        }),
        ..PlannedPhase::default()
    }];
    fake.world().phases = vec![Phase {
        state: "expanded".to_owned(),
        ..cut_over()
    }];
    let rollout = turnback_core::flag::Change::Rollout {
        key: "users-uuid".to_owned(),
        from: None,
        share: turnback_core::flag::Share::tenths(10).unwrap(),
    };
    let set = rollout.apply(&fake.world().flags.set).unwrap();
    fake.world().flags = turnback_core::flag::Stored { version: 1, set };
    let csrf = csrf(&send(&app, look("/flags", &cookie)).await);
    let fields = format!("csrf={csrf}&do=share&share=10&reason=all+is+well");
    let refused = form(
        "/flags/users-uuid",
        Some(&cookie),
        &fields.replace("all+is+well", ""),
    );
    let got = send(&app, refused).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    let got = send(&app, form("/flags/users-uuid", Some(&cookie), &fields)).await;
    assert_eq!(got.header("location"), "/flags?done=flag");
    let page = send(&app, look("/flags?done=flag", &cookie)).await;
    assert!(page.body.contains("10% of people get on"), "{}", page.body);
    assert!(page.body.contains("step 2 of 3"), "{}", page.body);
    assert!(
        page.body.contains("users-uuid: 1% to 10% (“all is well”)"),
        "{}",
        page.body
    );
    let fields = format!("csrf={csrf}&do=on&message=Back+soon&minutes=20&reason=move");
    send(&app, form("/maintenance", Some(&cookie), &fields)).await;
    let maintenance = fake.world().flags.set.maintenance().expect("it is on");
    assert_eq!(maintenance.message, "Back soon");
}
