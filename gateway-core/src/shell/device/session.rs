//! One opening of a box: the driver and the wire, from the first byte to the last.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

use super::choice::{DeviceChoice, DeviceFault, DeviceState};
use super::link::Link;
use super::supervisor::{BoxInbox, BoxOrder, Reports};
use crate::config::PortId;
use crate::config::country::Country;
use crate::fxo::boxlink::driver::{BoxDriver, BoxOptions};
use crate::fxo::{Device, DeviceOutput, Identity, LineCommand, LineEvent};
use crate::gateway::io::Event;
use crate::shell::clock::Clock;
use crate::shell::inbox::Received;
use crate::shell::port::PortOutbox;
use crate::time::{Moment, earliest};

/// A box that has not answered within this time after it was opened is no box of ours, or asleep.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// A box that says nothing at all for this long is gone, even when its serial port stays: it answers a ping every second.
const SILENCE: Duration = Duration::from_secs(6);

/// Bytes that may wait for the wire: more than a second of audio of eight lines.
const WAITING_BYTES: usize = 128 * 1024;

/// Bytes that wait while the wire takes none for this long: the box is stuck.
const STUCK: Duration = Duration::from_secs(2);

/// How long to wait before bytes that the wire did not take are tried again.
const WRITE_AGAIN: Duration = Duration::from_millis(5);

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
    /// Set once the box has answered; kept outside, so that a panic inside does not lose it.
    pub(super) was_up: &'a Mutex<bool>,
}

pub(super) struct Session<'a> {
    number: u64,
    link: Box<dyn Link>,
    driver: BoxDriver,
    around: Around<'a>,
    /// The simulated exchange stands in another country than it should: it is built anew when no line is in use.
    abroad: bool,
    up: bool,
    opened: Moment,
    heard: Moment,
    taken: Moment,
    counted: Moment,
    waiting: VecDeque<u8>,
    off_hook: BTreeSet<PortId>,
    ending: Option<(Ending, Moment)>,
    said: Vec<DeviceOutput>,
}

impl<'a> Session<'a> {
    /// A session on opening number `number`.
    pub(super) fn new(number: u64, link: Box<dyn Link>, around: Around<'a>) -> Self {
        let now = around.clock.now();
        Session {
            number,
            link,
            driver: BoxDriver::new(BoxOptions::default()),
            around,
            abroad: false,
            up: false,
            opened: now,
            heard: now,
            taken: now,
            counted: now,
            waiting: VecDeque::new(),
            off_hook: BTreeSet::new(),
            ending: None,
            said: Vec::new(),
        }
    }

    /// Serves the box until it is lost or is to be closed.
    pub(super) fn run(mut self) -> Ending {
        self.driver.open(self.around.clock.now(), &mut self.said);
        loop {
            if let Err(ending) = self.carry_out().and_then(|()| self.write_waiting()).and_then(|()| self.judge()) {
                // An order to end that waits for the lines is answered now: there is nothing left to wait for.
                return self.ending.take().map_or(ending, |(ordered, _)| ordered);
            }
            if self.abroad && self.off_hook.is_empty() && self.ending.is_none() {
                self.end(Ending::Again);
            }
            if let Some(ending) = self.ended() {
                return ending;
            }
            let wake = self.around.clock.instant(self.deadline());
            match self.around.inbox.receive(Some(wake)) {
                Received::Order(order) => self.order(order),
                Received::Audio(play) => {
                    let now = self.around.clock.now();
                    self.driver.play(play.port, &play.frame, now, &mut self.said);
                }
                Received::DeadlinePassed => {}
                Received::Closed => self.end(Ending::Stop { done: None }),
            }
            let now = self.around.clock.now();
            if self.driver.deadline().is_some_and(|due| due <= now) {
                self.driver.handle_timeout(now, &mut self.said);
            }
        }
    }

    fn deadline(&self) -> Moment {
        let mut wake = self.heard + SILENCE;
        if !self.up {
            wake = wake.min(self.opened + ANSWER_WITHIN);
        }
        if !self.waiting.is_empty() {
            wake = wake.min(self.around.clock.now() + WRITE_AGAIN);
        }
        let ending = self.ending.as_ref().map(|(_, by)| *by);
        let wanted = earliest(self.driver.deadline(), ending);
        earliest(wanted, Some(wake.min(self.counted + COUNTERS_EVERY))).unwrap_or(wake)
    }

