//! The state machine: it grows step by step, and for nothing that is unknown.

use std::time::Duration;

use proptest::prelude::*;
use turnback_core::canary::{
    Canary, CanaryStep, Compare, Next, Noted, Rollout, Seen, Share, ToldBy, Waits,
};
use turnback_core::decision::{Ask, Otherwise};
use turnback_core::guard::Moment;
use turnback_core::scope::Scope;

const HOLD: u64 = 60_000;

fn share(percent: u16) -> Share {
    Share::tenths(percent * 10).expect("at most everybody")
}

fn canary(percents: &[u16], asks: Option<usize>) -> Canary {
    let step = |(at, percent): (usize, &u16)| CanaryStep {
        share: share(*percent),
        hold: Duration::from_millis(HOLD),
        ask: (asks == Some(at)).then(|| Ask {
            scope: Scope::Current,
            deadline: Duration::from_secs(60),
            otherwise: Otherwise::Hold,
            who: vec![],
        }),
    };
    Canary {
        flag: "users-uuid".to_owned(),
        compare: Compare {
            by: ToldBy::Role,
            canary: "new".to_owned(),
            rest: "old".to_owned(),
        },
        steps: percents.iter().enumerate().map(step).collect(),
        drain: Duration::ZERO,
    }
}

/// A canary with the world that it is told of.
struct World {
    rollout: Rollout,
    now: u64,
    flag: Result<Share, String>,
    holds: bool,
    unheard: bool,
    open: Vec<u32>,
}

impl World {
    fn new(canary: Canary) -> Self {
        Self {
            rollout: Rollout::new(canary, &[]),
            now: 0,
            flag: Ok(Share::NONE),
            holds: false,
            unheard: false,
            open: vec![],
        }
    }

    fn look(&mut self) -> Next {
        let seen = Seen {
            share: self.flag.clone(),
            holds: self.holds.then(|| "a guard holds".to_owned()),
            unheard: self.unheard.then(|| "a guard says no data".to_owned()),
            open: self.open.clone(),
        };
        self.rollout.look(Moment(self.now), &seen)
    }

    /// A second goes by; what is to be done is done.
    fn second(&mut self) -> Next {
        self.now += 1_000;
        let next = self.look();
        if let Next::Enter { to, .. } = &next {
            self.flag = Ok(*to);
            self.rollout.entered();
        }
        next
    }

    fn seconds(&mut self, count: u64) -> Next {
        let mut last = self.second();
        for _ in 1..count {
            last = self.second();
        }
        last
    }
}

#[test]
fn it_grows_from_step_to_step_and_then_lets_the_cut_over_follow() {
    let mut world = World::new(canary(&[1, 10, 100], None));
    let mut shares = vec![];
    while !world.rollout.is_through() {
        if let Next::Enter { from, to, .. } = world.second() {
            assert!(from < to);
            shares.push(to);
        }
    }
    assert_eq!(shares, [share(1), share(10), share(100)]);
    // Three steps of a minute; each begins at the second that ends the one before.
    assert_eq!(world.now, 1_000 + 3 * HOLD);
    assert_eq!(world.second(), Next::Through);
}

#[test]
fn time_in_which_something_holds_or_is_unknown_does_not_count() {
    let mut world = World::new(canary(&[1, 10], None));
    world.seconds(30);
    world.holds = true;
    let held = world.seconds(600);
    assert!(matches!(
        held,
        Next::Wait {
            why: Waits::Watch(_)
        }
    ));
    (world.holds, world.unheard) = (false, true);
    let unknown = world.seconds(600);
    assert!(matches!(
        unknown,
        Next::Wait {
            why: Waits::Unheard(_)
        }
    ));
    world.unheard = false;
    assert!(matches!(world.seconds(30), Next::Hold { .. }));
    assert_eq!(world.rollout.share(), share(1));
    assert!(matches!(world.second(), Next::Enter { step: 1, .. }));
}

#[test]
fn a_machine_that_slept_brings_no_step_nearer() {
    let mut world = World::new(canary(&[1, 10], None));
    world.seconds(10);
    world.now += 86_400_000;
    assert!(matches!(world.second(), Next::Hold { left } if left.as_secs() > 40));
}

