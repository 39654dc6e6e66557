//! Made-up latencies: what they look like, sample after sample, when nothing changes.

use std::f64::consts::PI;

use super::draws::Draws;

/// A shape of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// Normal, 10% wide: a mean over very many statements.
    Even,
    /// Log-normal, as latencies are: a third of all samples more than 40% off.
    Skewed,
    /// Narrow, and three samples in a hundred ten times as high.
    Spikes,
    /// Each sample like the one before: what is slow stays slow for a minute.
    Clinging,
    /// Four in five from the cache, one in five three times as slow.
    TwoModes,
    /// Whole milliseconds from one to five: many equal values.
    Coarse,
    /// Narrow, and 10% up and down with the hour.
    Tide,
}

impl Noise {
    pub const ALL: [Self; 7] = [
        Self::Even,
        Self::Skewed,
        Self::Spikes,
        Self::Clinging,
        Self::TwoModes,
        Self::Coarse,
        Self::Tide,
    ];
}

/// One series: endless, in seconds, around ten milliseconds (coarse ones around three).
#[derive(Clone, Debug)]
pub struct Series {
    noise: Noise,
    draws: Draws,
    before: f64,
    n: u32,
    start: f64,
}

impl Series {
    pub fn new(noise: Noise, seed: u64) -> Self {
        let mut draws = Draws::new(seed);
        let before = draws.normal();
        let start = draws.unit();
        Self {
            noise,
            draws,
            before,
            n: 0,
            start,
        }
    }

    /// The next sample, with everything so many times as slow.
    pub fn next(&mut self, times: f64) -> f64 {
        self.n += 1;
        let normal = self.draws.normal();
        let usual = match self.noise {
            Noise::Even => (1.0 + 0.1 * normal).max(0.1),
            Noise::Skewed => (0.4 * normal).exp(),
            Noise::Spikes => {
                let high = if self.draws.unit() < 0.03 { 10.0 } else { 1.0 };
                high * (0.15 * normal).exp()
            }
            Noise::Clinging => {
                self.before = 0.8 * self.before + 0.6 * normal;
                (0.3 * self.before).exp()
            }
            Noise::TwoModes => {
                let slow = if self.draws.unit() < 0.2 { 3.0 } else { 1.0 };
                slow * (0.1 * normal).exp()
            }
            Noise::Coarse => {
                let value = 3.0 * times * (0.3 * normal).exp();
                return value.round().max(1.0) / 1_000.0;
            }
            Noise::Tide => {
                let hour = f64::from(self.n) / 360.0 + self.start;
                (1.0 + 0.1 * (2.0 * PI * hour).sin()) * (0.15 * normal).exp()
            }
        };
        usual * times / 100.0
    }
}
