//! Tries case after case, on two threads, and shrinks the first that fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use turnback_testkit::{Cluster, seed};

use crate::case::{self, Outcome};
use crate::ddl::MAKE_READER;
use crate::genes;

/// The first case's seed, unless `TURNBACK_SEED` says otherwise: whoever runs the tests runs the
/// same cases as everybody else. `make crash-test` goes on from a random one.
const FIRST: u64 = 1;
/// How many cases are tried, unless `TURNBACK_CASES` says otherwise.
const CASES: u64 = 240;
/// No case is begun later than this, unless `TURNBACK_CASES` asks for them all.
const LONGEST: Duration = Duration::from_secs(150);
/// How many cases run at once.
const AT_ONCE: usize = 2;
/// How many simpler cases are tried once one has failed.
const SIMPLER: u32 = 200;
/// For how long, in milliseconds.
const SIMPLER_FOR: u32 = 120_000;

/// What came of all of them.
#[derive(Default)]
struct Tally {
    carried: u64,
    nothing: u64,
    refused: BTreeMap<String, u64>,
    features: BTreeMap<&'static str, u64>,
    writes: (usize, usize),
}

/// Tries cases until there are enough.
pub fn run() {
    let asked: Option<u64> = std::env::var("TURNBACK_CASES")
        .ok()
        .and_then(|text| text.parse().ok());
    let cases = asked.unwrap_or(CASES);
    let first = std::env::var_os("TURNBACK_SEED").map_or(FIRST, |_| seed());
    println!("TURNBACK_SEED={first} TURNBACK_CASES={cases}");
    let begun = Instant::now();
    let template = Cluster::shared().database("generated_version");
    template.execute(MAKE_READER);
    let version: u32 = template
        .execute("SHOW server_version_num")
        .parse()
        .expect("a number");
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let tally = Mutex::new(Tally::default());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed)
                    && (asked.is_some() || begun.elapsed() < LONGEST)
                {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= cases {
                        return;
                    }
                    let seed = first.wrapping_add(n);
                    if let Err(failure) = try_one(seed, version, &tally) {
                        // Who wants no simpler cases wants to know of all that fail.
                        failed.store(config().max_shrink_iters > 0, Ordering::Relaxed);
                        failures.lock().expect("nobody panics").push(failure);
                    }
                }
            });
        }
    });
    let tally = tally.into_inner().expect("nobody panics");
    tally.print(begun.elapsed());
    let failures = failures.into_inner().expect("nobody panics");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    // One case alone may be one that is refused.
    assert!(
        cases < 10 || tally.carried * 2 > tally.refused.values().sum::<u64>() + tally.nothing,
        "most are carried"
    );
}

/// One case, and simpler ones where it fails.
fn try_one(seed: u64, version: u32, tally: &Mutex<Tally>) -> Result<(), String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner =
        TestRunner::new_with_rng(config(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    let told = AtomicBool::new(false);
    let outcome = runner.run(&genes::strategy(), |genes| {
        match runtime.block_on(case::run(&genes, version)) {
            Ok(outcome) => {
                tally.lock().expect("nobody panics").count(outcome);
                Ok(())
            }
            Err(error) => {
                // At once: making it simpler takes a while.
                if !told.swap(true, Ordering::Relaxed) {
                    println!("TURNBACK_SEED={seed} TURNBACK_CASES=1 fails: {error}");
                }
                Err(TestCaseError::fail(error))
            }
        }
    });
    match outcome {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, genes)) => Err(format!(
            "TURNBACK_SEED={seed} TURNBACK_CASES=1 fails. As simple as it could be made:\n{genes:?}\n{}",
            reason.message()
        )),
        Err(TestError::Abort(reason)) => Err(format!(
            "TURNBACK_SEED={seed} TURNBACK_CASES=1: {}",
            reason.message()
        )),
    }
}

/// One case, and no file for those that fail: their seeds are kept in code.
fn config() -> Config {
    let mut config = Config {
        cases: 1,
        failure_persistence: None,
        max_shrink_time: SIMPLER_FOR,
        ..Config::default()
    };
    // Where proptest's own PROPTEST_MAX_SHRINK_ITERS says nothing.
    if config.max_shrink_iters == u32::MAX {
        config.max_shrink_iters = SIMPLER;
    }
    config
}

impl Tally {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Carried { features, writes } => {
                self.carried += 1;
                self.writes.0 += writes.0;
                self.writes.1 += writes.1;
                for feature in features {
                    *self.features.entry(feature).or_default() += 1;
                }
            }
            Outcome::Refused { codes } => {
                let codes: BTreeSet<String> = codes;
                let codes = codes.into_iter().collect::<Vec<_>>().join(" and ");
                *self.refused.entry(codes).or_default() += 1;
            }
            Outcome::Nothing => self.nothing += 1,
        }
    }

    fn print(&self, took: Duration) {
        println!(
            "{} carried, {} refused, {} with no key to convert, in {} s",
            self.carried,
            self.refused.values().sum::<u64>(),
            self.nothing,
            took.as_secs()
        );
        println!(
            "{} writes went through, {} were refused by a constraint, as the model says",
            self.writes.0, self.writes.1
        );
        println!("refused for: {:?}", self.refused);
        println!("carried: {:?}", self.features);
    }
}
