//! Which backups are kept: a rule that never gives up the last good one.

use serde::Serialize;

use super::manifest::{BackupState, Manifest};

/// A backup, as retention sees it.
#[derive(Clone, Debug)]
pub struct Kept<'a> {
    /// What is known about it.
    pub manifest: &'a Manifest,
    /// Somebody is at work on it.
    pub at_work: bool,
    /// A file of it is missing or has another size.
    pub damaged: bool,
}

impl Kept<'_> {
    fn is_good(&self) -> bool {
        self.manifest.is_good() && !self.damaged
    }
}

/// What becomes of a backup, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Keeping {
    /// Among the newest good ones.
    Newest,
    /// Newer than the oldest good one that is kept, and not verified yet.
    MayBecomeGood,
    /// Somebody is at work on it.
    AtWork,
    /// There is nothing better.
    NothingBetter,
    /// Goes: there are enough newer good ones.
    Superseded,
    /// Goes: it did not come to its end, or is damaged.
    Worthless,
}

impl Keeping {
    /// Whether it goes.
    pub fn goes(self) -> bool {
        match self {
            Self::Superseded | Self::Worthless => true,
            Self::Newest | Self::MayBecomeGood | Self::AtWork | Self::NothingBetter => false,
        }
    }

    /// In words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Newest => "among the newest that are verified",
            Self::MayBecomeGood => "not verified yet, and newer than what is kept",
            Self::AtWork => "at work",
            Self::NothingBetter => "nothing better is there",
            Self::Superseded => "there are enough newer ones that are verified",
            Self::Worthless => "it is not whole",
        }
    }
}

/// What becomes of each backup when `keep` good ones are kept, in the order given. One that is
/// not verified counts as none: it neither takes a place nor goes before enough good ones are
/// newer than it.
pub fn prune(backups: &[Kept<'_>], keep: usize) -> Vec<Keeping> {
    let newer_good = |than: &Kept<'_>| {
        backups
            .iter()
            .filter(|other| {
                other.is_good()
                    && (other.manifest.taken_epoch, &other.manifest.id)
                        > (than.manifest.taken_epoch, &than.manifest.id)
            })
            .count()
    };
    let any_good = backups.iter().any(Kept::is_good);
    let keep = keep.max(1);
    backups
        .iter()
        .map(|backup| {
            let whole = matches!(backup.manifest.state, BackupState::Whole) && !backup.damaged;
            match (backup.at_work, whole) {
                (true, _) => Keeping::AtWork,
                (false, false) => Keeping::Worthless,
                (false, true) if newer_good(backup) >= keep => Keeping::Superseded,
                (false, true) if backup.is_good() => Keeping::Newest,
                (false, true) if any_good => Keeping::MayBecomeGood,
                (false, true) => Keeping::NothingBetter,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Verified;
    use super::super::requirement::tests::manifest;
    use super::*;

    fn backup(at: i64, verified: bool) -> Manifest {
        let mut manifest = manifest(at);
        manifest.verified = verified.then(|| Verified {
            at: String::new(),
            server_version: 150_000,
            millis: 1,
        });
        manifest
    }

    fn decided(backups: &[Manifest], keep: usize) -> Vec<Keeping> {
        let kept: Vec<Kept<'_>> = backups
            .iter()
            .map(|manifest| Kept {
                manifest,
                at_work: false,
                damaged: false,
            })
            .collect();
        prune(&kept, keep)
    }

    #[test]
    fn the_newest_good_ones_are_kept_and_older_ones_go() {
        let backups = [backup(1, true), backup(2, true), backup(3, true)];
        assert_eq!(
            decided(&backups, 2),
            [Keeping::Superseded, Keeping::Newest, Keeping::Newest]
        );
    }

    #[test]
    fn the_last_good_one_never_goes_whatever_is_newer_and_however_few_are_kept() {
        let backups = [backup(1, true), backup(2, false), backup(3, false)];
        for keep in [0, 1, 5] {
            assert_eq!(
                decided(&backups, keep),
                [
                    Keeping::Newest,
                    Keeping::MayBecomeGood,
                    Keeping::MayBecomeGood
                ]
            );
        }
    }

    #[test]
    fn without_a_good_one_nothing_that_is_whole_goes() {
        let backups = [backup(1, false), backup(2, false)];
        assert_eq!(
            decided(&backups, 1),
            [Keeping::NothingBetter, Keeping::NothingBetter]
        );
    }

    #[test]
    fn what_is_not_whole_goes_and_what_somebody_is_at_stays() {
        let mut begun = backup(3, false);
        begun.state = BackupState::Begun;
        let good = backup(2, true);
        let kept = |at_work| Kept {
            manifest: &begun,
            at_work,
            damaged: false,
        };
        let damaged = Kept {
            manifest: &good,
            at_work: false,
            damaged: true,
        };
        assert_eq!(
            prune(&[kept(true), kept(false), damaged], 1),
            [Keeping::AtWork, Keeping::Worthless, Keeping::Worthless]
        );
    }
}
