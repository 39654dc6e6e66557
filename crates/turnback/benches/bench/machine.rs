//! What the figures were taken on.

use turnback_testkit::Binaries;

use super::Failure;

/// Kilobytes in a gibibyte.
const KILOBYTES: u64 = 1024 * 1024;

/// What follows a key in one of the kernel's files.
fn told(path: &str, key: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .find(|line| line.starts_with(key))
        .and_then(|line| line.split_once(':'))
        .map_or("unknown", |(_, value)| value.trim())
        .to_owned()
}

/// Memory of this machine, in kilobytes; 0 where the kernel does not tell.
fn memory() -> u64 {
    let told = told("/proc/meminfo", "MemTotal");
    let kilobytes = told.split_whitespace().next();
    kilobytes
        .and_then(|kilobytes| kilobytes.parse().ok())
        .unwrap_or(0)
}

/// What servers get as `shared_buffers`, in whole gigabytes: a quarter of the memory, as the manual
/// (20.4.1) advises where a server has a machine to itself.
pub fn shared_buffers() -> u64 {
    (memory() / 4 / KILOBYTES).max(1)
}

/// One sentence about the machine and the server.
pub fn sentence() -> Result<String, Failure> {
    let processor = told("/proc/cpuinfo", "model name");
    let cores = std::thread::available_parallelism()?;
    let binaries = Binaries::find()?;
    Ok(format!(
        "{processor}, {cores} cores, {:.0} GiB of memory, PostgreSQL {}; server and clients on the \
         same machine, commits flushed to disk (`fsync`), `shared_buffers` {} GB, `max_wal_size` \
         32 GB.",
        memory() as f64 / KILOBYTES as f64,
        binaries.major_version().map_or_else(
            || "of unknown version".to_owned(),
            |major| major.to_string()
        ),
        shared_buffers(),
    ))
}
