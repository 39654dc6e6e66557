//! The page of backups: what the plan asks for beside what is there.

use turnback_server::model::{BackupNeed, BackupRule};

use crate::fake::{Fake, app_of, request, send};

#[tokio::test]
async fn what_the_plan_asks_of_backups_stands_beside_what_is_there() {
    let fake = Fake::default();
    fake.world().backup_rule = BackupRule {
        require: "phase".to_owned(),
        max_age_millis: 7_200_000,
        keep: 3,
        needs: vec![
            BackupNeed {
                before: "phase users".to_owned(),
                lacking: Some("the plan requires a verified backup, and there is none".to_owned()),
                remedy: Some("type `turnback backup create --verify`".to_owned()),
            },
            BackupNeed {
                before: "contract".to_owned(),
                ..BackupNeed::default()
            },
        ],
    };
    let page = send(&app_of(&fake), request("GET /backups", None, None)).await;
    for words in [
        "before each phase, and before contract",
        "verified by restoring, 2 h old at the most",
        "Before <b>phase users</b>",
        "not met",
        "The plan requires a verified backup, and there is none.",
        "Type `turnback backup create --verify`.",
        "Before <b>contract</b>",
    ] {
        assert!(page.body.contains(words), "{words} in:\n{}", page.body);
    }
}
