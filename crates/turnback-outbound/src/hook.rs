//! Hooks: the user's own programs and requests.

use std::collections::BTreeMap;

use turnback_core::hide::hide;
use turnback_core::hook::{Hook, HookAction, HookOutcome};
use turnback_core::notify::Request;
use turnback_core::secret::Secret;

use crate::command::{self, Ended};
use crate::http::Http;

/// As much of an output as is kept in an outcome, in characters.
const MOST: usize = 4_000;

/// Runs hooks.
#[derive(Clone, Debug)]
pub struct Hooks {
    http: Http,
}

impl Hooks {
    /// Runs hooks with this client.
    pub fn new(http: Http) -> Self {
        Self { http }
    }

    /// Runs a hook to its end or its time limit. `context` is what turnback tells the program, as
    /// variables (`TURNBACK_PLAN`, `TURNBACK_PHASE`); the plan's own come on top.
    ///
    /// A failure is an outcome: what follows from it is the plan's to say.
    pub async fn run(&self, hook: &Hook, context: &BTreeMap<String, String>) -> HookOutcome {
        let begun = std::time::Instant::now();
        let (failure, output) = match (&hook.does, hook.missing.first()) {
            (_, Some(variable)) => (
                Some(format!("the environment variable {variable} has no value")),
                String::new(),
            ),
            (HookAction::Run { program, env }, None) => run(hook, program, env, context).await,
            (HookAction::Http(request), None) => self.send(hook, request).await,
        };
        HookOutcome {
            hook: hook.name.clone(),
            when: hook.when,
            millis: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            failure,
            output,
        }
    }

    async fn send(&self, hook: &Hook, request: &Request) -> (Option<String>, String) {
        match self.http.send(request, hook.timeout).await {
            Ok(answer) => {
                let body = String::from_utf8_lossy(&answer.body);
                let failure = (!request.succeeded(answer.status))
                    .then(|| format!("{} answered with status {}", request.url, answer.status));
                (failure, end_of(&hide(&body, request.secrets())))
            }
            Err(error) => (Some(error.reason().to_owned()), String::new()),
        }
    }
}

async fn run(
    hook: &Hook,
    program: &[String],
    env: &BTreeMap<String, Secret>,
    context: &BTreeMap<String, String>,
) -> (Option<String>, String) {
    let mut variables = context.clone();
    for (name, value) in env {
        variables.insert(name.clone(), value.expose_secret().to_owned());
    }
    let hidden = |text: &str| hide(text, env.values().map(Secret::expose_secret));
    let ran = match command::run(program, &variables, hook.timeout).await {
        Ok(ran) => ran,
        Err(reason) => return (Some(hidden(&reason)), String::new()),
    };
    let failure = match ran.ended {
        Ended::Code(0) => None,
        Ended::Code(code) => Some(format!("it ended with exit code {code}")),
        Ended::Signal(signal) => Some(format!("it was ended by signal {signal}")),
        Ended::TimedOut => Some(format!(
            "it was not done within {} s, and was ended",
            hook.timeout.as_secs_f64()
        )),
    };
    let both = [ran.stdout, ran.stderr];
    let said: Vec<&str> = both
        .iter()
        .map(String::as_str)
        .filter(|s| !s.is_empty())
        .collect();
    (failure, end_of(&hidden(&said.join("\n"))))
}

/// The end of a text, where it is long.
fn end_of(text: &str) -> String {
    let surplus = text.chars().count().saturating_sub(MOST);
    if surplus == 0 {
        return text.trim().to_owned();
    }
    let end: String = text.chars().skip(surplus).collect();
    format!("…{}", end.trim())
}
