//! One opening of a box: the driver and the wire, from the first byte to the last.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

use super::choice::{DeviceChoice, DeviceFault, DeviceState};
use super::history::History;
use super::supervisor::{BoxInbox, BoxOrder, FIRST_PAUSE, LONGEST_PAUSE, Reports, SETTLES};
use super::wire::{Place, PlaceState, Wire};
use crate::config::PortId;
use crate::config::country::Country;
use crate::dsp::Frame;
use crate::fxo::trace::WireDirection;
use crate::fxo::{DeviceOutput, Identity, LineCommand, LineEvent};
use crate::gateway::io::Event;
use crate::shell::clock::Clock;
use crate::shell::handle::DeviceError;
use crate::shell::inbox::Received;
use crate::shell::port::PortOutbox;
use crate::time::{Moment, earliest};

/// How long the lines get to confirm their release before the box is closed all the same.
const RELEASE_WITHIN: Duration = Duration::from_millis(1500);

/// How often counters are told.
const COUNTERS_EVERY: Duration = Duration::from_secs(1);

/// Why a session, or the wait for the next one, came to its end.
pub(super) enum Ending {
    /// The box cannot be used.
    Lost(DeviceFault),
    /// Open the box again now.
    Again,
    /// Another box was chosen; the lines of this one are released.
    Choose { choice: DeviceChoice, done: oneshot::Sender<()> },
    /// The lines are released: end. `done` is missing when the brain is gone.
    Stop { done: Option<oneshot::Sender<()>> },
}

impl Ending {
    /// Of two endings at a time the higher one holds.
    fn rank(&self) -> u8 {
        match self {
            Ending::Lost(_) | Ending::Again => 0,
            Ending::Choose { .. } => 1,
            Ending::Stop { .. } => 2,
        }
    }
}

/// What a session finds around it, and leaves behind.
pub(super) struct Around<'a> {
    pub(super) clock: Clock,
    pub(super) inbox: &'a BoxInbox,
    pub(super) reports: &'a Reports,
    pub(super) ports: &'a mut Vec<PortOutbox>,
    pub(super) country: &'a mut &'static Country,
    pub(super) history: &'a mut History,
    /// Set once the box has answered; kept outside, so that a panic inside does not lose it.
    pub(super) was_up: &'a Mutex<bool>,
}

/// A pause in ms, as people are told of it.
pub(super) fn millis(pause: Duration) -> u32 {
    u32::try_from(pause.as_millis()).unwrap_or(u32::MAX)
}

/// Opens the device of a place: its number counts from 0.
pub(super) type Opener<'a> = dyn FnMut(usize) -> Result<Wire, DeviceFault> + 'a;

/// One serving of what was chosen: a box, or several modems, each in its place.
pub(super) struct Session<'a> {
    places: Vec<Place>,
    open: &'a mut Opener<'a>,
    around: Around<'a>,
    /// The devices stand in another country than they were told: they hear of it when no line is in use.
    abroad: bool,
    up: bool,
    counted: Moment,
    off_hook: BTreeSet<PortId>,
    ending: Option<(Ending, Moment)>,
    said: Vec<DeviceOutput>,
}

impl<'a> Session<'a> {
    /// Opens so many places. Several devices have a port each; one device has all of them.
    ///
    /// # Errors
    /// None could be opened: the fault of the first.
    pub(super) fn open(count: usize, open: &'a mut Opener<'a>, around: Around<'a>) -> Result<Self, DeviceFault> {
        let now = around.clock.now();
        let mut places = Vec::new();
        let mut first_fault = None;
        for index in 0..count {
            let state = match open(index) {
                Ok(wire) => {
                    around.history.opened(index, &wire.path, now);
                    PlaceState::Open(wire)
                }
                Err(fault) => {
                    around.history.lost(index, fault, millis(FIRST_PAUSE), now);
                    first_fault.get_or_insert(fault);
                    PlaceState::Lost { fault, again: now + FIRST_PAUSE }
                }
            };
            places.push(Place { first: u16::try_from(index).unwrap_or(u16::MAX), state, pause: FIRST_PAUSE });
        }
        if !places.iter().any(Place::is_open) {
            return Err(first_fault.unwrap_or(DeviceFault::NotFound));
        }
        Ok(Session {
            places,
            open,
            around,
            abroad: false,
            up: false,
            counted: now,
            off_hook: BTreeSet::new(),
            ending: None,
            said: Vec::new(),
        })
    }

