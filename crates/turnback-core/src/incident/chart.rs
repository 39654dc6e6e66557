//! A chart of what a guard measured, as SVG inside a page: its colours are the page's.

use std::fmt::Write as _;

use super::samples::thinned;
use super::{Measured, Point};
use crate::guard::Moment;

/// What is drawn, and how large.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// What the guard measured.
    pub measured: &'a Measured,
    /// What others measured at the same time, as a line with this name.
    pub beside: Option<(&'static str, &'a Measured)>,
    /// Moments with a name, in order.
    pub marks: Vec<(&'static str, Moment)>,
    /// What its parts are called within the page: no two charts of a page alike.
    pub id: &'a str,
    /// How wide it is, in pixels where it is not scaled.
    pub width: f64,
    /// How high.
    pub height: f64,
}

const LEFT: f64 = 70.0;
/// More points are more than a line of this length can show.
const MOST_POINTS: usize = 300;
/// Up to so many, each is drawn as a dot.
const MOST_DOTS: usize = 120;

/// From values and moments to places.
struct Scale {
    right: f64,
    top: f64,
    bottom: f64,
    from: Moment,
    until: Moment,
    least: f64,
    most: f64,
}

impl Scale {
    fn x(&self, at: Moment) -> f64 {
        let span = self.until.since(self.from).as_secs_f64().max(0.001);
        let share = at.since(self.from).as_secs_f64() / span;
        LEFT + share.min(1.0) * (self.right - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        let span = self.most - self.least;
        let share = ((value - self.least) / span).clamp(0.0, 1.0);
        self.bottom - share * (self.bottom - self.top)
    }
}

impl Chart<'_> {
    /// The chart; nothing where there are no values to draw.
    pub fn svg(&self) -> Option<String> {
        let Self {
            measured,
            beside,
            marks,
            id,
            width,
            height,
        } = self;
        let points = thinned(measured, MOST_POINTS);
        let others = beside.map_or_else(Vec::new, |(_, of)| thinned(of, MOST_POINTS));
        let scale = scale(self, &points, &others)?;
        let (id, right) = (escaped(id), scale.right);
        let mut svg = String::new();
        let title = format!("{} over time", escaped(&measured.guard));
        let _ = write!(
            svg,
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title \
             {id}-desc\"><title id=\"{id}-title\">{title}</title><desc id=\"{id}-desc\">{}</desc>",
            escaped(&description(measured, *beside))
        );
        if let Some(normal) = &measured.normal {
            let (top, bottom) = (scale.y(normal.most), scale.y(normal.least));
            let height = (bottom - top).max(1.5);
            let _ = write!(
                svg,
                "<rect class=\"band\" {} x=\"{LEFT}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
                plain("band"),
                right - LEFT
            );
            line(&mut svg, "median", (LEFT, right), scale.y(normal.median));
        }
        axes(&mut svg, measured, &scale);
        thresholds(&mut svg, measured, &scale);
        path(&mut svg, "beside", &others, &scale);
        path(&mut svg, "values", &points, &scale);
        dots(&mut svg, &points, &scale);
        if let Some((name, _)) = beside {
            name_line(&mut svg, name, &others, &points, &scale);
        }
        for (row, (name, at)) in marks.iter().enumerate() {
            mark(&mut svg, name, *at, row, &scale);
        }
        svg.push_str("</svg>");
        Some(svg)
    }
}

/// What a person who does not see the chart is told.
fn description(measured: &Measured, beside: Option<(&str, &Measured)>) -> String {
    let show = |value: f64| measured.dimension.show(value);
    let bad = measured.points.iter().filter(|point| point.bad).count();
    let mut said = format!("{} samples, {bad} of them bad", measured.points.len());
    for (name, threshold) in [
        ("warning", measured.warning),
        ("critical", measured.critical),
    ] {
        if let Some(threshold) = threshold {
            let _ = write!(said, "; {name} from {}", show(threshold));
        }
    }
    if let Some(worst) = measured.worst {
        let _ = write!(said, "; {} at worst", show(worst));
    }
    if let Some((name, of)) = beside {
        let _ = write!(
            said,
            "; beside it {} samples of the {name}",
            of.points.len()
        );
    }
    said
}

