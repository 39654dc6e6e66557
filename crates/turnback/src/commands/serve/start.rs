//! Before anything is served: every setting and every connection is checked, and all that is wrong
//! is said in one list.

use std::net::TcpListener;

use turnback_core::exit::ExitCode;
use turnback_postgres::PostgresTarget;
use turnback_server::Tls;
use turnback_store::{ControlStore, KeptToken};

use crate::cli::ServeArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::journal::{in_time, remedy};
use crate::telling::now;

/// What a serving process stands on, checked.
pub(super) struct Ready {
    pub(super) loaded: Loaded,
    pub(super) target: PostgresTarget,
    pub(super) store: ControlStore,
    pub(super) socket: TcpListener,
    pub(super) tls: Option<Tls>,
    /// Nobody but whoever is on this machine can reach it.
    pub(super) local_only: bool,
}

/// Checks everything, and shows the settings as they are now.
///
/// # Errors
///
/// All that is wrong, as one failure.
pub(super) async fn made_ready(args: &ServeArgs) -> Result<Ready, Failure> {
    let mut wrong = Wrong::default();
    let local_only = args.listen.ip().is_loopback();
    let loaded = wrong.note("plan", Loaded::read(&args.file));
    let target = match &loaded {
        Some(loaded) => wrong.note("target", loaded.target().await),
        None => None,
    };
    let name = loaded.as_ref().map_or("", |loaded| &loaded.plan().name);
    let opened = in_time(ControlStore::open(&args.file.store, name)).await;
    let opened = opened.map_err(|error| Failure::from(error).next(remedy(&args.file.store)));
    let store = wrong.note("store", opened);
    let tokens = match &store {
        Some(store) => {
            let tokens = in_time(store.tokens()).await.map_err(Failure::from);
            wrong.note("tokens", tokens).unwrap_or_default()
        }
        None => vec![],
    };
    let good = tokens.iter().filter(|token| is_good(token)).count();
    if !local_only && good == 0 && store.is_some() {
        wrong.add("access", Failure::usage(format!(
            "it would listen at {}, where others can reach it, and there is no token that is good",
            args.listen
        ))
        .next("`turnback token create --role approver --name NAME` makes one; or listen on 127.0.0.1."));
    }
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => {
            let read = Tls::read(certificate, key);
            let read = read.map_err(|error| Failure::usage(error.to_string()));
            wrong.note("tls", read)
        }
        _ => None,
    };
    let socket = TcpListener::bind(args.listen).map_err(|error| {
        Failure::usage(format!("{} cannot be listened at: {error}", args.listen))
            .next("--listen names another address.")
    });
    let socket = wrong.note("listen", socket);
    show(args, loaded.as_ref(), good, tls.is_some());
    wrong.or_fail()?;
    match (loaded, target, store, socket) {
        (Some(loaded), Some(target), Some(store), Some(socket)) => Ok(Ready {
            loaded,
            target,
            store,
            socket,
            tls,
            local_only,
        }),
        _ => Err(Failure::new(
            ExitCode::Failed,
            "not everything could be checked",
        )),
    }
}

fn is_good(token: &KeptToken) -> bool {
    token.revoked_at.is_none() && token.expires_at.is_none_or(|at| at > now())
}

/// The settings as they are now, without what is secret.
fn show(args: &ServeArgs, loaded: Option<&Loaded>, tokens: usize, tls: bool) {
    let line = |name: &str, value: String| anstream::println!("{name:<8} {value}");
    line("plan", args.file.plan.display().to_string());
    if let Some(loaded) = loaded {
        let plan = loaded.plan();
        line("target", plan.target.redacted());
        line(
            "phases",
            format!(
                "{}; guards {}, hooks {}, channels {}",
                plan.phases.len(),
                plan.guards.len(),
                plan.hooks.len(),
                plan.notify.channels.len()
            ),
        );
    }
    line("store", args.file.store.to_string());
    line(
        "listen",
        format!("{}, {}", args.listen, if tls { "TLS" } else { "no TLS" }),
    );
    let access = match (tokens, args.listen.ip().is_loopback()) {
        (0, true) => "no token: whoever is on this machine may do everything".to_owned(),
        (0, false) => "no token".to_owned(),
        (tokens, _) => format!("{tokens} good token(s)"),
    };
    line("access", access);
}

/// All that is wrong.
#[derive(Default)]
struct Wrong(Vec<(&'static str, Failure)>);

impl Wrong {
    fn note<T>(&mut self, what: &'static str, outcome: Result<T, Failure>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(failure) => {
                self.add(what, failure);
                None
            }
        }
    }

    fn add(&mut self, what: &'static str, failure: Failure) {
        self.0.push((what, failure));
    }

    fn or_fail(self) -> Result<(), Failure> {
        let Some((_, first)) = self.0.first() else {
            return Ok(());
        };
        // What time may mend, where nothing else is wrong.
        let all_alike = self.0.iter().all(|(_, failure)| failure.code == first.code);
        let code = if all_alike {
            first.code
        } else {
            ExitCode::Usage
        };
        let count = self.0.len();
        let lines: Vec<String> = self
            .0
            .iter()
            .map(|(what, failure)| {
                let next = failure.next.as_ref().map(|next| format!("\n    {next}"));
                format!(
                    "  {what}: {}{}",
                    failure.message.trim_end(),
                    next.unwrap_or_default()
                )
            })
            .collect();
        let things = if count == 1 {
            "thing stands"
        } else {
            "things stand"
        };
        Err(Failure::new(
            code,
            format!(
                "{count} {things} in the way; nothing is served:\n{}",
                lines.join("\n")
            ),
        ))
    }
}
