//! Numbers that scatter as measurements do, the same for the same seed.

/// A stream of draws (SplitMix64: G. L. Steele, D. Lea, C. H. Flood, “Fast Splittable Pseudorandom
/// Number Generators”, OOPSLA 2014).
pub struct Noise(u64);

impl Noise {
    /// A stream of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, and not, 1.
    pub fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// From one number up to another.
    pub fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.part()
    }

    /// True so many times in one.
    pub fn chance(&mut self, part: f64) -> bool {
        self.part() < part
    }

    /// Normal, around 0, with a standard deviation of 1 (G. E. P. Box, M. E. Muller, “A Note on
    /// the Generation of Random Normal Deviates”, 1958).
    pub fn normal(&mut self) -> f64 {
        let (a, b) = (1.0 - self.part(), self.part());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }

    /// How many of so many happen, each as often as the part says.
    pub fn happen(&mut self, of: u32, part: f64) -> u32 {
        (0..of).filter(|_| self.chance(part)).count() as u32
    }
}

/// How latencies scatter.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Log-normal.
    Even,
    /// One in twenty is three to ten times as long.
    Tailed,
    /// Each is like the one before.
    Sticky,
    /// Rises and falls by a tenth over half an hour.
    Swinging,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 4] = [Self::Even, Self::Tailed, Self::Sticky, Self::Swinging];
}

/// A series of latencies around 20 ms.
pub struct Latency {
    shape: Shape,
    spread: f64,
    last: f64,
}

impl Latency {
    /// A series with a spread (standard deviation of the logarithm) of its own.
    pub fn new(shape: Shape, noise: &mut Noise) -> Self {
        Self {
            shape,
            spread: noise.between(0.05, 0.25),
            last: 0.0,
        }
    }

    /// The latency at a second, in seconds.
    pub fn at(&mut self, second: u64, noise: &mut Noise) -> f64 {
        let fresh = noise.normal();
        let scatter = match self.shape {
            Shape::Sticky => 0.7 * self.last + (1.0_f64 - 0.49).sqrt() * fresh,
            Shape::Even | Shape::Tailed | Shape::Swinging => fresh,
        };
        self.last = scatter;
        let usual = 0.02 * (self.spread * scatter).exp();
        match self.shape {
            Shape::Tailed if noise.chance(0.05) => usual * noise.between(3.0, 10.0),
            Shape::Swinging => {
                usual * (1.0 + 0.1 * (std::f64::consts::TAU * second as f64 / 1800.0).sin())
            }
            Shape::Even | Shape::Tailed | Shape::Sticky => usual,
        }
    }
}
