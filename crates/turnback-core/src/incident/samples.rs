//! Samples for people: fewer of them, and as a line of text.

use super::{Measured, Point};

/// At most so many points, of each stretch the worst: what is bad is never thinned away.
pub(super) fn thinned(measured: &Measured, most: usize) -> Vec<Point> {
    let points = &measured.points;
    let each = points.len().div_ceil(most.max(1)).max(1);
    points
        .chunks(each)
        .filter_map(|stretch| {
            let worse = |a: &&Point, b: &&Point| {
                let order = a.value.unwrap_or(0.0).total_cmp(&b.value.unwrap_or(0.0));
                let order = if measured.above {
                    order
                } else {
                    order.reverse()
                };
                (a.bad, a.unknown).cmp(&(b.bad, b.unknown)).then(order)
            };
            stretch.iter().max_by(worse).copied()
        })
        .collect()
}

/// The samples as two lines of text: how high, and below it `!` where that was beyond the
/// threshold, `?` where nothing was measured.
pub(super) fn spark(measured: &Measured, most: usize) -> [String; 2] {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let points = thinned(measured, most);
    let top = points
        .iter()
        .filter_map(|point| point.value)
        .filter(|value| value.is_finite())
        .fold(0.0, f64::max);
    let bars = points.iter().map(|point| match point.value {
        None => ' ',
        Some(value) if top > 0.0 => {
            // A cast to integers saturates: what is endless or below nothing is at an end.
            let height = (value / top * 7.0).round() as usize;
            BARS[height.min(7)]
        }
        Some(_) => BARS[0],
    });
    let marks = points.iter().map(|point| match (point.unknown, point.bad) {
        (true, _) => '?',
        (false, true) => '!',
        (false, false) => ' ',
    });
    [
        bars.collect(),
        marks.collect::<String>().trim_end().to_owned(),
    ]
}
