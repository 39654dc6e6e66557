//! What people do through this process, by whatever door they came in: done in their name, and
//! taken down with what came of it.

use serde_json::{Value, json};
use turnback_core::flag::{By, Change, Difference};
use turnback_engine::flags::Changed;

use crate::access::Actor;
use crate::audit::Deed;
use crate::flags::Serving;
use crate::model::{NewAnswer, NewRun, Question, Run, SetThrottle, Throttle};
use crate::problem::Problem;
use crate::server::Shared;

/// Asks for a run.
pub(crate) async fn start(server: &Shared, actor: &Actor, new: NewRun) -> Result<Run, Problem> {
    let deed = Deed::new("run.start", actor)
        .why(new.why.as_deref())
        .detail(json!(new.order));
    let asked = server.edges.acts.ask(new, &actor.name).await;
    let run = asked.as_ref().ok().map(|run| format!("run {}", run.number));
    deed.of(run).record(server, asked).await
}

/// Stops a run at its next safe point.
pub(crate) async fn stop(
    server: &Shared,
    actor: &Actor,
    number: i64,
    why: Option<&str>,
) -> Result<Run, Problem> {
    let deed = Deed::new("run.stop", actor)
        .of(Some(format!("run {number}")))
        .why(why);
    let stopped = server.edges.acts.stop(number, &actor.name).await;
    deed.record(server, stopped).await
}

/// Answers a question.
pub(crate) async fn answer(
    server: &Shared,
    actor: &Actor,
    number: i64,
    new: NewAnswer,
) -> Result<Question, Problem> {
    let deed = Deed::new("question.answer", actor)
        .of(Some(format!("question {number}")))
        .why(new.why.as_deref())
        .detail(json!({ "answer": new.answer }));
    let answered = server.edges.acts.answer(number, new, &actor.name).await;
    deed.record(server, answered).await
}

/// Sets what limits a backfill: from what was set before to what is wished for.
pub(crate) async fn throttle(
    server: &Shared,
    actor: &Actor,
    wish: impl FnOnce(&SetThrottle) -> SetThrottle,
) -> Result<Throttle, Problem> {
    let before = server.edges.looks.throttle().await?.set;
    let wish = wish(&before);
    let deed = Deed::new("throttle.set", actor).detail(json!({ "from": before, "to": wish }));
    let set = server.edges.acts.set_throttle(wish).await;
    deed.record(server, set).await
}

/// Changes flags, maintenance among them. Each change is taken down twice: with the flags, for as
/// long as they are kept, and in the audit log with everything else that somebody did.
pub(crate) async fn flags(
    server: &Shared,
    actor: &Actor,
    (action, change): (&str, Change),
    key: Option<String>,
    why: Option<String>,
) -> Result<Changed, Problem> {
    let by = By {
        who: actor.name.clone(),
        why: why.clone(),
    };
    let changed = Serving::change(server, &change, &by).await;
    let detail = changed.as_ref().map_or(Value::Null, |changed| {
        let one = |of: &Difference| json!({ "flag": of.key, "from": of.old, "to": of.new });
        changed.differences.iter().map(one).collect()
    });
    Deed::new(action, actor)
        .of(key)
        .why(why.as_deref())
        .detail(detail)
        .record(server, changed)
        .await
}
