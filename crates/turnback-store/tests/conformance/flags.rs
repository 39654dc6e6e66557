//! Flags are kept with every change of them, one change after the other, for each plan its own.

use serde_json::json;
use turnback_core::flag::{By, Change, MAINTENANCE, Maintenance, Share};
use turnback_engine::flags::Flags;

use crate::world::World;

fn by(who: &str, why: Option<&str>) -> By {
    By {
        who: who.to_owned(),
        why: why.map(str::to_owned),
    }
}

fn rollout(key: &str, share: &str) -> Change {
    Change::Rollout {
        key: key.to_owned(),
        from: None,
        share: share.parse().expect("a share"),
    }
}

promises! {
    async fn what_is_set_is_there_for_another_process_with_a_greater_version(world: World) {
        let store = world.open("shop").await;
        let empty = store.stored().await.unwrap();
        assert_eq!(empty.version, 0);
        assert_eq!(empty.set.flags().keys().collect::<Vec<_>>(), [MAINTENANCE]);

        let changed = store.change(&rollout("users", "1%"), &by("on-call", None)).await.unwrap();
        assert_eq!((changed.stored.version, changed.differences.len()), (1, 1));

        let other = world.open("shop").await;
        assert_eq!(other.version().await.unwrap(), 1);
        let stored = other.stored().await.unwrap();
        assert_eq!(stored.set.flag("users").unwrap().share(), Share::tenths(10));
        assert_eq!(world.open("bank").await.version().await.unwrap(), 0);
    }

    async fn every_change_is_kept_with_what_was_before_and_after_and_by_whom(world: World) {
        let store = world.open("shop").await;
        store.change(&rollout("users", "1%"), &by("on-call", None)).await.unwrap();
        store.change(&rollout("orders", "5%"), &by("on-call", None)).await.unwrap();
        let all_off = store.change(&Change::DisableAll, &by("team-lead", Some("orders fail"))).await.unwrap();
        assert_eq!(all_off.stored.version, 3);
        let gone = Change::Remove { key: "orders".to_owned() };
        store.change(&gone, &by("team-lead", None)).await.unwrap();

        let history = store.history(None, 10).await.unwrap();
        assert_eq!(history.iter().map(|record| record.version).collect::<Vec<_>>(), [4, 3, 3, 2, 1]);
        assert_eq!(history[0].new, None);
        let of_users = store.history(Some("users"), 10).await.unwrap();
        let [off, made] = of_users.as_slice() else { panic!("{of_users:?}") };
        assert_eq!(off.by, by("team-lead", Some("orders fail")));
        assert_eq!(off.old.as_ref().unwrap()["state"], "ENABLED");
        assert_eq!(off.new.as_ref().unwrap()["state"], "DISABLED");
        assert_eq!(made.old, None);
        assert!(made.moment().is_some_and(|at| at.0 > 0));
        assert_eq!(store.history(None, 2).await.unwrap().len(), 2);
    }

    async fn a_change_that_changes_nothing_or_is_refused_leaves_no_trace(world: World) {
        let store = world.open("shop").await;
        store.change(&rollout("users", "1%"), &by("on-call", None)).await.unwrap();
        let same = store.change(&rollout("users", "1%"), &by("team-lead", None)).await.unwrap();
        assert_eq!((same.stored.version, same.differences.len()), (1, 0));
        let wrong = Change::Set { key: "users".to_owned(), definition: json!({}) };
        let refused = store.change(&wrong, &by("team-lead", None)).await.unwrap_err();
        assert!(refused.to_string().contains("flags.users.state"), "{refused}");
        assert_eq!(store.history(None, 10).await.unwrap().len(), 1);
        assert_eq!(store.stored().await.unwrap().set.flag("users").unwrap().share(), Share::tenths(10));
    }

    async fn of_many_who_change_at_once_each_goes_on_from_the_one_before(world: World) {
        let mut tasks = vec![];
        for number in 0..8 {
            let store = world.open("shop").await;
            tasks.push(tokio::spawn(async move {
                let key = format!("flag-{number}");
                store.change(&rollout(&key, "1%"), &by("on-call", None)).await.unwrap().stored.version
            }));
        }
        let mut versions = vec![];
        for task in tasks {
            versions.push(task.await.unwrap());
        }
        versions.sort_unstable();
        assert_eq!(versions, (1..=8).collect::<Vec<_>>());
        let stored = world.open("shop").await.stored().await.unwrap();
        assert_eq!(stored.set.flags().len(), 9);
    }

    async fn the_history_is_only_added_to(world: World) {
        let store = world.open("shop").await;
        store.change(&rollout("users", "1%"), &by("on-call", None)).await.unwrap();
        assert!(world.hand("UPDATE flag_change SET who = 'team-lead'").await.is_err());
        assert!(world.hand("DELETE FROM flag_change").await.is_err());
        assert_eq!(store.history(None, 10).await.unwrap()[0].by, by("on-call", None));
    }

    async fn maintenance_outlives_the_process(world: World) {
        let maintenance = Maintenance { message: "Back soon".to_owned(), until: None };
        let on = Change::Maintenance(Some(maintenance.clone()));
        world.open("shop").await.change(&on, &by("on-call", None)).await.unwrap();
        let stored = world.open("shop").await.stored().await.unwrap();
        assert_eq!(stored.set.maintenance(), Some(maintenance));
    }
}
