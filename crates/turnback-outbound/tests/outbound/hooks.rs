//! Hooks: programs and requests, their failures and their time limits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use turnback_core::hook::{Hook, HookAction, HookMoment, HookOutcome, OnFailure};
use turnback_core::notify::{Method, Request};
use turnback_core::secret::{Address, Secret};
use turnback_outbound::Hooks;

use super::counterpart::Counterpart;
use super::http;

fn hook(does: HookAction, timeout: Duration) -> Hook {
    Hook {
        name: "stop the api".to_owned(),
        when: HookMoment::StopServices,
        phases: vec![],
        does,
        timeout,
        on_failure: OnFailure::Ask,
        missing: BTreeSet::new(),
    }
}

fn script(text: &str) -> HookAction {
    HookAction::Run {
        program: ["sh", "-c", text].map(str::to_owned).to_vec(),
        env: BTreeMap::from([("KEY".to_owned(), Secret::new("s3cret-of-ours"))]),
    }
}

async fn ran(hook: &Hook) -> HookOutcome {
    let context = BTreeMap::from([("TURNBACK_PHASE".to_owned(), "users".to_owned())]);
    Hooks::new(http()).run(hook, &context).await
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_program_is_told_the_phase_and_its_secrets_are_masked_in_what_it_prints() {
    let text = "echo phase $TURNBACK_PHASE; echo key $KEY; echo oh no >&2";
    let outcome = ran(&hook(script(text), LONG)).await;
    assert_eq!(outcome.failure, None);
    assert_eq!(outcome.output, "phase users\nkey ***\noh no");
    assert_eq!(
        (outcome.hook.as_str(), outcome.when),
        ("stop the api", HookMoment::StopServices)
    );
}

#[tokio::test]
async fn a_failed_program_says_how_it_ended() {
    let failed = ran(&hook(script("exit 7"), LONG)).await.failure;
    assert_eq!(failed.as_deref(), Some("it ended with exit code 7"));
    let hung = ran(&hook(
        script("sleep 600 & wait"),
        Duration::from_millis(300),
    ))
    .await;
    assert!(
        hung.failure
            .is_some_and(|why| why.contains("not done within 0.3 s"))
    );
    assert!(hung.millis >= 300);
    let gone = HookAction::Run {
        program: vec!["/nowhere/at/all".to_owned()],
        env: BTreeMap::new(),
    };
    let gone = ran(&hook(gone, LONG)).await.failure;
    assert!(gone.is_some_and(|why| why.contains("/nowhere/at/all cannot be started")));
}

#[tokio::test]
async fn a_hook_whose_variable_has_no_value_fails_and_runs_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("ran");
    let mut hook = hook(script(&format!("touch {}", trace.display())), LONG);
    hook.missing.insert("DEPLOY_KEY".to_owned());
    let failure = ran(&hook).await.failure;
    assert!(failure.is_some_and(|why| why.contains("DEPLOY_KEY")));
    assert!(!trace.exists());
}

#[tokio::test]
async fn a_request_is_done_when_the_status_is_an_expected_one() {
    let mut receiver = Counterpart::receiver();
    let url = receiver.url();
    let request = |path: &str, expect: &[u16]| {
        HookAction::Http(Request {
            url: Address::new(format!("{url}{path}")),
            method: Method::Put,
            headers: BTreeMap::from([(
                "Authorization".to_owned(),
                Secret::new("Bearer s3cret-token"),
            )]),
            body: Some(Secret::new("on s3cret-token")),
            expect: expect.to_vec(),
        })
    };
    let done = ran(&hook(request("/banner", &[200]), LONG)).await;
    assert_eq!((done.failure, done.output.as_str()), (None, "taken"));
    let other = ran(&hook(request("/status/409", &[204]), LONG)).await;
    assert!(other.failure.is_some_and(|why| why.contains("status 409")));
    assert!(!other.output.contains("s3cret"), "{}", other.output);
    let sent = receiver.next();
    assert_eq!(
        (&sent["method"], &sent["body"]),
        (&"PUT".into(), &"on s3cret-token".into())
    );
    assert_eq!(sent["headers"]["authorization"], "Bearer s3cret-token");
    let wanted = ran(&hook(request("/status/409", &[409]), LONG)).await;
    assert_eq!(wanted.failure, None);
    let hung = ran(&hook(request("/hang", &[]), Duration::from_millis(300))).await;
    assert!(
        hung.failure
            .is_some_and(|why| why.contains("did not answer"))
    );
}
