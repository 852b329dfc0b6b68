//! What must never happen, looked at after each step, and what must be true once the world has healed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::World;
use crate::config::PortId;
use crate::fxo::line::LineState;
use crate::gateway::mark::{MOST_MARKS, MarkKind};
use crate::gateway::notice::NoticeCode;
use crate::gateway::record::CallRecord;
use crate::gateway::view::PortState;
use crate::time::Moment;

/// A line that nobody owns may stay off hook for this long: the release, its repetitions and resets, and orders lost.
const LONGEST_ALONE: Duration = Duration::from_secs(120);

/// Violations kept: the first ones tell the story.
const MOST_VIOLATIONS: usize = 20;

/// The tables of a gateway with a handful of ports and peers never hold more.
const MOST_TRANSACTIONS: usize = 900;

/// The bookkeeper of one history.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    records: BTreeSet<String>,
    begun: BTreeSet<String>,
    alone_since: Vec<Option<Moment>>,
    /// What went wrong, with the moment.
    pub violations: Vec<String>,
    /// Some sources may be met with silence: bans, and sources that no port admits.
    pub silence_is_right: bool,
    /// Somebody writes INVITEs by hand, and takes a branch twice where it likes: what the tap makes of branches means nothing.
    pub branches_repeat: bool,
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

    /// Something is wrong.
    pub fn violated(&mut self, now: Moment, what: &str) {
        if self.violations.len() < MOST_VIOLATIONS {
            self.violations.push(format!("{now:?} {what}"));
        }
    }

    /// A record was written.
    pub fn record(&mut self, record: &CallRecord, now: Moment) {
        if !self.records.insert(record.id.clone()) {
            self.violated(now, &format!("call {} has two records", record.id));
        }
        let answered_outside = |answered| answered < record.started_ms || answered > record.ended_ms;
        if record.ended_ms < record.started_ms || record.answered_ms.is_some_and(answered_outside) {
            self.violated(now, &format!("call {} runs backwards: {record:?}", record.id));
        }
        let marks = &record.timeline;
        let ends_well = marks.last().is_some_and(|mark| mark.what == MarkKind::Ended { cause: record.cause });
        if marks.len() > MOST_MARKS || !ends_well || !marks.is_sorted_by_key(|mark| mark.at_ms) {
            self.violated(now, &format!("call {} has a timeline that makes no sense: {marks:?}", record.id));
        }
        self.begun.insert(record.id.clone());
    }
}

/// Looks at the world after a step.
pub fn after_step(world: &mut World) {
    let now = world.now();
    let mut found = Vec::new();
    let mut calls: Vec<&str> = Vec::new();
    for (port, state, line, call) in world.gateway.port_states() {
        if let Some(id) = call {
            if world.checks.records.contains(id) {
                found.push(format!("call {id} lives on after its record"));
            }
            if calls.contains(&id) {
                found.push(format!("call {id} stands on two ports"));
            }
            calls.push(id);
            if !world.checks.begun.contains(id) {
                world.checks.begun.insert(id.to_owned());
            }
        }
        found.extend(wrong_with_port(world, port, state, line, call.is_some()));
    }
    found.extend(alone_too_long(world, now));
    let load = world.gateway.load();
    if load.transactions > MOST_TRANSACTIONS || load.names > 256 {
        found.push(format!("a table grows: {load:?}"));
    }
    for what in found {
        world.checks.violated(now, &what);
    }
}

fn wrong_with_port(world: &World, port: PortId, state: PortState, line: LineState, has_call: bool) -> Option<String> {
    let lines = &world.lines;
    if line == LineState::OffHook && !has_call {
        return Some(format!("port {port} is off hook and nobody owns it"));
    }
    if state == PortState::Talking && matches!(line, LineState::Idle | LineState::Ringing | LineState::Guard) {
        return Some(format!("port {port} talks on a line that is on hook"));
    }
    if lines.is_attached(port) && !has_call {
        return Some(format!("port {port} sends RTP and has no call"));
    }
    if state == PortState::Ringing && has_call && line == LineState::OffHook {
        return Some(format!("port {port} was lifted before anybody answered"));
    }
    None
}

/// No line stays seized without a bound.
fn alone_too_long(world: &mut World, now: Moment) -> Option<String> {
    let owned: Vec<bool> = world.gateway.port_states().map(|(.., call)| call.is_some()).collect();
    world.checks.alone_since.resize(owned.len(), None);
    for (index, (owned, since)) in owned.into_iter().zip(&mut world.checks.alone_since).enumerate() {
        let port = PortId(u16::try_from(index).unwrap_or(u16::MAX));
        let alone = world.lines.is_off_hook(port) && !owned && !world.lines.faults.stuck.contains(&port);
        if !alone {
            *since = None;
        } else if now - *since.get_or_insert(now) > LONGEST_ALONE {
            *since = Some(now);
            return Some(format!("the exchange has seen port {port} off hook for long, and no call owns it"));
        }
    }
    None
}

/// Looks at a world that had a minute to heal: every line idle, every call recorded once, every peer quiet.
#[must_use]
pub fn after_healing(world: &World) -> Vec<String> {
    let mut found = world.checks.violations.clone();
    for (port, state, line, _) in world.gateway.port_states() {
        if state != PortState::Idle {
            found.push(format!("port {port} is {state:?} ({line:?}) after healing"));
        }
    }
    for port in world.exchange_off_hook() {
        found.push(format!("the exchange sees port {port} off hook after healing"));
    }
    for id in world.checks.begun.difference(&world.checks.records) {
        found.push(format!("call {id} has no record"));
    }
    for (index, party) in world.parties.iter().enumerate() {
        if !party.is_quiet() {
            found.push(format!("peer {index} has something open after healing"));
        }
    }
    let load = world.gateway.load();
    if load.sessions + load.transactions + load.owned_sessions > 0 {
        found.push(format!("something is open after healing: {load:?}"));
    }
    if !world.checks.branches_repeat {
        found.extend(world.tap.wrongly_answered(world.checks.silence_is_right));
    }
    if world.notices.iter().any(|notice| notice.code == NoticeCode::StuckOffHook) && !world.box_was_lying {
        found.push("a line was reported stuck although the box told the truth".to_owned());
    }
    found
}
