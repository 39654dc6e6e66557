//! Made-up measurements of two groups of users: how they scatter, and what slows down both.

use super::draws::Draws;

impl Draws {
    /// Gamma, of a shape of 1 or more (Marsaglia and Tsang, “A Simple Method for Generating Gamma
    /// Variables”, 2000).
    fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.unit().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    /// How many of so many requests fail, each as often as the part says.
    pub fn failures(&mut self, of: f64, part: f64) -> f64 {
        let expected = of * part;
        if expected > 50.0 {
            let deviation = (expected * (1.0 - part)).sqrt();
            return (expected + deviation * self.normal()).round().max(0.0);
        }
        // Poisson, by counting arrivals (Knuth, 3.4.1).
        let (limit, mut product, mut count) = ((-expected).exp(), self.unit(), 0.0_f64);
        while product > limit {
            product *= self.unit();
            count += 1.0;
        }
        count.min(of)
    }

    /// The quantile `part` of the logarithms of so many requests, as `percentile_cont` has it:
    /// between two of them in their order, drawn as such (the k-th of n uniform numbers is
    /// distributed as Beta(k, n − k + 1)).
    pub fn quantile(&mut self, of: f64, part: f64) -> f64 {
        let place = part * (of - 1.0);
        let (k, between) = (place.floor() + 1.0, place.fract());
        let upper = (k + 1.0).min(of);
        let (a, b) = (self.gamma(upper), self.gamma(of - upper + 1.0));
        let high = a / (a + b);
        let low = if upper > k {
            high * self.unit().powf(1.0 / k)
        } else {
            high
        };
        (1.0 - between) * normal_quantile(low) + between * normal_quantile(high)
    }
}

/// The quantile of the normal distribution (Abramowitz and Stegun, 26.2.23: within 0.0005).
fn normal_quantile(part: f64) -> f64 {
    let tail = part.min(1.0 - part).max(1e-12);
    let t = (-2.0 * tail.ln()).sqrt();
    let z = t
        - (2.515_517 + t * (0.802_853 + t * 0.010_328))
            / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    if part < 0.5 { -z } else { z }
}

/// What is measured of each group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// The 95th of a hundred latencies; those of single requests are log-normal, σ 1.
    Latency,
    /// The part of requests that fails; so many of the rest's do.
    Errors(f64),
}

/// What one rollout is tried with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kind {
    pub measure: Measure,
    /// Requests of all users in ten seconds.
    pub requests: f64,
    /// Over how many intervals each sample looks back. With more than one each is like the one
    /// before.
    pub window: usize,
    /// Whether something elsewhere makes everything 2.5 times as slow for five minutes, for both
    /// groups alike, in each step that has a rest.
    pub is_disturbed: bool,
}

/// One group's measurements, sample after sample.
#[derive(Clone, Debug)]
pub struct Group {
    kind: Kind,
    draws: Draws,
    /// What was measured in each of the last intervals, and of how many requests.
    lately: Vec<(f64, f64)>,
}

impl Group {
    pub fn new(kind: Kind, seed: u64) -> Self {
        Self {
            kind,
            draws: Draws::new(seed),
            lately: Vec::new(),
        }
    }

    /// The next sample, of a group with this share of all users, everything so many times as bad
    /// as `usual`. None where nobody of the group was there.
    pub fn next(&mut self, share: f64, usual: f64, times: f64) -> Option<f64> {
        let requests = (self.kind.requests * share).round();
        if requests >= 2.0 {
            let measured = match self.kind.measure {
                Measure::Latency => {
                    // What is peculiar to the group at this moment: a pool, a machine.
                    let own = 0.05 * self.draws.normal();
                    let log = self.draws.quantile(requests, 0.95) + own;
                    0.02 * usual * times * log.exp() * requests
                }
                Measure::Errors(part) => self.draws.failures(requests, (part * times).min(1.0)),
            };
            self.lately.push((measured, requests));
        }
        let from = self.lately.len().saturating_sub(self.kind.window);
        let (measured, requests) = self.lately[from..]
            .iter()
            .fold((0.0, 0.0), |all, one| (all.0 + one.0, all.1 + one.1));
        (requests > 0.0).then(|| measured / requests)
    }
}

/// What slows down both groups alike: a drift by 10% that stays for a while.
#[derive(Clone, Debug)]
pub struct Drift {
    draws: Draws,
    at: f64,
}

impl Drift {
    pub fn new(seed: u64) -> Self {
        let mut draws = Draws::new(seed);
        let at = draws.normal();
        Self { draws, at }
    }

    /// How many times as slow as usual.
    pub fn next(&mut self) -> f64 {
        self.at = 0.95 * self.at + (1.0_f64 - 0.9025).sqrt() * self.draws.normal();
        (0.1 * self.at).exp()
    }
}
