//! `turnback answer`: answers a question of a run that watches.

use std::time::Duration;

use turnback_core::exit::ExitCode;
use turnback_core::watch::Answer;
use turnback_store::{AskedQuestion, ControlStore};

use crate::cli::AnswerArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::journal::remedy;
use crate::output::watch;
use crate::telling::now;

/// How long a run that is at work may take to take an answer.
const HEARD: Duration = Duration::from_secs(5);
/// Between two looks whether it has.
const LOOK: Duration = Duration::from_millis(100);

pub(crate) async fn run(args: AnswerArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read_alone(&args.file.plan)?;
    let place = &args.file.store;
    let nothing = || anstream::println!("No question is open.");
    let opened = ControlStore::open_existing(place, &loaded.plan().name).await;
    let Some(store) = opened.map_err(|error| Failure::from(error).next(remedy(place)))? else {
        if let Some(number) = args.question {
            return Err(not_there(number));
        }
        nothing();
        return Ok(ExitCode::Done);
    };
    let (Some(number), Some(word)) = (args.question, args.answer) else {
        let open = store.open_questions().await?;
        if open.is_empty() {
            nothing();
        }
        for question in &open {
            show(question);
        }
        return Ok(ExitCode::Done);
    };
    let Some(by) = args.by.filter(|by| !by.trim().is_empty()) else {
        return Err(Failure::usage("it is not known who answers").next("Say so with --by NAME."));
    };
    match store.question(number).await? {
        None => return Err(not_there(number)),
        Some(AskedQuestion {
            closed: Some(how), ..
        }) => {
            return Err(Failure::usage(format!(
                "question {number} is closed: {how}"
            )));
        }
        Some(_) => {}
    }
    let answer = Answer::from(word);
    store
        .answer(number, answer, &by, args.why.as_deref())
        .await?;
    heard(&store, number, answer).await
}

/// Waits until the run has taken the answer, and says what became of it.
async fn heard(store: &ControlStore, number: i64, answer: Answer) -> Result<ExitCode, Failure> {
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < HEARD {
        tokio::time::sleep(LOOK).await;
        let Some(question) = store.question(number).await? else {
            return Err(not_there(number));
        };
        if let Some(why) = question.refused {
            return Err(Failure::usage(format!("the answer does not count: {why}")));
        }
        if let Some(how) = question.closed {
            anstream::println!("Question {number} is closed: {how}.");
            return Ok(ExitCode::Done);
        }
        if question.taken && answer == Answer::Hold {
            anstream::println!("Question {number} stays open, without a deadline.");
            return Ok(ExitCode::Done);
        }
    }
    Err(Failure::new(
        ExitCode::Stopped,
        format!("question {number} is answered, and no run has taken the answer"),
    )
    .next("Is `turnback up` still at work? Where it was ended, type it again: it asks anew where there is still reason to."))
}

fn show(open: &AskedQuestion) {
    let decision = &open.question.decision;
    let left = open.until.map_or("no deadline".to_owned(), |until| {
        watch::left(until.since(now()))
    });
    anstream::println!(
        "Question {} ({left}): {}?\n  {}",
        open.number,
        open.question.about(),
        decision.because
    );
    if !open.question.who().is_empty() {
        anstream::println!("  To be answered by: {}", open.question.who().join(", "));
    }
    anstream::println!(
        "  turnback answer {0} turn-back | go-on | hold",
        open.number
    );
}

fn not_there(number: i64) -> Failure {
    Failure::usage(format!("there is no question {number} of this plan"))
        .next("`turnback answer` shows those that are open.")
}
