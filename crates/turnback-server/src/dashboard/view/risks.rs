//! The risk matrix: probability × impact, with what guards say about each risk now.

use askama::Template;

use super::{Badge, Part, Shell};

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "risks.html")]
pub struct RisksPage {
    /// What stands around it.
    pub shell: Shell,
    /// What it shows.
    pub view: Part<Risks>,
}

/// What the page of risks shows.
#[derive(Clone, Debug, Default)]
pub struct Risks {
    /// Every risk, the greatest first.
    pub risks: Vec<RiskRow>,
}

/// A risk.
#[derive(Clone, Debug)]
pub struct RiskRow {
    /// Its number on the page, from 1.
    pub number: usize,
    /// What may happen.
    pub title: String,
    /// How likely, from 1 to 5.
    pub probability: u8,
    /// How bad, from 1 to 5.
    pub impact: u8,
    /// What the product means, in words.
    pub level: String,
    /// The phases that it is about, in words.
    pub phases: String,
    /// What is done about it.
    pub mitigation: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// What the worst of its guards says now.
    pub now: Badge,
    /// Its guards, and what they say.
    pub guards: Vec<(String, Badge)>,
}

impl RiskRow {
    /// Probability times impact.
    pub fn score(&self) -> u8 {
        self.probability * self.impact
    }
}

/// A cell of the matrix.
#[derive(Clone, Debug)]
pub struct Cell<'a> {
    /// How likely.
    pub probability: u8,
    /// How bad.
    pub impact: u8,
    /// The risks in it.
    pub risks: Vec<&'a RiskRow>,
}

impl Cell<'_> {
    /// The class that shades it: the level of its score.
    pub fn class(&self) -> &'static str {
        match self.probability * self.impact {
            0..=2 => "r1",
            3..=5 => "r2",
            6..=10 => "r3",
            11..=16 => "r4",
            _ => "r5",
        }
    }
}

impl Risks {
    /// The matrix, row by row: the likeliest first, from the least impact to the greatest.
    pub fn rows(&self) -> Vec<(u8, Vec<Cell<'_>>)> {
        let row = |probability| {
            let cell = |impact| Cell {
                probability,
                impact,
                risks: self
                    .risks
                    .iter()
                    .filter(|r| (r.probability, r.impact) == (probability, impact))
                    .collect(),
            };
            (probability, (1..=5).map(cell).collect())
        };
        (1..=5).rev().map(row).collect()
    }

    /// What a probability means.
    pub fn likely(&self, probability: &u8) -> &'static str {
        ["rare", "unlikely", "possible", "likely", "almost certain"]
            [usize::from(probability.clamp(&1, &5) - 1)]
    }

    /// What impacts mean, the least first.
    pub fn impacts(&self) -> [&'static str; 5] {
        ["negligible", "minor", "moderate", "major", "severe"]
    }
}
