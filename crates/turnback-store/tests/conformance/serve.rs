//! What a serving process keeps: runs one at a time, who may come in, who did what.

use turnback_core::guard::Moment;
use turnback_store::{Action, Asked, NewToken, RunEnd, RunRequest, RunState};

use crate::world::World;

const NOW: Moment = Moment(1_763_750_000_000);

fn request(command: &str) -> RunRequest {
    RunRequest {
        command: command.to_owned(),
        asked_for: "{}".to_owned(),
        by: "on-call".to_owned(),
        why: Some("it is time".to_owned()),
        at: NOW,
    }
}

fn end(code: u32) -> RunEnd {
    RunEnd {
        at: NOW,
        exit_code: code,
        outcome: "done".to_owned(),
        next: None,
    }
}

fn token(name: &str, expires_at: Option<Moment>) -> NewToken {
    NewToken {
        name: name.to_owned(),
        role: "viewer".to_owned(),
        fingerprint: format!("sum of {name}"),
        made_at: NOW,
        expires_at,
    }
}

promises! {
    async fn one_run_is_taken_on_at_a_time(world: World) {
        let store = world.open("shop").await;
        let Asked::Taken(run) = store.ask_run(&request("up")).await.unwrap() else {
            panic!("it is the first");
        };
        assert_eq!(run.request, request("up"));
        let busy = world.open("shop").await.ask_run(&request("contract")).await.unwrap();
        assert_eq!(busy, Asked::Busy(run.clone()));
        let other = world.open("bank").await.ask_run(&request("up")).await.unwrap();
        assert!(matches!(other, Asked::Taken(_)), "another plan has runs of its own");
        assert!(store.begin_run(run.number, NOW, "{}").await.unwrap());
        store.end_run(run.number, &end(0)).await.unwrap();
        assert!(!store.begin_run(run.number, NOW, "{}").await.unwrap());
        let next = store.ask_run(&request("contract")).await.unwrap();
        assert!(matches!(next, Asked::Taken(_)));
        let kept = store.run(run.number).await.unwrap().unwrap();
        assert_eq!((kept.state, kept.exit_code), (RunState::Ended, Some(0)));
        assert_eq!(store.runs(10).await.unwrap().len(), 2);
    }

    async fn a_way_back_stops_what_is_at_work_and_goes_next(world: World) {
        let store = world.open("shop").await;
        let Asked::Taken(up) = store.ask_run(&request("up")).await.unwrap() else {
            panic!("it is the first");
        };
        store.begin_run(up.number, NOW, "{}").await.unwrap();
        let Asked::Taken(back) = store.ask_run(&request("back")).await.unwrap() else {
            panic!("a way back is always taken on");
        };
        let stopped = store.run(up.number).await.unwrap().unwrap();
        assert_eq!(stopped.stopped_by.as_deref(), Some("on-call"));
        assert!(matches!(store.ask_run(&request("back")).await.unwrap(), Asked::Busy(_)));
        assert_eq!(store.next_run().await.unwrap().map(|run| run.number), Some(up.number));
        store.end_run(up.number, &end(4)).await.unwrap();
        assert_eq!(store.next_run().await.unwrap(), Some(back));
    }

    async fn a_run_whose_process_ended_is_the_next(world: World) {
        let store = world.open("shop").await;
        let Asked::Taken(run) = store.ask_run(&request("up")).await.unwrap() else {
            panic!("it is the first");
        };
        store.begin_run(run.number, NOW, "{}").await.unwrap();
        let again = world.open("shop").await;
        let next = again.next_run().await.unwrap().unwrap();
        assert_eq!((next.number, next.state), (run.number, RunState::Running));
        again.begin_run(next.number, NOW, "{}").await.unwrap();
        assert_eq!(again.run(run.number).await.unwrap().unwrap().resumed, 1);
    }

    async fn a_run_that_waits_ends_when_it_is_stopped(world: World) {
        let store = world.open("shop").await;
        let Asked::Taken(run) = store.ask_run(&request("up")).await.unwrap() else {
            panic!("it is the first");
        };
        let stopped = store.stop_run(run.number, "team-lead", NOW).await.unwrap().unwrap();
        assert_eq!((stopped.state, stopped.exit_code), (RunState::Ended, Some(4)));
        assert_eq!(store.next_run().await.unwrap(), None);
        assert_eq!(store.stop_run(99, "team-lead", NOW).await.unwrap(), None);
    }

    async fn a_token_is_good_until_it_expires_or_is_revoked(world: World) {
        let store = world.open("shop").await;
        let on_call = store.make_token(&token("on-call", None)).await.unwrap();
        store.make_token(&token("team-lead", Some(Moment(NOW.0 + 10)))).await.unwrap();
        store.token_used(on_call.number, NOW).await.unwrap();
        let found = store.token_of("sum of on-call", NOW).await.unwrap().unwrap();
        assert_eq!(found.used_at, Some(NOW));
        assert!(store.token_of("sum of team-lead", NOW).await.unwrap().is_some());
        let late = Moment(NOW.0 + 10);
        assert!(store.token_of("sum of team-lead", late).await.unwrap().is_none());
        let until = Moment(NOW.0 + 5);
        store.open_session("session", on_call.number, NOW, until).await.unwrap();
        assert!(store.session_token("session", NOW).await.unwrap().is_some());
        assert!(store.session_token("session", until).await.unwrap().is_none());
        assert!(store.revoke_token(on_call.number, NOW).await.unwrap());
        assert!(!store.revoke_token(on_call.number, NOW).await.unwrap());
        assert!(store.token_of("sum of on-call", NOW).await.unwrap().is_none());
        assert!(store.session_token("session", NOW).await.unwrap().is_none());
        assert_eq!(store.tokens().await.unwrap().len(), 2);
    }

    async fn what_was_done_is_kept_the_last_first(world: World) {
        let store = world.open("shop").await;
        let action = |what: &str| Action {
            at: NOW,
            who: "on-call".to_owned(),
            came_by: "token".to_owned(),
            role: "operator".to_owned(),
            action: what.to_owned(),
            object: None,
            why: Some("it is time".to_owned()),
            detail: "{}".to_owned(),
            outcome: "done".to_owned(),
            because: None,
        };
        for what in ["run.start", "run.stop"] {
            store.take_down(&action(what)).await.unwrap();
        }
        let kept = store.actions(None, 10).await.unwrap();
        let kept_actions: Vec<_> = kept.iter().map(|kept| kept.action.clone()).collect();
        assert_eq!(kept_actions, [action("run.stop"), action("run.start")]);
        let before = store.actions(Some(kept[0].number), 10).await.unwrap();
        assert_eq!(before.len(), 1);
    }
}
