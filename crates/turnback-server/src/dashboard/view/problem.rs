//! A page in place of one that cannot be shown.

use askama::Template;

use super::{Broken, Shell};

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "problem.html")]
pub struct ProblemPage {
    /// What stands around it.
    pub shell: Shell,
    /// What happened, what is safe, what to do.
    pub view: Broken,
}