    /// Serves the devices until they are lost or are to be closed.
    pub(super) fn run(mut self) -> Ending {
        for index in 0..self.places.len() {
            self.drive(index, |wire, now, said| wire.driver.open(now, said));
        }
        loop {
            if let Err(ending) = self.judge() {
                // An order to end that waits for the lines is answered now: there is nothing left to wait for.
                return self.ending.take().map_or(ending, |(ordered, _)| ordered);
            }
            if self.abroad && self.off_hook.is_empty() && self.ending.is_none() {
                self.move_abroad();
            }
            if let Some(ending) = self.ended() {
                return ending;
            }
            let wake = self.around.clock.instant(self.deadline());
            match self.around.inbox.receive(Some(wake)) {
                Received::Order(order) => self.order(order),
                Received::Audio(play) => {
                    if let Some(index) = self.place_of(play.port) {
                        let port = self.places[index].port_there(play.port);
                        self.drive(index, |wire, now, said| wire.play(port, &play.frame, now, said));
                    }
                }
                Received::DeadlinePassed => {}
                Received::Closed => self.end(Ending::Stop { done: None }),
            }
            self.look_at_clocks();
        }
    }

    /// The country changed. A device that has to be opened anew for it takes the others with it.
    fn move_abroad(&mut self) {
        self.abroad = false;
        let country = *self.around.country;
        let mut settled = true;
        for index in 0..self.places.len() {
            self.drive(index, |wire, now, said| settled &= !wire.link.is_of_country() && wire.driver.stand_in(country, now, said));
        }
        if !settled {
            self.end(Ending::Again);
        }
    }

    /// The place with this port.
    fn place_of(&self, port: PortId) -> Option<usize> {
        match self.places.len() {
            // One device has all ports, however many those are.
            1 => Some(0),
            _ => self.places.iter().position(|place| place.first == port.0),
        }
    }

    /// Lets a driver do something, and does what it then wants done.
    fn drive(&mut self, index: usize, act: impl FnOnce(&mut Wire, Moment, &mut Vec<DeviceOutput>)) {
        let now = self.around.clock.now();
        let mut said = std::mem::take(&mut self.said);
        if let Some(wire) = self.wire(index) {
            act(wire, now, &mut said);
        }
        for output in said.drain(..) {
            if let Err(fault) = self.carry_out(index, output) {
                self.lose(index, fault);
            }
        }
        // The room is kept for the next round.
        self.said = said;
    }

    /// A device is lost. Of several, the others go on, and it is looked for again.
    fn lose(&mut self, index: usize, fault: DeviceFault) {
        let now = self.around.clock.now();
        let Some(place) = self.places.get_mut(index) else { return };
        let was_up = place.wire().is_some_and(|wire| wire.up);
        if let Some(wire) = place.wire() {
            self.around.history.count(index, wire.counters());
        }
        self.around.history.lost(index, fault, millis(place.pause), now);
        let again = now + place.pause;
        place.pause = if was_up { FIRST_PAUSE } else { (place.pause * 2).min(LONGEST_PAUSE) };
        place.state = PlaceState::Lost { fault, again };
        if self.places.len() > 1 {
            let port = self.places[index].port_here(PortId(0));
            self.off_hook.remove(&port);
            if was_up {
                tracing::info!(?fault, place = index, "one of several devices is lost; looking for it again");
                self.tell(Event::PortGone { port, lost: true });
            }
            self.tell_wires();
        }
    }

    fn look_at_clocks(&mut self) {
        let now = self.around.clock.now();
        for index in 0..self.places.len() {
            match &self.places[index].state {
                PlaceState::Open(wire) if wire.driver.deadline().is_some_and(|due| due <= now) => {
                    self.drive(index, |wire, now, said| wire.driver.handle_timeout(now, said));
                }
                PlaceState::Lost { again, .. } if self.places.len() > 1 && self.ending.is_none() && *again <= now => self.look_for(index),
                PlaceState::Open(_) | PlaceState::Lost { .. } => {}
            }
        }
    }