#[test]
fn a_persons_zero_is_a_stop_and_is_never_written_over() {
    let mut world = World::new(canary(&[1, 10, 100], None));
    world.seconds(70);
    assert_eq!(world.rollout.share(), share(10));
    world.flag = Ok(Share::NONE);
    for _ in 0..1_000 {
        let next = world.second();
        let Next::Wait {
            why: Waits::Flag(why),
        } = &next
        else {
            panic!("{next:?}");
        };
        assert!(
            why.contains("is at 0%, and the canary left it at 10%"),
            "{why}"
        );
    }
    // Put back by a person: the step is watched anew.
    world.flag = Ok(share(10));
    assert!(
        matches!(world.second(), Next::Hold { left } if left.as_millis() as u64 > HOLD - 2_000)
    );
}

#[test]
fn a_share_that_somebody_raised_is_a_stop_too() {
    let mut world = World::new(canary(&[1, 10], None));
    world.flag = Ok(share(50));
    assert!(matches!(
        world.second(),
        Next::Wait {
            why: Waits::Flag(_)
        }
    ));
}

#[test]
fn a_flag_that_cannot_be_read_is_no_step() {
    let mut world = World::new(canary(&[1, 10], None));
    world.seconds(5);
    world.flag = Err("the control store is locked".to_owned());
    let waits = world.seconds(600);
    assert!(matches!(
        waits,
        Next::Wait {
            why: Waits::Flag(_)
        }
    ));
    assert_eq!(world.rollout.share(), share(1));
}

#[test]
fn a_step_that_asks_goes_on_when_its_question_is_closed_and_not_before() {
    let mut world = World::new(canary(&[1, 50, 100], Some(1)));
    world.seconds(1 + 60 + 59);
    let Next::Ask { .. } = world.second() else {
        panic!("it asks at the end of the step");
    };
    world.rollout.asked(7);
    world.open = vec![7];
    world.seconds(600);
    assert_eq!(world.rollout.share(), share(50));
    world.open = vec![];
    let next = world.second();
    assert_eq!(
        next,
        Next::Enter {
            step: 2,
            from: share(50),
            to: share(100)
        }
    );
}

#[test]
fn whoever_goes_on_after_a_crash_is_in_the_step_that_was_noted_last() {
    let canary = canary(&[1, 10, 100], None);
    let noted = |percent, is_set| Noted {
        flag: canary.flag.clone(),
        share: share(percent),
        is_set,
    };
    let go_on = |noted: &[Noted], flag| {
        let mut world = World::new(canary.clone());
        world.rollout = Rollout::new(canary.clone(), noted);
        world.flag = Ok(share(flag));
        world.second()
    };
    // Noted and not set: it is set now, whether the flag has it already or not.
    let begun = [noted(1, false), noted(1, true), noted(10, false)];
    for flag in [1, 10] {
        let next = go_on(&begun, flag);
        assert!(
            matches!(next, Next::Enter { step: 1, .. }),
            "{flag}: {next:?}"
        );
    }
    // Set: its time begins anew, and nothing is skipped.
    let set = [
        noted(1, false),
        noted(1, true),
        noted(10, false),
        noted(10, true),
    ];
    assert!(matches!(go_on(&set, 10), Next::Hold { .. }));
    // The flag went to zero before a way back that did not come: it stays there.
    for noted in [&begun[..], &set[..]] {
        let next = go_on(noted, 0);
        assert!(
            matches!(
                next,
                Next::Wait {
                    why: Waits::Flag(_)
                }
            ),
            "{next:?}"
        );
    }
    // Notes of another flag are another's.
    let other = Noted {
        flag: "another".to_owned(),
        ..noted(100, true)
    };
    assert!(matches!(go_on(&[other], 0), Next::Enter { step: 0, .. }));
}

