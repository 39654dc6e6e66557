//! Signing in.

use askama::Template;

use super::Shell;

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    /// What stands around it.
    pub shell: Shell,
    /// What it shows.
    pub view: SignIn,
}

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    /// Why what was sent was refused.
    pub wrong: Option<String>,
    /// Where to go afterwards.
    pub then: String,
}