    fn look_for(&mut self, index: usize) {
        match (self.open)(index) {
            Ok(wire) => {
                self.around.history.opened(index, &wire.path, self.around.clock.now());
                self.places[index].state = PlaceState::Open(wire);
                self.drive(index, |wire, now, said| wire.driver.open(now, said));
            }
            Err(fault) => self.lose(index, fault),
        }
    }

    fn deadline(&self) -> Moment {
        let now = self.around.clock.now();
        let several = self.places.len() > 1;
        let due = |place: &Place| match &place.state {
            PlaceState::Open(wire) => Some(wire.deadline(now)),
            PlaceState::Lost { again, .. } => several.then_some(*again),
        };
        let places = self.places.iter().map(due).fold(None, earliest);
        let ending = self.ending.as_ref().map(|(_, by)| *by);
        let counters = self.counted + COUNTERS_EVERY;
        earliest(earliest(places, ending), Some(counters)).unwrap_or(counters)
    }

    fn order(&mut self, order: BoxOrder) {
        match order {
            BoxOrder::Bytes { link, bytes } => {
                // What is left over from an earlier opening has no place any more.
                if let Some(index) = self.opened_as(link) {
                    self.pass(index, WireDirection::FromDevice, &bytes);
                    self.drive(index, |wire, now, said| {
                        wire.hear(now);
                        wire.driver.receive(&bytes, now, said);
                    });
                }
            }
            BoxOrder::Heard { link, port, frame } => {
                if let Some(index) = self.opened_as(link) {
                    self.play_to(self.places[index].port_here(port), frame);
                    self.drive(index, |wire, now, said| {
                        if wire.heard_card() {
                            wire.driver.card_up(now, said);
                        }
                    });
                }
            }
            BoxOrder::CardLost { link } => {
                // The wire still stands: the lines are let go over it, which the box would not do by itself while it hears of us.
                if self.opened_as(link).is_some() {
                    self.end(Ending::Lost(DeviceFault::NoCard));
                }
            }
            BoxOrder::WireLost { link, fault } => {
                if let Some(index) = self.opened_as(link) {
                    self.lose(index, fault);
                }
            }
            BoxOrder::Plugged => {
                let soon = self.around.clock.now() + SETTLES;
                for place in &mut self.places {
                    place.look_by(soon);
                }
            }
            BoxOrder::Line { port, command } => self.command(port, command),
            #[cfg(test)]
            BoxOrder::Fail => panic!("a test lets the box thread fail"),
            BoxOrder::Ports(ports) => {
                *self.around.ports = ports;
                self.tell_of_absent();
            }
            BoxOrder::Country(country) => {
                self.abroad |= self.around.country.code != country.code;
                *self.around.country = country;
            }
            BoxOrder::Act { port, act, answer } => {
                let wire = self.place_of(port).and_then(|index| self.places[index].wire());
                // Whoever asked may have given up waiting.
                let _ = answer.send(wire.map_or(Err(DeviceError::NotVirtual), |wire| wire.link.act(port, act)));
            }
            BoxOrder::Trace { query, answer } => {
                // Whoever asked may have given up waiting.
                let _ = answer.send(self.around.history.trace.answer(query, self.around.clock.now()));
            }
            BoxOrder::Choose { choice, done } => self.end(Ending::Choose { choice, done }),
            BoxOrder::Stop { done } => self.end(Ending::Stop { done: Some(done) }),
        }
    }

    fn opened_as(&mut self, link: u64) -> Option<usize> {
        self.places.iter_mut().position(|place| place.wire().is_some_and(|wire| wire.number == link))
    }

    fn command(&mut self, port: PortId, command: LineCommand) {
        if self.ending.is_some() && command != LineCommand::Release {
            return;
        }
        let Some(index) = self.place_of(port).filter(|index| self.places[*index].is_open()) else { return };
        if command == LineCommand::Seize {
            // Off hook until the box says otherwise: better one release too many.
            self.off_hook.insert(port);
        }
        let there = self.places[index].port_there(port);
        self.drive(index, |wire, now, said| wire.driver.command(there, command, now, said));
    }