fn scale(chart: &Chart<'_>, points: &[Point], others: &[Point]) -> Option<Scale> {
    let Chart {
        measured, marks, ..
    } = chart;
    let drawn = || points.iter().chain(others);
    let times = || {
        let marks = marks.iter().map(|(_, at)| *at);
        drawn().map(|point| point.at).chain(marks)
    };
    let (from, until) = (times().min()?, times().max()?);
    drawn().next()?;
    let normal = measured.normal.iter().flat_map(|n| [n.least, n.most]);
    let limits = [measured.warning, measured.critical].into_iter().flatten();
    let drawn: Vec<f64> = drawn()
        .filter_map(|point| point.value)
        .chain(limits)
        .chain(normal)
        .filter(|value| value.is_finite())
        .collect();
    let most = drawn.iter().copied().fold(0.0, f64::max);
    let least = drawn.iter().copied().fold(0.0, f64::min);
    // Nothing but zeros still has an axis.
    let span = if most > least { most - least } else { 1.0 };
    Some(Scale {
        right: chart.width - 14.0,
        // A row for the name of each mark.
        top: 6.0 + 14.0 * marks.len() as f64,
        bottom: chart.height - 34.0,
        from,
        until,
        least: if least < 0.0 {
            least - span * 0.05
        } else {
            0.0
        },
        most: least.max(most) + span * 0.08,
    })
}

fn axes(svg: &mut String, measured: &Measured, scale: &Scale) {
    let most = ((scale.bottom - scale.top) / 32.0).clamp(2.0, 6.0);
    for value in steps(scale.least, scale.most, most) {
        let y = scale.y(value);
        line(svg, "grid", (LEFT, scale.right), y);
        let shown = measured.dimension.show(value);
        text(svg, "tick end", (LEFT - 8.0, y + 4.0), &shown);
    }
    // A time of day needs its room.
    let ticks = if scale.right - LEFT < 500.0 { 2 } else { 4 };
    let span = scale.until.0.saturating_sub(scale.from.0);
    for tick in 0..=ticks {
        let at = Moment(scale.from.0 + span * tick / ticks);
        let class = match tick {
            0 => "tick",
            last if last == ticks => "tick end",
            _ => "tick middle",
        };
        let shown = at.to_string();
        let clock = shown.get(11..19).unwrap_or(&shown);
        text(svg, class, (scale.x(at), scale.bottom + 20.0), clock);
    }
    line(svg, "axis", (LEFT, scale.right), scale.bottom);
}

/// Round values between two: 1, 2 or 5 times a power of ten apart.
fn steps(least: f64, most: f64, of: f64) -> Vec<f64> {
    let rough = (most - least) / of;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|times| times * power)
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    if !(step.is_finite() && step > 0.0) {
        return vec![];
    }
    let first = (least / step).ceil() as i64;
    let last = (most / step).floor() as i64;
    (first..=last.min(first.saturating_add(12)))
        .map(|times| times as f64 * step)
        .collect()
}

fn thresholds(svg: &mut String, measured: &Measured, scale: &Scale) {
    for (name, threshold) in [
        ("warning", measured.warning),
        ("critical", measured.critical),
    ] {
        let Some(threshold) = threshold.filter(|threshold| threshold.is_finite()) else {
            continue;
        };
        let y = scale.y(threshold);
        line(svg, name, (LEFT, scale.right), y);
        let said = format!("{name} {}", measured.dimension.show(threshold));
        text(
            svg,
            &format!("limit {name}-text"),
            (LEFT + 6.0, y - 5.0),
            &said,
        );
    }
}

/// A line from value to value.
fn path(svg: &mut String, class: &str, points: &[Point], scale: &Scale) {
    let mut path = String::new();
    let mut pen_is_down = false;
    for point in points {
        let Some(value) = point.value.filter(|value| value.is_finite()) else {
            // What was not measured is a gap, and no line from here to there.
            pen_is_down = false;
            continue;
        };
        let letter = if pen_is_down { 'L' } else { 'M' };
        pen_is_down = true;
        let _ = write!(
            path,
            "{letter}{:.1} {:.1}",
            scale.x(point.at),
            scale.y(value)
        );
    }
    if !path.is_empty() {
        let _ = write!(
            svg,
            "<path class=\"{class}\" {} d=\"{path}\"/>",
            plain(class)
        );
    }
}

