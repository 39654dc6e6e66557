//! What the figures were taken on.

use turnback_testkit::Binaries;

use super::Failure;

/// One sentence about the machine and the server.
pub fn sentence() -> Result<String, Failure> {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let after_colon = |text: &str, key: &str| {
        text.lines()
            .find(|line| line.starts_with(key))
            .and_then(|line| line.split_once(':'))
            .map_or("unknown", |(_, value)| value.trim())
            .to_owned()
    };
    let processor = after_colon(&read("/proc/cpuinfo"), "model name");
    let memory: f64 = after_colon(&read("/proc/meminfo"), "MemTotal")
        .split_whitespace()
        .next()
        .and_then(|kilobytes| kilobytes.parse().ok())
        .unwrap_or(0.0);
    let cores = std::thread::available_parallelism()?;
    let binaries = Binaries::find()?;
    Ok(format!(
        "{processor}, {cores} cores, {:.0} GiB of memory, PostgreSQL {}; server and clients on the \
         same machine, commits flushed to disk (`fsync`), `shared_buffers` 1 GB, `max_wal_size` \
         32 GB.",
        memory / 1024.0 / 1024.0,
        binaries.major_version().map_or_else(
            || "of unknown version".to_owned(),
            |major| major.to_string()
        ),
    ))
}