    /// Begins the end: every line that may be off hook is released, and the box gets a moment to confirm it.
    fn end(&mut self, ending: Ending) {
        let now = self.around.clock.now();
        for port in self.off_hook.clone() {
            self.command(port, LineCommand::Release);
        }
        self.ending = Some(match self.ending.take() {
            None => (ending, now + RELEASE_WITHIN),
            // What somebody waits for goes before what happened by itself, and the last word before all.
            Some((before, by)) if ending.rank() > before.rank() => (ending, by),
            Some(before) => before,
        });
    }

    /// The ending, when its conditions are met.
    fn ended(&mut self) -> Option<Ending> {
        let now = self.around.clock.now();
        let written = self.places.iter_mut().all(|place| place.wire().is_none_or(|wire| wire.is_written()));
        let done = self.off_hook.is_empty() && written;
        let due = self.ending.as_ref().is_some_and(|(_, by)| done || *by <= now);
        if !due {
            return None;
        }
        let lost = matches!(self.ending, Some((Ending::Lost(_), _)));
        if !lost && !self.off_hook.is_empty() {
            tracing::warn!(lines = self.off_hook.len(), "closing the box before every line confirmed its release");
        }
        self.ending.take().map(|(ending, _)| ending)
    }

    fn carry_out(&mut self, index: usize, output: DeviceOutput) -> Result<(), DeviceFault> {
        match output {
            DeviceOutput::Write(bytes) => {
                self.pass(index, WireDirection::ToDevice, &bytes);
                if let Some(wire) = self.wire(index) {
                    wire.write(bytes);
                }
            }
            DeviceOutput::Up(identity) => self.is_up(index, identity),
            // It may be asleep, or no box of ours: opening it anew is the surest way to have it back.
            DeviceOutput::Silent => return Err(DeviceFault::Silent),
            DeviceOutput::Unfit => return Err(DeviceFault::Unfit),
            DeviceOutput::Rebooted => {
                self.off_hook.clear();
                self.tell(Event::DeviceRebooted);
            }
            DeviceOutput::Line(port, event) => {
                let port = self.port_here(index, port);
                self.note_hook(port, &event);
                self.tell(Event::Line { port, event });
            }
            DeviceOutput::Card(map) => {
                if let Some(wire) = self.wire(index) {
                    wire.open_card(&map)?;
                }
            }
            DeviceOutput::Audio(port, frame) => {
                let port = self.port_here(index, port);
                self.play_to(port, frame);
            }
        }
        Ok(())
    }

    /// The trace gets to see what passes on a wire.
    fn pass(&mut self, index: usize, direction: WireDirection, bytes: &[u8]) {
        let now = self.around.clock.now();
        let wired = self.around.history.wired(index);
        if let Some(wire) = self.places.get_mut(index).and_then(Place::wire) {
            self.around.history.trace.pass(wired, &mut wire.tap, direction, bytes, now);
        }
    }

    fn wire(&mut self, index: usize) -> Option<&mut Wire> {
        self.places.get_mut(index).and_then(Place::wire)
    }

    /// The number of a port of a device in this gateway.
    fn port_here(&self, index: usize, port: PortId) -> PortId {
        self.places.get(index).map_or(port, |place| place.port_here(port))
    }

    /// 20 ms that a line says go to its port.
    fn play_to(&self, port: PortId, frame: Frame) {
        if let Some(outbox) = self.around.ports.get(port.index()) {
            outbox.play(frame);
        }
    }

    /// A device answered. Of several, the first one brings all places up, and those that are still missing are told as gone.
    fn is_up(&mut self, index: usize, mut identity: Identity) {
        let several = self.places.len() > 1;
        let place = &mut self.places[index];
        place.pause = FIRST_PAUSE;
        let port = place.port_here(PortId(0));
        if let Some(wire) = place.wire() {
            wire.up = true;
        }
        self.around.history.up(index, identity.clone());
        if several && self.up {
            self.tell_wires();
            return self.tell(Event::PortUp(port));
        }
        self.up = true;
        *self.around.was_up.lock().unwrap_or_else(PoisonError::into_inner) = true;
        if several {
            identity.ports = u16::try_from(self.places.len()).unwrap_or(u16::MAX);
        }
        let wires = self.around.history.wires();
        self.around.reports.status(|status| {
            status.state = DeviceState::Up { identity: identity.clone() };
            status.wires = wires;
        });
        self.tell(Event::DeviceUp(identity));
        self.tell_of_absent();
    }

