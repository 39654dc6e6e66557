//! Decisions: questions that wait for a person, and those that were closed.

use askama::Template;

use super::{Badge, Left, Mark, On, Pair, Part, Shell};

/// The page of all of them.
#[derive(Clone, Debug, Template)]
#[template(path = "decisions.html")]
pub struct DecisionsPage {
    /// What stands around it.
    pub shell: Shell,
    /// What it shows.
    pub view: Part<Decisions>,
}

/// The page of one, with its form.
#[derive(Clone, Debug, Template)]
#[template(path = "answer.html")]
pub struct AnswerPage {
    /// What stands around it.
    pub shell: Shell,
    /// What it shows.
    pub view: Part<OpenQuestion>,
    /// What was wrong with what was sent.
    pub wrong: Option<String>,
    /// The reason that was sent.
    pub reason: String,
}

/// What the page of decisions shows.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    /// Those that wait, the most urgent first.
    pub open: Vec<OpenQuestion>,
    /// Those that were closed, newest first.
    pub closed: Vec<ClosedQuestion>,
}

/// A question that waits for a person.
#[derive(Clone, Debug)]
pub struct OpenQuestion {
    /// What it is answered by.
    pub number: i64,
    /// What is asked.
    pub question: String,
    /// Why, in sentences.
    pub because: String,
    /// When it was asked.
    pub asked: On,
    /// How long an answer may take; none where it waits for as long as it takes.
    pub left: Option<Left>,
    /// What is done without an answer, as a sentence.
    pub without: String,
    /// Who may answer.
    pub who: String,
    /// What turning back means, as a sentence.
    pub if_back: String,
    /// What going on means, as a sentence.
    pub if_on: String,
    /// What guards say: name and level.
    pub guards: Vec<(String, Badge)>,
    /// What else is to be known.
    pub facts: Vec<Pair>,
    /// Whoever looks at it may answer.
    pub may_answer: bool,
}

/// A question that was closed.
#[derive(Clone, Debug)]
pub struct ClosedQuestion {
    /// Its number.
    pub number: i64,
    /// What was asked.
    pub question: String,
    /// When.
    pub asked: On,
    /// How it was closed.
    pub badge: Badge,
    /// By whom, in words.
    pub by: String,
    /// Why, where that was said.
    pub why: String,
}
