//! What must never happen, looked at after each step, and what must be true once the world has healed.

use std::collections::{BTreeMap, BTreeSet};

use super::World;
use crate::config::PortId;
use crate::fxo::line::LineState;
use crate::gateway::notice::NoticeCode;
use crate::gateway::record::CallRecord;
use crate::gateway::view::PortState;

/// The bookkeeper of one history.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    records: BTreeSet<String>,
    begun: BTreeMap<String, PortId>,
    /// What went wrong, with the moment.
    pub violations: Vec<String>,
}

impl Checks {
    /// Calls that were seen to begin.
    #[must_use]
    pub fn begun(&self) -> usize {
        self.begun.len()
    }

    /// Calls that have their record.
    #[must_use]
    pub fn recorded(&self) -> usize {
        self.records.len()
    }

    /// A record was written.
    pub fn record(&mut self, record: &CallRecord) {
        if !self.records.insert(record.id.clone()) {
            self.violations.push(format!("call {} has two records", record.id));
        }
        if record.ended_ms < record.started_ms
            || record.answered_ms.is_some_and(|answered| answered < record.started_ms || answered > record.ended_ms)
        {
            self.violations.push(format!("call {} runs backwards: {record:?}", record.id));
        }
        self.begun.insert(record.id.clone(), record.port);
    }
}

/// Looks at the world after a step.
pub fn after_step(world: &mut World) {
    let snapshot = world.gateway.snapshot(world.now());
    let mut found = Vec::new();
    for view in &snapshot.ports {
        if let Some(call) = &view.call {
            if world.checks.records.contains(&call.id) {
                found.push(format!("call {} lives on after its record", call.id));
            }
            match world.checks.begun.get(&call.id) {
                None => {
                    world.checks.begun.insert(call.id.clone(), view.port);
                }
                Some(port) if *port != view.port => {
                    world.checks.begun.insert(call.id.clone(), view.port);
                }
                Some(_) => {}
            }
        }
        // Off hook needs an owner: a call, or a release that is on its way.
        if view.line == LineState::OffHook && view.call.is_none() {
            found.push(format!("port {} is off hook and nobody owns it", view.port));
        }
        if view.state == PortState::Talking && view.line == LineState::Idle {
            found.push(format!("port {} talks on a line that is on hook", view.port));
        }
    }
    let calls: Vec<_> = snapshot.ports.iter().filter_map(|port| port.call.as_ref().map(|call| &call.id)).collect();
    if calls.iter().collect::<BTreeSet<_>>().len() != calls.len() {
        found.push("one call stands on two ports".to_owned());
    }
    let now = world.now();
    world.checks.violations.extend(found.into_iter().map(|text| format!("{now:?} {text}")));
}

/// Looks at a world that had a minute to heal: every line idle, every call recorded once, every peer quiet.
#[must_use]
pub fn after_healing(world: &World) -> Vec<String> {
    let mut found = world.checks.violations.clone();
    for view in world.gateway.snapshot(world.now()).ports {
        if view.state != PortState::Idle {
            found.push(format!("port {} is {:?} ({:?}) after healing", view.port, view.state, view.line));
        }
    }
    for port in world.exchange_off_hook() {
        found.push(format!("the exchange sees port {port} off hook after healing"));
    }
    for id in world.checks.begun.keys().filter(|id| !world.checks.records.contains(*id)) {
        found.push(format!("call {id} has no record"));
    }
    for (index, party) in world.parties.iter().enumerate() {
        if !party.is_quiet() {
            found.push(format!("peer {index} has something open after healing"));
        }
    }
    if world.notices.iter().any(|notice| notice.code == NoticeCode::StuckOffHook) && !world.box_was_lying {
        found.push("a line was reported stuck although the box told the truth".to_owned());
    }
    found
}
