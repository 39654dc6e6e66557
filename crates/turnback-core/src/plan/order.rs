//! The order of phases: every one after those it names, otherwise as in the file.

use std::collections::HashMap;

use super::document::PhaseDraft;
use super::hint;
use super::reader::{Reader, quote};

/// Checks ids and `after`, and answers the order as positions in the file. `None` when
/// there is none, which has been recorded.
pub(super) fn order(reader: &mut Reader<'_>, drafts: &[PhaseDraft]) -> Option<Vec<usize>> {
    let by_id = index_ids(reader, drafts);
    let waits_for = resolve(reader, drafts, &by_id);
    let mut order = Vec::new();
    let mut done = vec![false; drafts.len()];
    // Always the first of the file that can go: phases that wait for nothing keep their order.
    while let Some(next) = (0..drafts.len())
        .find(|&phase| !done[phase] && waits_for[phase].iter().all(|&before| done[before]))
    {
        done[next] = true;
        order.push(next);
    }
    if order.len() == drafts.len() {
        return Some(order);
    }
    for cycle in cycles(&waits_for, &done) {
        report(reader, drafts, &cycle);
    }
    None
}

fn index_ids<'d>(reader: &mut Reader<'_>, drafts: &'d [PhaseDraft]) -> HashMap<&'d str, usize> {
    let mut by_id: HashMap<&str, usize> = HashMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        let Some((id, at)) = &draft.id else { continue };
        let Some(first) = by_id.get(id.as_str()) else {
            by_id.insert(id, index);
            continue;
        };
        let related = drafts[*first]
            .id
            .as_ref()
            .map(|(_, at)| reader.related(at, "first used here"));
        let message = format!(
            "expected an id of its own for each phase, but found {} again",
            quote(id)
        );
        reader
            .error("duplicate-phase", at, message, "used again")
            .related
            .extend(related);
    }
    by_id
}

/// For each phase the positions of those it waits for.
fn resolve(
    reader: &mut Reader<'_>,
    drafts: &[PhaseDraft],
    by_id: &HashMap<&str, usize>,
) -> Vec<Vec<usize>> {
    // With a phase whose id could not be read, an unknown name may well be that one.
    let all_known = drafts.iter().all(|draft| draft.id.is_some());
    let mut waits_for = vec![Vec::new(); drafts.len()];
    for (index, draft) in drafts.iter().enumerate() {
        let own = draft.id.as_ref().map(|(id, _)| id);
        for (id, at) in &draft.after {
            if own == Some(id) {
                let message = format!(
                    "expected another phase, but found {} waiting for itself",
                    quote(id)
                );
                reader.error(
                    "phase-after-itself",
                    at,
                    message,
                    "this is the phase itself",
                );
            } else if let Some(before) = by_id.get(id.as_str()) {
                waits_for[index].push(*before);
            } else if all_known {
                let message = format!(
                    "expected the id of a phase, but there is no phase {}",
                    quote(id)
                );
                let mut ids: Vec<&str> = by_id.keys().copied().collect();
                ids.sort_unstable();
                let near = hint::nearest(id, ids);
                reader
                    .error("unknown-phase", at, message, "no such phase")
                    .help = near.map(|near| format!("did you mean {}?", quote(near)));
            }
        }
    }
    waits_for
}

/// Cycles among the phases that are not done; each is found once, from its first phase.
fn cycles(waits_for: &[Vec<usize>], done: &[bool]) -> Vec<Vec<usize>> {
    let mut cycles = Vec::new();
    let mut seen = done.to_vec();
    for start in 0..waits_for.len() {
        let mut path = Vec::new();
        let mut at = start;
        // Every phase that is not done waits for another one that is not: follow it round.
        while !seen[at] {
            seen[at] = true;
            path.push(at);
            match waits_for[at].iter().find(|&&before| !done[before]) {
                Some(&before) => at = before,
                None => break,
            }
        }
        // Back on this path: a circle. On another's path: that circle is known already.
        if let Some(begin) = path.iter().position(|&phase| phase == at) {
            cycles.push(path.split_off(begin));
        }
    }
    cycles
}

fn report(reader: &mut Reader<'_>, drafts: &[PhaseDraft], cycle: &[usize]) {
    let ids: Vec<String> = cycle
        .iter()
        .chain(cycle.first())
        .filter_map(|&phase| drafts[phase].id.as_ref())
        .map(|(id, _)| quote(id))
        .collect();
    let next = cycle.get(1).and_then(|&phase| drafts[phase].id.as_ref());
    let Some(first) = cycle.first().map(|&phase| &drafts[phase]) else {
        return;
    };
    let Some(at) = first
        .after
        .iter()
        .find(|(id, _)| next.is_some_and(|(next, _)| next == id))
        .map(|(_, at)| at.clone())
        .or_else(|| first.id.as_ref().map(|(_, at)| at.clone()))
    else {
        return;
    };
    let message = format!(
        "expected phases that can be put in order, but found a circle: {}",
        ids.join(" waits for ")
    );
    reader
        .error("phase-cycle", &at, message, "part of a circle")
        .help = Some("leave one of these out of `after`".to_owned());
}
