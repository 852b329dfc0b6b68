//! What the chosen box has been through, wire by wire, over all its openings.

use serde::{Deserialize, Serialize};

use super::choice::{DeviceChoice, DeviceFault, DeviceState};
use super::trace::{Trace, Wired};
use crate::config::PortId;
use crate::fxo::{Identity, LinkCounters};
use crate::time::Moment;

/// One wire of the chosen box: how it is doing, and what went wrong on it. A box has one; modems have one each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct WireStatus {
    /// Path or name of its serial port; empty for the simulated box.
    pub path: String,
    /// Its first port.
    pub first_port: PortId,
    /// How it is doing.
    pub state: DeviceState,
    /// What went wrong on it since it was chosen.
    pub counters: LinkCounters,
    /// How often it was lost after it had answered, since it was chosen.
    pub disconnects: u32,
    /// The last time that it was.
    pub last_disconnect: Option<Disconnect>,
}

/// A device that had answered was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Disconnect {
    /// Why.
    pub fault: DeviceFault,
    /// When, in ms since the gateway started.
    pub at_ms: u64,
}

/// The past of a choice. It is forgotten when something else is chosen.
#[derive(Debug, Default)]
pub(super) struct History {
    choice: DeviceChoice,
    wires: Vec<WireHistory>,
    /// What went over the wires.
    pub(super) trace: Trace,
}

#[derive(Debug)]
struct WireHistory {
    status: WireStatus,
    wired: Wired,
    /// It has answered since it was opened.
    up: bool,
    /// What went wrong in the openings before this one.
    before: LinkCounters,
}

impl History {
    /// Nothing has happened yet with this choice.
    pub(super) fn of(choice: &DeviceChoice) -> Self {
        let modems = matches!(choice, DeviceChoice::Modems { .. });
        let wire = |(index, path)| {
            let first_port = PortId(u16::try_from(index).unwrap_or(u16::MAX));
            let (state, counters) = (DeviceState::Opening, LinkCounters::default());
            let status = WireStatus { path, first_port, state, counters, disconnects: 0, last_disconnect: None };
            WireHistory { status, wired: if modems { Wired::Port(first_port) } else { Wired::Whole }, up: false, before: counters }
        };
        History { choice: choice.clone(), wires: paths(choice).into_iter().enumerate().map(wire).collect(), trace: Trace::default() }
    }

    /// This is chosen now. Choosing the same again forgets nothing.
    pub(super) fn choose(&mut self, choice: &DeviceChoice) {
        if self.choice != *choice {
            let trace = self.trace.begun_anew();
            *self = History { trace, ..History::of(choice) };
        }
    }

    /// The box is opened anew: a wire that was up is not any more, which is no loss.
    pub(super) fn reopening(&mut self) {
        for WireHistory { status, .. } in &mut self.wires {
            if !matches!(status.state, DeviceState::Lost { .. }) {
                status.state = DeviceState::Opening;
            }
        }
    }

    /// Where the trace has a wire.
    pub(super) fn wired(&self, index: usize) -> Wired {
        self.wires.get(index).map_or(Wired::Whole, |wire| wire.wired)
    }

    /// A wire was opened at this serial port. One that is looked for again stays lost until it answers.
    pub(super) fn opened(&mut self, index: usize, path: &str, now: Moment) {
        let Some(wire) = self.wires.get_mut(index) else { return };
        path.clone_into(&mut wire.status.path);
        // The choice follows its devices: choosing one again where it is now is choosing the same.
        self.choice.set_path(index, path);
        wire.up = false;
        wire.before = wire.status.counters;
        if !matches!(wire.status.state, DeviceState::Lost { .. }) {
            wire.status.state = DeviceState::Opening;
        }
        self.trace.opened(wire.wired, now);
    }

    /// The device answered.
    pub(super) fn up(&mut self, index: usize, identity: Identity) {
        let Some(wire) = self.wires.get_mut(index) else { return };
        wire.up = true;
        wire.status.state = DeviceState::Up { identity };
    }

    /// What went wrong since the wire was opened.
    pub(super) fn count(&mut self, index: usize, counters: LinkCounters) {
        let Some(wire) = self.wires.get_mut(index) else { return };
        wire.status.counters = wire.before.plus(counters);
    }

    /// A wire was lost, or could not be opened; it is tried again after `retry_ms`. Losing one that had answered counts, once.
    pub(super) fn lost(&mut self, index: usize, fault: DeviceFault, retry_ms: u32, now: Moment) {
        let Some(wire) = self.wires.get_mut(index) else { return };
        // The same fault of every try would fill the trace with what is known.
        let known = matches!(wire.status.state, DeviceState::Lost { fault: before, .. } if before == fault);
        if std::mem::take(&mut wire.up) {
            wire.status.disconnects = wire.status.disconnects.saturating_add(1);
            wire.status.last_disconnect = Some(Disconnect { fault, at_ms: now.as_millis() });
        }
        wire.status.state = DeviceState::Lost { fault, retry_ms };
        if !known {
            self.trace.lost(wire.wired, fault, now);
        }
    }

