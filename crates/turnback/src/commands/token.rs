//! `turnback token`: who may come in to a serving process.

use serde_json::json;
use turnback_core::exit::ExitCode;
use turnback_core::guard::Moment;
use turnback_server::access::{NewSecret, Role};
use turnback_store::{Action, ControlStore, KeptToken, NewToken};

use crate::cli::{
    StoreFile, TokenArgs, TokenCommand, TokenCreateArgs, TokenListArgs, TokenRevokeArgs,
};
use crate::failure::Failure;
use crate::journal::{in_time, remedy};
use crate::output::table;
use crate::telling::now;

pub(crate) async fn run(args: TokenArgs) -> Result<ExitCode, Failure> {
    match args.command {
        TokenCommand::Create(args) => create(args).await,
        TokenCommand::List(args) => list(args).await,
        TokenCommand::Revoke(args) => revoke(args).await,
    }
}

/// The control store; tokens are of every plan in it.
async fn store(file: &StoreFile) -> Result<ControlStore, Failure> {
    let opened = in_time(ControlStore::open(&file.store, "")).await;
    opened.map_err(|error| Failure::from(error).next(remedy(&file.store)))
}

async fn create(args: TokenCreateArgs) -> Result<ExitCode, Failure> {
    let name = args.name.trim();
    if name.is_empty() {
        return Err(Failure::usage("a token needs a name: whose is it?").next("--name on-call"));
    }
    let secret = NewSecret::draw().map_err(|why| Failure::new(ExitCode::Failed, why))?;
    let made_at = now();
    let token = NewToken {
        name: name.to_owned(),
        role: args.role.to_string(),
        fingerprint: secret.fingerprint().hex(),
        made_at,
        expires_at: args.expires.map(|expires| made_at + expires),
    };
    let store = store(&args.store).await?;
    let kept = in_time(store.make_token(&token)).await?;
    let what = format!("token {} of {} ({})", kept.number, kept.name, kept.role);
    take_down(&store, "token.create", &what).await?;
    if args.json {
        anstream::println!(
            "{:#}",
            json!({ "number": kept.number, "name": kept.name, "role": kept.role,
                "expires_at": kept.expires_at.map(Moment::rfc3339), "token": secret.expose() })
        );
        return Ok(ExitCode::Done);
    }
    anstream::println!("{}", secret.expose());
    let until = kept
        .expires_at
        .map_or("for ever".to_owned(), |at| format!("until {at}"));
    anstream::eprintln!(
        "Token {} of {} ({}), good {until}. It is shown this once; only its SHA-256 is kept.",
        kept.number,
        kept.name,
        kept.role
    );
    Ok(ExitCode::Done)
}

async fn list(args: TokenListArgs) -> Result<ExitCode, Failure> {
    let store = store(&args.store).await?;
    let tokens = in_time(store.tokens()).await?;
    if args.json {
        let shown: Vec<_> = tokens
            .iter()
            .map(|token| {
                let at = |at: Option<Moment>| at.map(Moment::rfc3339);
                json!({ "number": token.number, "name": token.name, "role": token.role,
                    "made_at": token.made_at.rfc3339(), "expires_at": at(token.expires_at),
                    "used_at": at(token.used_at), "revoked_at": at(token.revoked_at) })
            })
            .collect();
        anstream::println!("{:#}", json!({ "tokens": shown }));
        return Ok(ExitCode::Done);
    }
    if tokens.is_empty() {
        anstream::println!(
            "There is no token. `turnback token create --role viewer --name NAME` makes one."
        );
        return Ok(ExitCode::Done);
    }
    let mut shown = table(["token", "name", "role", "made (UTC)", "last used", "is"]);
    for token in &tokens {
        shown.add_row([
            token.number.to_string(),
            token.name.clone(),
            token.role.clone(),
            token.made_at.to_string(),
            token
                .used_at
                .map_or("never".to_owned(), |at| at.to_string()),
            standing(token),
        ]);
    }
    anstream::println!("{shown}");
    Ok(ExitCode::Done)
}

/// Takes down who did it: whoever may write the control store may do everything.
async fn take_down(store: &ControlStore, action: &str, object: &str) -> Result<(), Failure> {
    let action = Action {
        at: now(),
        who: std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned()),
        came_by: "command line".to_owned(),
        role: Role::Approver.to_string(),
        action: action.to_owned(),
        object: Some(object.to_owned()),
        why: None,
        detail: "null".to_owned(),
        outcome: "done".to_owned(),
        because: None,
    };
    Ok(in_time(store.take_down(&action)).await?)
}

fn standing(token: &KeptToken) -> String {
    match (token.revoked_at, token.expires_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(at)) if at <= now() => format!("expired {at}"),
        (None, Some(at)) => format!("good until {at}"),
        (None, None) => "good".to_owned(),
    }
}

async fn revoke(args: TokenRevokeArgs) -> Result<ExitCode, Failure> {
    let store = store(&args.store).await?;
    if in_time(store.revoke_token(args.number, now())).await? {
        take_down(&store, "token.revoke", &format!("token {}", args.number)).await?;
        anstream::println!(
            "Token {} is revoked, and its sessions are over; a serving process heeds that within seconds.",
            args.number
        );
        return Ok(ExitCode::Done);
    }
    Err(
        Failure::usage(format!("there is no good token {}", args.number))
            .next("`turnback token list` shows them."),
    )
}
