//! The edges of hooks: whoever runs them, and whoever is asked when one fails.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use turnback_core::hook::{Hook, HookOutcome};
use turnback_core::recovery::ValidationLine;

/// What an edge that is chosen at run time gives back.
pub type Boxed<'a, R> = Pin<Box<dyn Future<Output = R> + Send + 'a>>;

/// Runs hooks.
pub trait Hooks: Send + Sync {
    /// Runs a hook to its end or its time limit. A failure is an outcome, too. `variables` are
    /// what a program is told by its environment.
    fn run<'a>(
        &'a self,
        hook: &'a Hook,
        variables: &'a BTreeMap<String, String>,
    ) -> Boxed<'a, HookOutcome>;
}

/// A person who may be there.
pub trait Asks: Send + Sync {
    /// Whether the run goes on without a hook that failed; nothing where nobody is there.
    fn goes_on_without<'a>(
        &'a self,
        hook: &'a Hook,
        outcome: &'a HookOutcome,
    ) -> Boxed<'a, Option<bool>>;
}

/// Whoever can say whether what is measured is as it was before a phase.
pub trait Measures: Send + Sync {
    /// Lines of the validation after turning back, each with its evidence.
    fn lines(&self) -> Boxed<'_, Vec<ValidationLine>>;
}

/// What a run has for its hooks. A run without it runs none.
#[derive(Clone)]
pub struct Helpers {
    /// The hooks of the plan, in its order.
    pub plan: Arc<[Hook]>,
    /// Runs them.
    pub hooks: Arc<dyn Hooks>,
    /// Is asked when one fails of which the plan says so.
    pub asks: Arc<dyn Asks>,
}
