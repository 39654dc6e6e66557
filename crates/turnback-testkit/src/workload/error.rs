//! Why a workload could not start, or its outcome not be checked.

/// A query of the workload's own (not of a writer: those are counted, see
/// [`Report`](super::Report)) failed.
#[derive(Debug, thiserror::Error)]
#[error("the workload could not {doing}")]
pub struct WorkloadError {
    pub(super) doing: String,
    /// The driver's answer.
    #[source]
    pub(super) source: sqlx::Error,
}

impl WorkloadError {
    pub(crate) fn while_doing(doing: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Self {
        let doing = doing.into();
        move |source| Self { doing, source }
    }
}
