//! Turning back, from what edges answer.

use turnback_core::human::human_millis;
use turnback_core::scope::{Scope, Standing, phases_to_turn_back};
use turnback_core::state::PhaseState;

use super::super::frame::{ready, run, state};
use super::super::known::{Now, look, sentence};
use super::super::view::{Badge, Choice, Pair, Part, Statement, TurnedPhase, WayBack};
use super::map;
use crate::model::{self, Order};
use crate::server::Server;

/// What the page of turning back shows.
pub(crate) async fn read(server: &Server, now: &Now, scope: &str) -> Part<WayBack> {
    let phases = ready(&now.phases);
    let plan = server.edges.looks.plan();
    let standings: Vec<Standing> = phases
        .iter()
        .map(|phase| Standing {
            phase: phase.id.clone(),
            state: state(phase),
            irreversible: plan
                .phases
                .iter()
                .any(|planned| planned.id == phase.id && planned.irreversible),
        })
        .collect();
    let nothing = !standings
        .iter()
        .any(|standing| standing.state.can_turn_back());
    let choices = if nothing {
        vec![]
    } else {
        choices(&standings, scope)
    };
    let at_work = run(now)
        .filter(|run| matches!(run.order, Order::Back { .. }))
        .map(|run| {
            format!(
                "A way back is at work already, asked for by {}. Asking again changes nothing \
                 but how far it goes.",
                run.asked_by
            )
        });
    let way = look(server.edges.looks.way_back(scope)).await;
    map(way, |way| WayBack {
        choices,
        command: format!("turnback back --scope {scope}"),
        at_work,
        statement: statement(way),
    })
}

fn choices(standings: &[Standing], chosen: &str) -> Vec<Choice> {
    let begun = standings
        .iter()
        .rev()
        .filter(|standing| standing.state.can_turn_back())
        .map(|standing| Scope::From(standing.phase.clone()));
    [Scope::Current, Scope::Previous, Scope::All]
        .into_iter()
        .chain(begun)
        .map(|scope| {
            let reach = phases_to_turn_back(standings, &scope);
            Choice {
                scope: scope.to_string(),
                label: upper(&scope.in_words()),
                chosen: scope.to_string() == chosen,
                possible: reach.is_ok(),
                phases: match reach {
                    Ok(phases) => phases.join(", then "),
                    Err(why) => sentence(&why.to_string()),
                },
            }
        })
        .collect()
}

fn upper(text: &str) -> String {
    let mut signs = text.chars();
    signs
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(signs)
        .collect()
}

fn statement(way: model::WayBack) -> Result<Statement, String> {
    if let Some(why) = way.refused {
        return Err(sentence(&why));
    }
    let mut cost = vec![Pair::new("in short", sentence(&way.cost))];
    if way.catalog_only {
        cost.push(Pair::new(
            "rows",
            "none is read: it touches the catalog only",
        ));
    }
    cost.extend(way.last_hold_millis.map(|millis| {
        let said = format!("such a swap held its locks {millis:.0} ms");
        Pair::new("last time", said)
    }));
    cost.extend(
        way.objective_millis
            .map(|millis| Pair::new("objective", format!("{} in all", human_millis(millis)))),
    );
    Ok(Statement {
        phases: way
            .phases
            .into_iter()
            .map(|of| TurnedPhase {
                badge: PhaseState::parse(&of.state).map_or_else(
                    || Badge::new(super::super::view::Mark::Unknown, of.state.clone()),
                    Badge::from,
                ),
                id: of.phase,
                changes: sentence(&of.what),
            })
            .collect(),
        cost,
        consequences: way.consequence.iter().map(|said| sentence(said)).collect(),
        stays: vec!["Every acknowledged write stays, through whichever shape it came.".to_owned()],
        around: way.hooks,
    })
}