    /// All of it was lost. Wires that were lost before keep their own fault.
    pub(super) fn all_lost(&mut self, fault: DeviceFault, retry_ms: u32, now: Moment) {
        for index in 0..self.wires.len() {
            let own = match &self.wires[index].status.state {
                DeviceState::Lost { fault, .. } if !self.wires[index].up => *fault,
                DeviceState::Lost { .. } | DeviceState::Off | DeviceState::Opening | DeviceState::Up { .. } => fault,
            };
            self.lost(index, own, retry_ms, now);
        }
    }

    /// Every wire as it is now.
    pub(super) fn wires(&self) -> Vec<WireStatus> {
        self.wires.iter().map(|wire| wire.status.clone()).collect()
    }

    /// What went wrong on all wires since they were chosen.
    pub(super) fn counters(&self) -> LinkCounters {
        self.wires.iter().map(|wire| wire.status.counters).fold(LinkCounters::default(), LinkCounters::plus)
    }
}

/// The serial ports of a choice, one for each wire; that of the simulated box has no name.
fn paths(choice: &DeviceChoice) -> Vec<String> {
    match choice {
        DeviceChoice::Virtual { .. } => vec![String::new()],
        DeviceChoice::None
        | DeviceChoice::Serial { .. }
        | DeviceChoice::SerialWithCard { .. }
        | DeviceChoice::SerialAs { .. }
        | DeviceChoice::Modems { .. } => choice.paths().into_iter().cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::TraceQuery;
    use super::*;

    const RETRY_MS: u32 = 500;

    fn modems() -> DeviceChoice {
        DeviceChoice::Modems { paths: vec!["one".to_owned(), "two".to_owned()] }
    }

    fn identity(model: &str) -> Identity {
        Identity { model: model.to_owned(), ports: 1, ..Identity::default() }
    }

    fn underruns(underruns: u32) -> LinkCounters {
        LinkCounters { underruns, ..LinkCounters::default() }
    }

    #[test]
    fn a_wire_that_vanishes_is_counted_over_its_openings_and_only_where_it_had_answered() {
        let mut history = History::of(&modems());
        for round in 0..3_u64 {
            let now = Moment::from_secs(10 * round);
            history.opened(0, "one", now);
            history.up(0, identity("CX93001"));
            history.count(0, underruns(2));
            history.lost(0, DeviceFault::Unplugged, RETRY_MS, now);
            // It is not there, and not there again.
            history.lost(0, DeviceFault::NotFound, RETRY_MS, now);
            history.lost(0, DeviceFault::NotFound, RETRY_MS, now);
        }
        let [first, second] = history.wires().try_into().unwrap();
        assert_eq!((first.disconnects, first.counters), (3, underruns(6)));
        assert_eq!(first.last_disconnect, Some(Disconnect { fault: DeviceFault::Unplugged, at_ms: 20_000 }));
        assert_eq!(first.state, DeviceState::Lost { fault: DeviceFault::NotFound, retry_ms: RETRY_MS });
        assert_eq!((second.path.as_str(), second.first_port, second.disconnects), ("two", PortId(1), 0));
        assert_eq!(history.counters(), underruns(6));
        // Opened, lost, not found: what is known already is not told again.
        assert_eq!(history.trace.answer(TraceQuery::default(), Moment::ZERO).decoded().lines.len(), 9);
    }

    #[test]
    fn each_wire_keeps_its_own_fault_when_all_are_lost() {
        let mut history = History::of(&modems());
        history.opened(1, "two", Moment::ZERO);
        history.up(1, identity("CX93001"));
        history.lost(0, DeviceFault::Denied, RETRY_MS, Moment::ZERO);
        history.all_lost(DeviceFault::Crashed, 1000, Moment::from_secs(1));
        let states: Vec<_> = history.wires().into_iter().map(|wire| (wire.state, wire.disconnects)).collect();
        let lost = |fault| DeviceState::Lost { fault, retry_ms: 1000 };
        assert_eq!(states, [(lost(DeviceFault::Denied), 0), (lost(DeviceFault::Crashed), 1)]);
    }

    #[test]
    fn the_same_choice_goes_on_and_another_begins_anew() {
        let mut history = History::of(&modems());
        history.opened(0, "one", Moment::ZERO);
        history.up(0, identity("CX93001"));
        history.lost(0, DeviceFault::Silent, RETRY_MS, Moment::ZERO);
        history.choose(&modems());
        assert_eq!(history.wires()[0].disconnects, 1);
        history.choose(&DeviceChoice::Virtual { ports: 2 });
        assert_eq!((history.wires().len(), history.wires()[0].disconnects), (1, 0));
        history.choose(&DeviceChoice::None);
        assert!(history.wires().is_empty());
    }
}