    /// How each wire is doing, for people.
    fn tell_wires(&self) {
        let (wires, counters) = (self.around.history.wires(), self.around.history.counters());
        self.around.reports.status(|status| {
            status.wires = wires;
            status.counters = counters;
        });
    }

    fn tell_of_absent(&mut self) {
        if !self.up || self.places.len() == 1 {
            return;
        }
        for index in 0..self.places.len() {
            if !self.places[index].wire().is_some_and(|wire| wire.up) {
                self.tell(Event::PortGone { port: self.places[index].port_here(PortId(0)), lost: false });
            }
        }
    }

    fn note_hook(&mut self, port: PortId, event: &LineEvent) {
        match event {
            LineEvent::Hook { off_hook: true } => {
                self.off_hook.insert(port);
            }
            LineEvent::Hook { off_hook: false } => {
                self.off_hook.remove(&port);
            }
            LineEvent::BatteryUp { .. }
            | LineEvent::BatteryDown
            | LineEvent::RingOn { .. }
            | LineEvent::RingOff { .. }
            | LineEvent::Polarity { .. }
            | LineEvent::LoopOpened
            | LineEvent::LoopInterruption { .. }
            | LineEvent::ExtensionPickup
            | LineEvent::ExtensionRelease
            | LineEvent::Measured { .. }
            | LineEvent::CallerId(_)
            | LineEvent::Tone(_)
            | LineEvent::SignalDone
            | LineEvent::CommandFailed { .. } => {}
        }
    }

    /// Tells the brain. A brain that does not listen any more, or is far behind, cannot look after lines: the box is closed.
    fn tell(&mut self, event: Event) {
        match self.around.reports.brain.try_send(event) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                tracing::error!("the brain is far behind; the box is closed");
                self.end_at_once(Ending::Lost(DeviceFault::Crashed));
            }
            Err(TrySendError::Closed(_)) if self.ending.is_some() => {}
            Err(TrySendError::Closed(_)) => self.end_at_once(Ending::Stop { done: None }),
        }
    }

    /// Ends without waiting for the lines: closing the box lets go of them.
    fn end_at_once(&mut self, ending: Ending) {
        let now = self.around.clock.now();
        let ending = self.ending.take().map_or(ending, |(ordered, _)| ordered);
        self.ending = Some((ending, now));
    }

    /// Writes what waits, gives devices up that say nothing or take nothing, and tells the counters now and then.
    fn judge(&mut self) -> Result<(), Ending> {
        let now = self.around.clock.now();
        for index in 0..self.places.len() {
            let judged = self.places[index].wire().map_or(Ok(()), |wire| wire.write_waiting(now).and_then(|()| wire.judge(now)));
            if let Err(fault) = judged {
                self.lose(index, fault);
            }
        }
        if let Some(PlaceState::Lost { fault, .. }) = self.places.first().map(|place| &place.state)
            && !self.places.iter().any(Place::is_open)
        {
            return Err(Ending::Lost(*fault));
        }
        if self.around.inbox.take_given_up() {
            // The brain reckons without this box: its calls are over. This thread runs again, so the lines are released here,
            // and the box is opened anew, which tells the brain of it.
            self.end(Ending::Lost(DeviceFault::Stuck));
        }
        if now >= self.counted + COUNTERS_EVERY {
            self.counted = now;
            for (index, place) in self.places.iter_mut().enumerate() {
                if let Some(wire) = place.wire() {
                    self.around.history.count(index, wire.counters());
                }
            }
            self.tell_wires();
            if self.around.reports.brain.is_closed() {
                self.end(Ending::Stop { done: None });
            }
        }
        Ok(())
    }
}
