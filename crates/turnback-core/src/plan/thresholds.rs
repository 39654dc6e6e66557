//! Reads the thresholds of a guard, and checks that they fit what it measures.

use std::ops::Range;

use super::reader::{Fields, Placed, Reader, quote};
use super::yaml::Kind;
use crate::guard::{Dimension, Probe, Threshold, Unit};

/// What a guard has of them; each that could not be read is recorded.
#[derive(Default)]
pub(super) struct Thresholds {
    pub(super) warning: Option<Threshold>,
    pub(super) critical: Option<Threshold>,
}

/// Reads both thresholds. Where the probe and its unit could be read, they are held against it.
pub(super) fn read(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    at: &Range<usize>,
    measured: Option<(&Probe, Unit)>,
) -> Thresholds {
    let warning = threshold(reader, fields, "warning");
    let critical = threshold(reader, fields, "critical");
    if fields.node("warning").is_none() && fields.node("critical").is_none() {
        let message = "expected a threshold, `warning` or `critical`, but found neither";
        reader
            .error("missing-threshold", at, message, "never warns")
            .help = Some("write `critical: \"> 500ms\"`, or `warning: \"+20%\"`".to_owned());
    }
    if let Some((probe, unit)) = measured {
        for placed in [&warning, &critical].into_iter().flatten() {
            fits(reader, placed, probe, unit);
        }
    }
    if let (Some((warning, first)), Some((critical, at))) = (&warning, &critical) {
        let message = if warning.is_above() != critical.is_above() {
            "expected `critical` on the same side as `warning`, but one warns of more and the other of less"
        } else if critical.is_as_far_as(warning) == Some(false) {
            "expected `critical` beyond `warning`, but it comes first"
        } else {
            ""
        };
        if !message.is_empty() {
            let related = reader.related(first, "`warning` is here");
            let error = reader.error("critical-before-warning", at, message, "not beyond it");
            error.related.push(related);
            error.help = Some(
                "a guard says one thing of one side; give the other a guard of its own".to_owned(),
            );
        }
    }
    Thresholds {
        warning: warning.map(|(threshold, _)| threshold),
        critical: critical.map(|(threshold, _)| threshold),
    }
}

fn threshold(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
) -> Option<Placed<Threshold>> {
    let node = fields.node(name)?;
    let expected = "a threshold such as `\"> 500ms\"`, `80%`, `5/hour` or `+20%`";
    let (Kind::Text(text) | Kind::Number(text)) = &node.kind else {
        reader.wrong_type(node, expected, None);
        return None;
    };
    match Threshold::parse(text) {
        Ok(threshold) => Some((threshold, node.at.clone())),
        Err(wrong) => {
            let message = format!("expected {expected}, but found {}", quote(text));
            reader
                .error("bad-threshold", &node.at, message, "not a threshold")
                .help = Some(crate::diagnostic::mask_secrets(&wrong));
            None
        }
    }
}

/// Records a threshold that cannot be compared with what the probe measures.
fn fits(reader: &mut Reader<'_>, (threshold, at): &Placed<Threshold>, probe: &Probe, unit: Unit) {
    let measured = unit.dimension();
    if let Some(limit) = threshold.dimension()
        && limit != measured
    {
        let message = format!(
            "expected {measured} to compare with, but found `{threshold}`, which is {limit}"
        );
        let help = remedy(threshold, limit, measured, probe.fixed_unit().is_none());
        reader
            .error("threshold-unit", at, message, "cannot be compared")
            .help = Some(help);
    }
    if let Probe::BuiltIn(probe) = probe
        && probe.worse_when_less() == threshold.is_above()
    {
        let (worse, better) = if probe.worse_when_less() {
            ("less", ">")
        } else {
            ("more", "<")
        };
        let message = format!(
            "expected a threshold on the other side: of {} {worse} is worse, but found `{threshold}`",
            probe.as_str()
        );
        let help = if better == ">" {
            "write `< …`, or `-10%`"
        } else {
            "write `> …`, or `+20%`"
        };
        reader
            .error("threshold-side", at, message, "warns of what is good")
            .help = Some(help.to_owned());
    }
}

/// What to write instead.
fn remedy(threshold: &Threshold, limit: Dimension, measured: Dimension, free: bool) -> String {
    if free && measured == Dimension::Number {
        let unit = match limit {
            Dimension::Time => "`unit: seconds` or `unit: milliseconds`",
            Dimension::Size => "`unit: bytes`",
            Dimension::Share => "`unit: share` (parts of one) or `unit: percent`",
            Dimension::Rate => "`unit: per_second`, or `unit: counter` for a total that rises,",
            Dimension::Flow => "`unit: bytes_per_second`",
            Dimension::Number => "`unit: number`",
        };
        let baseline = match limit {
            Dimension::Share => {
                let percent = threshold.to_string();
                let percent = percent.trim_start_matches(['>', '<', '=', ' ']);
                format!("; a change from the baseline is written `+{percent}`")
            }
            _ => String::new(),
        };
        return format!("say what the numbers of this probe are: add {unit}{baseline}");
    }
    match measured {
        Dimension::Number => "write a plain number: `> 5`",
        Dimension::Time => "write a time: `> 500ms`",
        Dimension::Size => "write a size: `> 5GB`",
        Dimension::Share => "write a percentage: `> 80%`",
        Dimension::Rate => "write a rate: `5/hour`, `> 0.1/s`",
        Dimension::Flow => "write a rate of bytes: `10MB/s`",
    }
    .to_owned()
}