/// The name of the line beside, where that ends: on the side that is away from the other line.
fn name_line(svg: &mut String, name: &str, others: &[Point], points: &[Point], scale: &Scale) {
    let last = |of: &[Point]| {
        let mut last = of.iter().rev();
        last.find_map(|point| Some((point.at, point.value.filter(|value| value.is_finite())?)))
    };
    let Some((at, value)) = last(others) else {
        return;
    };
    let is_above = last(points).is_none_or(|(_, ours)| value > ours);
    let y = scale.y(value) + if is_above { -7.0 } else { 15.0 };
    text(svg, "beside-text end", (scale.x(at), y), name);
}

/// Single samples: each, where there is room, and those that are bad or unknown in any case.
fn dots(svg: &mut String, points: &[Point], scale: &Scale) {
    let all = points.len() <= MOST_DOTS;
    for point in points {
        let x = scale.x(point.at);
        match point.value.filter(|value| value.is_finite()) {
            Some(value) if all || point.bad => {
                let (class, r) = if point.bad {
                    ("bad", 4.0)
                } else {
                    ("good", 2.2)
                };
                let y = scale.y(value);
                let _ = write!(
                    svg,
                    "<circle class=\"{class}\" {} cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r}\"/>",
                    plain(class)
                );
            }
            None if point.unknown => {
                let bottom = scale.bottom;
                let (l, r, t, b) = (x - 4.0, x + 4.0, bottom - 10.0, bottom - 2.0);
                let _ = write!(
                    svg,
                    "<path class=\"unknown\" {} d=\"M{l:.1} {t:.1}L{r:.1} {b:.1}M{l:.1} {b:.1}L{r:.1} {t:.1}\"/>",
                    plain("unknown")
                );
            }
            _ => {}
        }
    }
}

/// A line from top to bottom with its name; names stand in rows, so that they do not overlap.
fn mark(svg: &mut String, name: &str, at: Moment, row: usize, scale: &Scale) {
    let x = scale.x(at);
    let top = 14.0 * (row as f64 + 1.0);
    let _ = write!(
        svg,
        "<path class=\"mark {name}\" {} d=\"M{x:.1} {:.1}V{}\"/>",
        plain("mark"),
        top - 9.0,
        scale.bottom
    );
    // To the left where there is no room on the right.
    if x > scale.right - 80.0 {
        text(svg, "mark-text end", (x - 5.0, top), name);
    } else {
        text(svg, "mark-text", (x + 5.0, top), name);
    }
}

/// How a class looks where nobody applies the styles of the page: PDF makers, mail programs.
fn plain(class: &str) -> &'static str {
    match class.split(' ').next().unwrap_or_default() {
        "band" => "fill=\"#1c7a44\" fill-opacity=\"0.14\"",
        "median" => "fill=\"none\" stroke=\"#1c7a44\" stroke-dasharray=\"2 3\"",
        "grid" => "fill=\"none\" stroke=\"#dde1e8\"",
        "axis" => "fill=\"none\" stroke=\"#5b6576\"",
        "values" => "fill=\"none\" stroke=\"#2457c5\" stroke-width=\"1.8\"",
        "beside" => "fill=\"none\" stroke=\"#5b6576\" stroke-width=\"1.6\"",
        "good" => "fill=\"#2457c5\"",
        "bad" => "fill=\"#ffffff\" stroke=\"#c02b2b\" stroke-width=\"2.2\"",
        "unknown" => "fill=\"none\" stroke=\"#96610a\" stroke-width=\"1.8\"",
        "warning" => "fill=\"none\" stroke=\"#96610a\" stroke-dasharray=\"7 4\"",
        "critical" => "fill=\"none\" stroke=\"#c02b2b\" stroke-dasharray=\"7 4\"",
        "mark" => "fill=\"none\" stroke=\"#6a3fb5\" stroke-dasharray=\"1 3\"",
        _ => "fill=\"#5b6576\"",
    }
}

fn line(svg: &mut String, class: &str, (from, until): (f64, f64), y: f64) {
    let _ = write!(
        svg,
        "<path class=\"{class}\" {} d=\"M{from:.1} {y:.1}H{until:.1}\"/>",
        plain(class)
    );
}

fn text(svg: &mut String, class: &str, (x, y): (f64, f64), said: &str) {
    let anchor = ["end", "middle"]
        .into_iter()
        .find(|anchor| class.ends_with(anchor));
    let _ = write!(
        svg,
        "<text class=\"{class}\" {} font-size=\"12\" text-anchor=\"{}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
        plain("text"),
        anchor.unwrap_or("start"),
        escaped(said)
    );
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            sign => escaped.push(sign),
        }
    }
    escaped
}
