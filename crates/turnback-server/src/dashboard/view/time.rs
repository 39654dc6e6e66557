//! Moments and deadlines, as pages show them: the script counts on from what the server wrote.

use std::fmt;
use std::time::Duration;

use askama::filters::HtmlSafe;
use turnback_core::guard::Moment;
use turnback_core::human::human_duration;

/// A moment: its time of day, with the date where one points at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At(pub Moment);

impl At {
    /// `13:25:34`.
    pub fn clock(self) -> String {
        let shown = self.0.to_string();
        shown.get(11..19).unwrap_or(&shown).to_owned()
    }

    /// `2026-11-21 13:25`, for what may be of another day.
    pub fn minute(self) -> String {
        let shown = self.0.to_string();
        shown.get(..16).unwrap_or(&shown).to_owned()
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r#"<time datetime="{}" title="{}">{}</time>"#,
            self.0.rfc3339(),
            self.0,
            self.clock()
        )
    }
}

impl HtmlSafe for At {}

/// A moment of any day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct On(pub Moment);

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r#"<time datetime="{}" title="{}">{}</time>"#,
            self.0.rfc3339(),
            self.0,
            At(self.0).minute()
        )
    }
}

impl HtmlSafe for On {}

/// Time that is left until a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// The deadline.
    pub until: Moment,
    /// When the page was made.
    pub now: Moment,
    /// How long it is from its beginning to the deadline, where that is known.
    pub of: Option<Duration>,
}

impl Left {
    /// How much of it is over, in thousandths.
    pub fn over(&self) -> Option<u64> {
        let of = self.of?.as_millis().max(1);
        let left = self.until.since(self.now).as_millis().min(of);
        u64::try_from((of - left) * 1_000 / of).ok()
    }

    /// Whether less than a minute is left.
    pub fn is_short(&self) -> bool {
        self.until.since(self.now) < Duration::from_secs(60)
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = self.until.since(self.now);
        let said = if left.is_zero() {
            "no time".to_owned()
        } else {
            human_duration(left.as_secs_f64())
        };
        write!(
            f,
            r#"<time class="left" role="timer" datetime="{}" data-until="{}">{said}</time>"#,
            self.until.rfc3339(),
            self.until.0,
        )
    }
}

impl HtmlSafe for Left {}

/// Time that has gone by since a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// From when on.
    pub from: Moment,
    /// When the page was made.
    pub now: Moment,
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r#"<time datetime="{}" title="{}" data-since="{}">{}</time>"#,
            self.from.rfc3339(),
            self.from,
            self.from.0,
            human_duration(self.now.since(self.from).as_secs_f64())
        )
    }
}

impl HtmlSafe for Since {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_says_what_is_left_and_how_much_of_it_is_over() {
        let left = Left {
            until: Moment(900_000),
            now: Moment(645_000),
            of: Some(Duration::from_secs(900)),
        };
        assert!(left.to_string().contains(">4 min 15 s</time>"), "{left}");
        assert_eq!(left.over(), Some(716));
        let passed = Left {
            now: Moment(1_000_000),
            ..left
        };
        assert!(passed.to_string().contains(">no time</time>"));
        assert_eq!(passed.over(), Some(1_000));
        assert!(passed.is_short());
    }
}