    fn order(&mut self, order: BoxOrder) {
        let now = self.around.clock.now();
        match order {
            BoxOrder::Bytes { link, bytes } if link == self.number => {
                self.heard = now;
                self.driver.receive(&bytes, now, &mut self.said);
            }
            BoxOrder::WireLost { link, fault } if link == self.number => {
                let ordered = self.ending.take().map_or(Ending::Lost(fault), |(ordered, _)| ordered);
                self.ending = Some((ordered, now));
            }
            // Left over from an earlier opening.
            BoxOrder::Bytes { .. } | BoxOrder::WireLost { .. } => {}
            BoxOrder::Line { port, command } => self.command(port, command, now),
            BoxOrder::Ports(ports) => *self.around.ports = ports,
            BoxOrder::Country(country) => {
                self.abroad = self.link.is_simulated() && self.around.country.code != country.code;
                *self.around.country = country;
            }
            BoxOrder::Act { port, act, answer } => {
                // Whoever asked may have given up waiting.
                let _ = answer.send(self.link.act(port, act));
            }
            BoxOrder::Choose { choice, done } => self.end(Ending::Choose { choice, done }),
            BoxOrder::Stop { done } => self.end(Ending::Stop { done: Some(done) }),
        }
    }

    fn command(&mut self, port: PortId, command: LineCommand, now: Moment) {
        if self.ending.is_some() && command != LineCommand::Release {
            return;
        }
        if command == LineCommand::Seize {
            // Off hook until the box says otherwise: better one release too many.
            self.off_hook.insert(port);
        }
        self.driver.command(port, command, now, &mut self.said);
    }

    /// Begins the end: every line that may be off hook is released, and the box gets a moment to confirm it.
    fn end(&mut self, ending: Ending) {
        let now = self.around.clock.now();
        for port in self.off_hook.clone() {
            self.driver.command(port, LineCommand::Release, now, &mut self.said);
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
        let done = self.off_hook.is_empty() && self.waiting.is_empty();
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

    fn carry_out(&mut self) -> Result<(), Ending> {
        let mut said = std::mem::take(&mut self.said);
        for output in said.drain(..) {
            match output {
                DeviceOutput::Write(bytes) => self.waiting.extend(bytes),
                DeviceOutput::Up(identity) => self.is_up(identity)?,
                // It may be asleep, or no box of ours: opening it anew is the surest way to have it back.
                DeviceOutput::Silent => return Err(Ending::Lost(DeviceFault::Silent)),
                DeviceOutput::Unfit => return Err(Ending::Lost(DeviceFault::Unfit)),
                DeviceOutput::Rebooted => {
                    self.off_hook.clear();
                    self.tell(Event::DeviceRebooted)?;
                }
                DeviceOutput::Line(port, event) => {
                    self.note_hook(port, &event);
                    self.tell(Event::Line { port, event })?;
                }
                DeviceOutput::Audio(port, frame) => {
                    if let Some(outbox) = self.around.ports.get(port.index()) {
                        outbox.play(frame);
                    }
                }
            }
        }
        // The room is kept for the next round.
        self.said = said;
        Ok(())
    }

    fn is_up(&mut self, identity: Identity) -> Result<(), Ending> {
        self.up = true;
        *self.around.was_up.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.around.reports.status(|status| status.state = DeviceState::Up { identity: identity.clone() });
        self.tell(Event::DeviceUp(identity))
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
    fn tell(&self, event: Event) -> Result<(), Ending> {
        match self.around.reports.brain.try_send(event) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => {
                tracing::error!("the brain is far behind; the box is closed");
                Err(Ending::Lost(DeviceFault::Crashed))
            }
            Err(TrySendError::Closed(_)) if self.ending.is_some() => Ok(()),
            Err(TrySendError::Closed(_)) => Err(Ending::Stop { done: None }),
        }
    }

    fn write_waiting(&mut self) -> Result<(), Ending> {
        let now = self.around.clock.now();
        if self.waiting.is_empty() {
            self.taken = now;
            return Ok(());
        }
        // Small pieces: a system may wait for room for a whole piece although it said there was room for some.
        while !self.waiting.is_empty() {
            let (front, _) = self.waiting.as_slices();
            let piece = &front[..front.len().min(256)];
            match self.link.write(piece) {
                Ok(0) => break,
                Ok(count) => {
                    self.waiting.drain(..count);
                    self.taken = now;
                }
                Err(_) => return Err(Ending::Lost(DeviceFault::Unplugged)),
            }
        }
        if self.waiting.len() > WAITING_BYTES || now.since(self.taken) > STUCK {
            return Err(Ending::Lost(DeviceFault::Stuck));
        }
        Ok(())
    }

    /// Gives the box up when it says nothing or the brain has given it up, and tells the counters now and then.
    fn judge(&mut self) -> Result<(), Ending> {
        let now = self.around.clock.now();
        if self.around.inbox.take_given_up() {
            // The brain reckons without this box: its calls are over. This thread runs again, so the lines are released here,
            // and the box is opened anew, which tells the brain of it.
            self.end(Ending::Lost(DeviceFault::Stuck));
        }
        if now >= self.counted + COUNTERS_EVERY {
            self.counted = now;
            let counters = self.driver.counters();
            self.around.reports.status(|status| status.counters = counters);
            if self.around.reports.brain.is_closed() {
                self.end(Ending::Stop { done: None });
            }
        }
        if now >= self.heard + SILENCE || (!self.up && now >= self.opened + ANSWER_WITHIN) {
            return Err(Ending::Lost(DeviceFault::Silent));
        }
        Ok(())
    }
}
