//! `turnback up --hand-to`: hands a run to a serving process, and follows it to its end.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use turnback_core::exit::ExitCode;
use turnback_outbound::{Http, NotServed, Serving};

use crate::cli::UpArgs;
use crate::failure::Failure;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);
/// How long a process that was reached once may be away before it is no longer waited for.
const AWAY: Duration = Duration::from_secs(120);
/// Where the token is.
const TOKEN: &str = "TURNBACK_TOKEN";

/// Hands the run over, and gives the exit code that it ends with.
pub(super) async fn run(args: &UpArgs, url: &str) -> Result<ExitCode, Failure> {
    let http = Http::new().map_err(|error| Failure::new(ExitCode::Failed, error.to_string()))?;
    let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
    let serving = Serving::new(http, url, token);
    let order = json!({
        "order": {
            "command": "up",
            "to": args.to,
            "expand_only": args.expand_only,
            "irreversible": args.yes,
        },
        "why": args.why,
    });
    let run = serving
        .post("/runs", &order)
        .await
        .map_err(|no| not_handed(&serving, no))?;
    let Some(number) = run["number"].as_i64() else {
        return Err(Failure::new(
            ExitCode::Failed,
            format!("{} answered, and not as turnback does", serving.address()),
        ));
    };
    anstream::eprintln!("run {number} is in the hands of {}", serving.address());
    tokio::select! {
        ended = follow(&serving, number) => ended,
        _ = tokio::signal::ctrl_c() => Err(Failure::new(
            ExitCode::Stopped,
            format!("run {number} is no longer followed; it goes on at {}", serving.address()),
        )
        .next(format!("`POST /api/v1/runs/{number}/stop` stops it there."))),
    }
}

/// Shows what it says until it has ended.
async fn follow(serving: &Serving, number: i64) -> Result<ExitCode, Failure> {
    let mut seen = 0;
    let mut doing = String::new();
    let mut heard = Instant::now();
    loop {
        match look(serving, number, &mut seen, &mut doing).await {
            Ok(Some(run)) => return ended(&run),
            Ok(None) => heard = Instant::now(),
            Err(NotServed::Away(_)) if heard.elapsed() < AWAY => {}
            Err(no) => return Err(lost(serving, number, no)),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// One look: the run, once it has ended.
async fn look(
    serving: &Serving,
    number: i64,
    seen: &mut u64,
    doing: &mut String,
) -> Result<Option<Json>, NotServed> {
    // The run first: what it said before its end is then shown, too.
    let run = serving.get(&format!("/runs/{number}")).await?;
    let progress = serving.get("/progress").await?;
    if progress["run"].as_i64() == Some(number) {
        let count = progress["line_count"].as_u64().unwrap_or(0);
        let lines = progress["lines"].as_array().map_or(&[][..], Vec::as_slice);
        let fresh = usize::try_from(count.saturating_sub(*seen)).unwrap_or(usize::MAX);
        for line in &lines[lines.len().saturating_sub(fresh)..] {
            anstream::eprintln!("{}", line.as_str().unwrap_or_default());
        }
        *seen = count;
        let now = progress["doing"].as_str().unwrap_or_default();
        if !now.is_empty() && now != doing {
            now.clone_into(doing);
            anstream::eprintln!("  {now}");
        }
    }
    Ok((run["state"] == "ended").then_some(run))
}

fn ended(run: &Json) -> Result<ExitCode, Failure> {
    let code = run["exit_code"].as_u64().unwrap_or(1);
    let known = ExitCode::ALL
        .into_iter()
        .find(|known| *known as u64 == code);
    let code = known.unwrap_or(ExitCode::Failed);
    let outcome = run["outcome"].as_str().unwrap_or("it has ended").to_owned();
    if matches!(code, ExitCode::Done | ExitCode::TurnedBack) {
        anstream::println!("{outcome}");
        return Ok(code);
    }
    let failure = Failure::new(code, outcome);
    Err(match run["next"].as_str() {
        Some(next) => failure.next(next),
        None => failure,
    })
}

fn not_handed(serving: &Serving, no: NotServed) -> Failure {
    match no {
        NotServed::Away(why) => Failure::new(ExitCode::Stopped, why).next(format!(
            "Nothing was touched. Is `turnback serve` at work at {}?",
            serving.address()
        )),
        NotServed::Refused {
            status,
            detail,
            next,
        } => {
            let code = match status {
                409 | 503 => ExitCode::Stopped,
                _ => ExitCode::Usage,
            };
            let failure = Failure::new(code, format!("{}: {detail}", serving.address()));
            match (status, next) {
                (401, _) => failure.next(format!(
                    "Nothing was touched. Put a token of the role operator into {TOKEN}."
                )),
                (_, Some(next)) => failure.next(format!("Nothing was touched. {next}")),
                (_, None) => failure.next("Nothing was touched."),
            }
        }
    }
}

fn lost(serving: &Serving, number: i64, no: NotServed) -> Failure {
    let why = match no {
        NotServed::Away(why) => why,
        NotServed::Refused { detail, .. } => detail,
    };
    Failure::new(
        ExitCode::Stopped,
        format!("what becomes of run {number} cannot be seen: {why}"),
    )
    .next(format!(
        "It may go on at {}; `turnback status` shows where everything stands.",
        serving.address()
    ))
}