/// What may happen at one moment.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Seconds(u8),
    Sleep,
    Hold(bool),
    Unheard(bool),
    Unreadable,
    Person(u16),
    PutBack,
    /// The process dies, after so many of the three things that beginning a step consists of.
    Crash(u8),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (1..90u8).prop_map(Deed::Seconds),
        1 => Just(Deed::Sleep),
        1 => any::<bool>().prop_map(Deed::Hold),
        1 => any::<bool>().prop_map(Deed::Unheard),
        1 => Just(Deed::Unreadable),
        1 => (0..=100u16).prop_map(Deed::Person),
        3 => Just(Deed::PutBack),
        2 => (0..=3u8).prop_map(Deed::Crash),
    ]
}

proptest! {
    /// Whatever happens, in whatever order: no step is skipped, none begins before the one before
    /// has held, and a share that somebody set is never written over.
    #[test]
    fn no_step_is_skipped_and_nobody_is_overruled(deeds in prop::collection::vec(deed(), 1..60)) {
        let plan = canary(&[1, 10, 50, 100], None);
        let mut world = World::new(plan.clone());
        let mut noted: Vec<Noted> = vec![];
        // What was watched of the share that stands, as an onlooker counts it.
        let mut watched = 0;
        let mut crash: Option<u8> = None;
        let note = |share, is_set| Noted { flag: plan.flag.clone(), share, is_set };
        for deed in deeds {
            let mut seconds = 0;
            match deed {
                Deed::Seconds(count) => seconds = count,
                Deed::Sleep => world.now += 3_600_000,
                Deed::Hold(holds) => world.holds = holds,
                Deed::Unheard(unheard) => world.unheard = unheard,
                Deed::Unreadable => world.flag = Err("locked".to_owned()),
                Deed::Person(percent) => world.flag = Ok(share(percent)),
                Deed::PutBack => world.flag = Ok(world.rollout.share()),
                Deed::Crash(after) => crash = Some(after),
            }
            for _ in 0..seconds {
                world.now += 1_000;
                let before = world.flag.clone();
                let next = world.look();
                match &next {
                    Next::Enter { step, from, to } => {
                        prop_assert!(!world.holds && !world.unheard);
                        let found = before.clone().expect("it was read");
                        prop_assert!(found == *from || found == *to, "{found} was overruled");
                        if *step > 0 {
                            prop_assert_eq!(*from, plan.steps[*step - 1].share);
                            prop_assert!(watched + 1_000 >= HOLD, "{watched} ms of {HOLD}");
                        }
                        let dies = crash.take().unwrap_or(u8::MAX);
                        noted.push(note(*to, false));
                        if dies >= 1 {
                            world.flag = Ok(*to);
                        }
                        if dies >= 2 {
                            noted.push(note(*to, true));
                        }
                        if dies < 3 {
                            world.rollout = Rollout::new(plan.clone(), &noted);
                            if dies >= 2 { watched = 0; }
                        } else {
                            world.rollout.entered();
                            watched = 0;
                        }
                    }
                    Next::Hold { .. } => watched += 1_000,
                    Next::Wait { why: Waits::Flag(_) } => {
                        // A step that is noted is owed, and that before it has held.
                        if noted.last().is_none_or(|noted| noted.is_set) {
                            watched = 0;
                        }
                    }
                    Next::Through => prop_assert_eq!(world.rollout.share(), share(100)),
                    Next::Wait { .. } | Next::Ask { .. } => {}
                }
                if !matches!(next, Next::Enter { .. }) {
                    prop_assert_eq!(&world.flag, &before);
                }
            }
        }
    }

    /// The same events make the same of it again, also where it was stored in between.
    #[test]
    fn it_can_be_stored_at_any_moment_and_goes_on_the_same(cut in 0..200u64) {
        let mut kept = World::new(canary(&[1, 10, 100], None));
        let mut other = World::new(canary(&[1, 10, 100], None));
        for second in 0..200 {
            prop_assert_eq!(kept.second(), other.second());
            if second == cut {
                let json = serde_json::to_string(&other.rollout).unwrap();
                other.rollout = serde_json::from_str(&json).unwrap();
            }
        }
        prop_assert_eq!(kept.rollout, other.rollout);
    }
}
