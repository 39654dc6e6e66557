//! Rule: `core ← engine ← {postgres, store, outbound, server} ← turnback`, so that a part can
//! be understood, tested and replaced without the parts beside it.

use super::Breach;
use super::workspace::Package;

const CORE: &str = "turnback-core";
const ENGINE: &str = "turnback-engine";
const TESTKIT: &str = "turnback-testkit";
/// The command line puts the parts together, so it alone may use them all.
const TOP: &str = "turnback";

/// Each crate below the top, and which of ours it may use.
const ORDER: &[(&str, &[&str])] = &[
    (CORE, &[]),
    (ENGINE, &[CORE]),
    ("turnback-postgres", &[CORE, ENGINE]),
    ("turnback-store", &[CORE, ENGINE]),
    ("turnback-outbound", &[CORE, ENGINE]),
    ("turnback-server", &[CORE, ENGINE]),
    // Applications link it: it brings none of ours along.
    ("turnback-compat", &[]),
    // It judges the others, so it must not believe what they believe.
    (TESTKIT, &[]),
];

pub fn breaches(packages: &[Package]) -> Vec<Breach> {
    packages.iter().flat_map(breaches_of).collect()
}

fn breaches_of(package: &Package) -> Vec<Breach> {
    let place = format!("crates/{}/Cargo.toml", package.name);
    if package.name == TOP {
        return Vec::new();
    }
    let Some((_, allowed)) = ORDER.iter().find(|(name, _)| *name == package.name) else {
        return vec![Breach::new(
            place,
            format!("{} has no place in the crate order", package.name),
            "give it one in ORDER in crates/turnback/tests/tidy/crate_order.rs, and in ARCHITECTURE.md",
        )];
    };
    package
        .dependencies
        .iter()
        .filter(|used| used.name == TOP || used.name.starts_with("turnback-"))
        .filter(|used| !allowed.contains(&used.name.as_str()))
        // The core's tests need no database: that it is pure is the point.
        .filter(|used| !(used.for_tests && used.name == TESTKIT && package.name != CORE))
        .map(|used| {
            Breach::new(
                &place,
                format!("{} must not depend on {}", package.name, used.name),
                "move what both need into turnback-core, or a trait for it into turnback-engine, and let the crate turnback join the two",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::workspace::Dependency;
    use super::*;

    fn package(name: &str, uses: &str, for_tests: bool) -> Package {
        Package {
            name: name.to_owned(),
            dependencies: vec![Dependency {
                name: uses.to_owned(),
                for_tests,
            }],
        }
    }

    fn allowed(name: &str, uses: &str, for_tests: bool) -> bool {
        breaches(&[package(name, uses, for_tests)]).is_empty()
    }

    #[test]
    fn the_order_goes_one_way() {
        assert!(allowed("turnback-engine", "turnback-core", false));
        assert!(!allowed("turnback-core", "turnback-engine", false));
        assert!(!allowed("turnback-engine", "turnback-postgres", false));
        assert!(!allowed("turnback-store", "turnback", false));
    }

    #[test]
    fn crates_of_the_middle_do_not_know_one_another_even_in_tests() {
        assert!(!allowed("turnback-postgres", "turnback-store", false));
        assert!(!allowed("turnback-store", "turnback-postgres", true));
    }

    #[test]
    fn the_testkit_is_for_tests_alone() {
        assert!(allowed("turnback-postgres", "turnback-testkit", true));
        assert!(!allowed("turnback-postgres", "turnback-testkit", false));
        assert!(!allowed("turnback-core", "turnback-testkit", true));
    }

    #[test]
    fn the_top_may_use_all_and_others_are_none_of_our_business() {
        assert!(allowed("turnback", "turnback-testkit", false));
        assert!(allowed("turnback-core", "serde", false));
    }

    #[test]
    fn a_new_crate_must_be_given_a_place() {
        let found = breaches(&[package("turnback-new", "serde", false)]);
        assert_eq!(found[0].place, "crates/turnback-new/Cargo.toml");
        assert!(found[0].remedy.contains("ORDER"), "{}", found[0]);
    }
}
