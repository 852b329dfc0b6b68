//! The analog side: what a device tells and is told, the port's state machine, the drivers, and the simulated exchange.

pub mod boxlink;
pub mod card;
pub mod catalog;
pub mod line;
pub mod modem;
pub mod simulator;
pub mod trace;
pub mod u100;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::card::ChannelMap;
use self::trace::Dialect;
use crate::config::PortId;
use crate::config::country::Country;
use crate::dsp::Frame;
use crate::dsp::callerid::CallerId;
use crate::dsp::progress::HeardTone;
use crate::time::Moment;

/// What a device reports about one line.
#[derive(Clone, Debug, PartialEq)]
pub enum LineEvent {
    /// Battery (exchange voltage) is present. `millivolts` where the device measures it.
    BatteryUp {
        /// Line voltage on hook, in mV.
        millivolts: Option<i32>,
    },
    /// No battery: the cable is out or the exchange is dead.
    BatteryDown,
    /// A ring burst began.
    RingOn {
        /// Ringing frequency in Hz, 0 when the device does not measure it.
        frequency_hz: u8,
    },
    /// The ring burst ended after `on`.
    RingOff {
        /// How long the burst lasted.
        on: Duration,
    },
    /// The hook relay did what it was told (or what the device decided): proof of seizure or release.
    Hook {
        /// True off hook (the line is seized).
        off_hook: bool,
    },
    /// The exchange reversed the polarity of the line.
    Polarity {
        /// False while reversed.
        forward: bool,
    },
    /// Off hook, the loop current is away since now. A device that tells this tells the rest when it is back, too.
    LoopOpened,
    /// Loop current was interrupted for `duration` while off hook and came back.
    LoopInterruption {
        /// How long no current flowed.
        duration: Duration,
    },
    /// A parallel telephone took the line.
    ExtensionPickup,
    /// The parallel telephone gave it back.
    ExtensionRelease,
    /// Measured electrical state.
    Measured {
        /// Line voltage in mV.
        millivolts: i32,
        /// Loop current in µA, from a device that measures it.
        microamps: Option<u32>,
        /// True when the device sees itself off hook.
        off_hook: bool,
    },
    /// Caller ID decoded by the device itself.
    CallerId(CallerId),
    /// A supervisory tone detected by the device itself.
    Tone(HeardTone),
    /// Pulse dialling or a flash that we ordered is complete.
    SignalDone,
    /// The device refused or failed a command.
    CommandFailed {
        /// The status the device gave (for the trace; people see a code).
        status: u8,
    },
}

impl LineEvent {
    /// The `status` of [`LineEvent::CommandFailed`] when the device did not answer at all.
    pub const NOT_ANSWERED: u8 = 0xFF;
}

/// What a device is told to do with one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineCommand {
    /// Off hook: seize the line.
    Seize,
    /// On hook: release the line.
    Release,
    /// On hook for `duration`, then off hook again, timed by the device.
    Flash {
        /// Length of the flash.
        duration: Duration,
    },
    /// Decadic dialling, timed by the device.
    DialPulse {
        /// Digits 0-9.
        digits: String,
    },
    /// Ask for [`LineEvent::Measured`].
    Measure,
    /// Reset this port of the device.
    Reset,
}

/// A box that answered: who it is and what it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Identity {
    /// Model, as the box names itself.
    pub model: String,
    /// Serial number, empty where there is none.
    pub serial: String,
    /// Firmware version.
    pub firmware: String,
    /// Number of FXO ports.
    pub ports: u16,
}

/// What a driver wants done or has to tell.
#[derive(Clone, Debug, PartialEq)]
pub enum DeviceOutput {
    /// Bytes for the wire.
    Write(Vec<u8>),
    /// The box answered: it is usable from now on. Told again after [`DeviceOutput::Silent`] and [`DeviceOutput::Rebooted`].
    Up(Identity),
    /// The box restarted: every line is on hook, whatever was ordered before. [`DeviceOutput::Up`] follows.
    Rebooted,
    /// It answers, but cannot do what is needed: a modem without voice. Nothing more comes from it.
    Unfit,
    /// The box fell silent: nothing is known of its lines until [`DeviceOutput::Up`] is told again.
    Silent,
    /// The sound of the lines is on a sound card, on these channels: none comes from the driver, and it plays none. It goes on
    /// with [`Device::card_up`].
    Card(ChannelMap),
    /// Something happened on a line.
    Line(PortId, LineEvent),
    /// 20 ms heard on a line.
    Audio(PortId, Frame),
}

/// A driver: a pure translator between a device's bytes and line words. It owns no port and no clock.
pub trait Device: Send {
    /// Starts the conversation. Called once, after the port was opened.
    fn open(&mut self, now: Moment, out: &mut Vec<DeviceOutput>);
    /// Bytes that came from the wire.
    fn receive(&mut self, bytes: &[u8], now: Moment, out: &mut Vec<DeviceOutput>);
    /// An order for one line.
    fn command(&mut self, port: PortId, command: LineCommand, now: Moment, out: &mut Vec<DeviceOutput>);
    /// 20 ms to be heard on a line; call it once for each [`DeviceOutput::Audio`] of that port (the box is the clock).
    fn play(&mut self, port: PortId, frame: &Frame, now: Moment, out: &mut Vec<DeviceOutput>);
    /// The card of [`DeviceOutput::Card`] is open, and its sound flows.
    fn card_up(&mut self, _now: Moment, _out: &mut Vec<DeviceOutput>) {}
    /// Its lines stand in another country from now on; none is in use. Answers whether it is set up for it: else it is to be made
    /// and opened anew.
    fn stand_in(&mut self, _country: &Country, _now: Moment, _out: &mut Vec<DeviceOutput>) -> bool {
        true
    }
    /// When [`Device::handle_timeout`] wants to be called.
    fn deadline(&self) -> Option<Moment>;
    /// Retries, pings and give-ups that are due.
    fn handle_timeout(&mut self, now: Moment, out: &mut Vec<DeviceOutput>);
    /// How long it may take until it says that it is up.
    fn answers_within(&self) -> Duration {
        Duration::from_secs(8)
    }
    /// What is spoken on its wire.
    fn dialect(&self) -> Dialect;
    /// What went wrong on the wire so far.
    fn counters(&self) -> LinkCounters;
}

/// What went wrong on the wire of a device since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct LinkCounters {
    /// Frames with a wrong checksum.
    pub crc_errors: u32,
    /// Frames that made no sense.
    pub malformed: u32,
    /// Frames missing by their sequence number.
    pub lost: u32,
    /// Requests sent again.
    pub retries: u32,
    /// Requests never answered.
    pub timeouts: u32,
    /// Times the device had nothing to play.
    pub underruns: u32,
    /// Times sound was lost because nobody took it in time, on either side.
    pub overruns: u32,
    /// Times the rhythm of the device's bytes was lost and found again.
    pub resyncs: u32,
}

impl LinkCounters {
    /// What went wrong on two wires.
    #[must_use]
    pub fn plus(self, other: LinkCounters) -> LinkCounters {
        LinkCounters {
            crc_errors: self.crc_errors.saturating_add(other.crc_errors),
            malformed: self.malformed.saturating_add(other.malformed),
            lost: self.lost.saturating_add(other.lost),
            retries: self.retries.saturating_add(other.retries),
            timeouts: self.timeouts.saturating_add(other.timeouts),
            underruns: self.underruns.saturating_add(other.underruns),
            overruns: self.overruns.saturating_add(other.overruns),
            resyncs: self.resyncs.saturating_add(other.resyncs),
        }
    }
}
