//! One wire of a session: the way to a device, its driver, and what waits between the two.

use std::collections::VecDeque;
use std::time::Duration;

use super::choice::DeviceFault;
use super::link::Link;
use super::supervisor::FIRST_PAUSE;
use super::voice::Voice;
use crate::config::PortId;
use crate::dsp::Frame;
use crate::fxo::card::ChannelMap;
use crate::fxo::trace::Tap;
use crate::fxo::{Device, DeviceOutput, LinkCounters};
use crate::shell::card::Card;
use crate::time::{Moment, earliest};

/// A device that says nothing at all for this long is gone, even when its serial port stays. Drivers ask for signs of life
/// more often than that; a modem is left alone while its line rings.
const SILENCE: Duration = Duration::from_secs(10);

/// Bytes that may wait for the wire: more than a second of audio of eight lines.
const WAITING_BYTES: usize = 128 * 1024;

/// Bytes that wait while the wire takes none for this long: the device is stuck.
const STUCK: Duration = Duration::from_secs(2);

/// How long to wait before bytes that the wire did not take are tried again.
const WRITE_AGAIN: Duration = Duration::from_millis(5);

/// The first frames of a card are torn while its portions find their rhythm: half a second of one line.
const SETTLED_FRAMES: u32 = 25;

/// A device that is opened.
pub(super) struct Wire {
    /// The number of this opening: what is read comes marked with it.
    pub(super) number: u64,
    /// Path or name of its serial port; empty for the simulated box.
    pub(super) path: String,
    pub(super) link: Box<dyn Link>,
    pub(super) driver: Box<dyn Device>,
    /// Finds what the trace keeps of this wire.
    pub(super) tap: Tap,
    pub(super) up: bool,
    voice: Option<Voice>,
    card: Option<Card>,
    /// Frames heard from the card since it was opened, as far as they are counted.
    card_frames: u32,
    opened: Moment,
    heard: Moment,
    taken: Moment,
    waiting: VecDeque<u8>,
}

impl Wire {
    pub(super) fn new(number: u64, path: &str, link: Box<dyn Link>, driver: Box<dyn Device>, now: Moment) -> Self {
        Wire {
            number,
            path: path.to_owned(),
            link,
            tap: Tap::new(driver.dialect()),
            driver,
            up: false,
            voice: None,
            card: None,
            card_frames: 0,
            opened: now,
            heard: now,
            taken: now,
            waiting: VecDeque::new(),
        }
    }

    /// The same, for a device whose sound may be on a sound card.
    pub(super) fn with_voice(self, voice: Voice) -> Self {
        Wire { voice: Some(voice), ..self }
    }

    /// The device has its sound on a sound card.
    pub(super) fn open_card(&mut self, map: &ChannelMap) -> Result<(), DeviceFault> {
        // One that is open already is closed first: no card opens twice.
        self.card = None;
        self.card_frames = 0;
        self.card = Some(self.voice.as_ref().ok_or(DeviceFault::NoCard)?.open(map)?);
        Ok(())
    }

    /// 20 ms were heard on the card; true when its sound flows now.
    pub(super) fn heard_card(&mut self) -> bool {
        let settled = self.card_frames == SETTLED_FRAMES;
        self.card_frames = (self.card_frames + 1).min(SETTLED_FRAMES + 1);
        settled
    }

    /// 20 ms to be heard on a port of the device.
    pub(super) fn play(&mut self, port: PortId, frame: &Frame, now: Moment, said: &mut Vec<DeviceOutput>) {
        match &mut self.card {
            Some(card) => card.play(port, frame),
            None => self.driver.play(port, frame, now, said),
        }
    }

    /// What went wrong on this wire and on its card.
    pub(super) fn counters(&self) -> LinkCounters {
        let card = self.card.as_ref().map(Card::counters).unwrap_or_default();
        let overruns = card.overruns.saturating_add(card.skipped);
        self.driver.counters().plus(LinkCounters { underruns: card.underruns, overruns, ..LinkCounters::default() })
    }

    pub(super) fn hear(&mut self, now: Moment) {
        self.heard = now;
    }

    pub(super) fn write(&mut self, bytes: Vec<u8>) {
        self.waiting.extend(bytes);
    }

    /// Everything that was to be written is.
    pub(super) fn is_written(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn deadline(&self, now: Moment) -> Moment {
        let mut wake = self.heard + SILENCE;
        if !self.up {
            wake = wake.min(self.opened + self.driver.answers_within());
        }
        if !self.waiting.is_empty() {
            wake = wake.min(now + WRITE_AGAIN);
        }
        earliest(self.driver.deadline(), Some(wake)).unwrap_or(wake)
    }

    /// Hands to the system what it takes.
    pub(super) fn write_waiting(&mut self, now: Moment) -> Result<(), DeviceFault> {
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
                Err(_) => return Err(DeviceFault::Unplugged),
            }
        }
        if self.waiting.len() > WAITING_BYTES || now.since(self.taken) > STUCK {
            return Err(DeviceFault::Stuck);
        }
        Ok(())
    }

    /// Gives the device up when it says nothing: it is none of ours, or asleep.
    pub(super) fn judge(&self, now: Moment) -> Result<(), DeviceFault> {
        let silent = now >= self.heard + SILENCE || (!self.up && now >= self.opened + self.driver.answers_within());
        if silent { Err(DeviceFault::Silent) } else { Ok(()) }
    }
}

/// A place for a device: its ports, and the device when it is there.
pub(super) struct Place {
    /// The first port of the device.
    pub(super) first: u16,
    pub(super) state: PlaceState,
    /// The pause before it is looked for again.
    pub(super) pause: Duration,
}

pub(super) enum PlaceState {
    Open(Wire),
    /// It is looked for again at this moment.
    Lost {
        fault: DeviceFault,
        again: Moment,
    },
}

impl Place {
    pub(super) fn wire(&mut self) -> Option<&mut Wire> {
        match &mut self.state {
            PlaceState::Open(wire) => Some(wire),
            PlaceState::Lost { .. } => None,
        }
    }

    /// Something was plugged in: what is missing here is looked for by `soon`.
    pub(super) fn look_by(&mut self, soon: Moment) {
        if let PlaceState::Lost { again, .. } = &mut self.state {
            *again = soon.min(*again);
            self.pause = FIRST_PAUSE;
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, PlaceState::Open(_))
    }

    /// The number of a port of this gateway at the device.
    pub(super) fn port_there(&self, port: PortId) -> PortId {
        PortId(port.0.saturating_sub(self.first))
    }

    /// The number of a port of the device in this gateway.
    pub(super) fn port_here(&self, port: PortId) -> PortId {
        PortId(port.0.saturating_add(self.first))
    }
}
