//! Waking a modem, whatever was left in it, asking what it is, and setting it up.

use std::time::Duration;

use super::{ANSWER, Asked, Clock, ModemDriver, PORT, Stage};
use crate::fxo::modem::chip::Chip;
use crate::fxo::{DeviceOutput, Identity, LineEvent};
use crate::time::Moment;

/// Ends samples in every way that there is, and a command that was begun.
const WAKE: &[u8] = &[0x10, 0x03, 0x10, b'^', 0x10, 0x10, 0x10, b'^', b'\r'];

/// How long what was left in the modem is thrown away.
const SETTLE: Duration = Duration::from_millis(300);

/// How long a modem that wakes may take to answer.
const FIRST_ANSWER: Duration = Duration::from_millis(500);

/// Before and after the escape nothing may be said (ITU-T V.250 annex; S12 as delivered is one second).
const ESCAPE_GUARD: Duration = Duration::from_millis(1100);

/// A modem that forgets everything takes longer to answer.
const RESET_ANSWER: Duration = Duration::from_secs(3);

impl ModemDriver {
    /// Begins from nothing: the modem may be in the middle of a call of somebody who is gone.
    pub(super) fn wake(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        self.stage = Stage::Waking { escaped: false };
        self.dialogue.clear();
        self.timers.clear_all();
        self.stream.set_sounding(false);
        self.timers.set(Clock::Settled, now + SETTLE);
        out.push(DeviceOutput::Write(WAKE.to_vec()));
    }

    pub(super) fn settled(&mut self) {
        self.stream.set_sounding(false);
        self.ask(Asked::Probe, "", FIRST_ANSWER);
    }

    /// It did not answer: it may think that it carries data.
    pub(super) fn escape(&mut self, now: Moment) {
        self.stage = Stage::Waking { escaped: true };
        self.timers.set(Clock::Escape, now + ESCAPE_GUARD);
    }

    pub(super) fn escaped(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        out.push(DeviceOutput::Write(b"+++".to_vec()));
        self.timers.set(Clock::Settled, now + ESCAPE_GUARD);
    }

    /// It answers: on hook first, then from its defaults. The order of the questions is that of [`ModemDriver::answered`].
    pub(super) fn awake(&mut self) {
        self.stage = Stage::Opening;
        self.off_hook = true;
        self.ask(Asked::OnHook, "H", RESET_ANSWER);
        self.ask(Asked::Preference, "Z", RESET_ANSWER);
        self.ask(Asked::Preference, "E0V1", ANSWER);
        self.ask(Asked::Product, "I0", ANSWER);
        self.ask(Asked::Firmware, "I3", ANSWER);
        self.ask(Asked::Maker, "+GMI9", ANSWER);
        self.ask(Asked::Classes, "+FCLASS=?", ANSWER);
        self.ask(Asked::Preference, "+FCLASS=8", ANSWER);
        self.ask(Asked::Compressions, "+VSM=?", ANSWER);
        self.ask(Asked::Countries, "+GCI=?", ANSWER);
    }

    /// Every question is answered: the settings for waiting, in data mode.
    pub(super) fn set_up(&mut self, countries: &[String], out: &mut Vec<DeviceOutput>) {
        if !self.about.voice || self.compression.is_none() {
            self.stage = Stage::Closed;
            self.dialogue.clear();
            self.timers.clear_all();
            out.push(DeviceOutput::Unfit);
            return;
        }
        self.chip = Chip::of(&self.about.product, &self.about.firmware, &self.about.maker);
        self.sound.set_coding(self.compression.map(|compression| compression.coding));
        if let Some(country) = self.options.country.map(|number| format!("{number:02X}")).filter(|country| lists(countries, country)) {
            self.ask(Asked::Preference, format!("+GCI={country}"), ANSWER);
        }
        // No loudspeaker; dialling waits for no dial tone, for the gateway listens itself.
        self.ask(Asked::Preference, "M0X3", ANSWER);
        if self.chip.watches_loop {
            self.ask(Asked::Preference, "-STE=7", ANSWER);
            self.ask(Asked::Preference, "-SCID=1", ANSWER);
        }
        self.ask_to_wait();
    }

    /// What a modem needs to tell of calls while it rests; some forget it whenever they change their mode.
    pub(super) fn ask_to_wait(&mut self) {
        self.ask(Asked::Preference, "+FCLASS=0", ANSWER);
        self.ask(Asked::Preference, "+VDR=1,0", ANSWER);
        self.ask(Asked::Rest, "+VCID=1", ANSWER);
    }

    /// It waits for calls. The first time, that is news.
    pub(super) fn rest(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        let first = !std::mem::replace(&mut self.told, true);
        let again = self.stage == (Stage::Releasing { again: true });
        self.stage = Stage::Resting;
        if first {
            out.push(DeviceOutput::Up(self.identity()));
            // The line is looked at anew, by whoever can look.
            self.battery = None;
            self.extension = false;
            if !self.chip.measures {
                out.push(DeviceOutput::Line(PORT, LineEvent::BatteryUp { millivolts: None }));
            }
        }
        if again {
            self.seize(out);
        } else {
            self.ask_for_volts();
        }
        self.timers.set(Clock::Poll, now + super::POLL_EVERY);
    }

    fn identity(&self) -> Identity {
        let named = self.about.firmware.split(['-', '_']).next().map(str::trim).filter(|name| !name.is_empty());
        Identity {
            model: named.unwrap_or(self.chip.name).to_owned(),
            serial: String::new(),
            firmware: self.about.firmware.clone(),
            ports: 1,
        }
    }
}

/// Whether the answer to `+GCI=?` lists a country. Lists look like `(00,07,16)` or `+GCI: (00,07,16)`.
fn lists(answer: &[String], country: &str) -> bool {
    answer.iter().any(|line| line.split(|c: char| !c.is_ascii_hexdigit()).any(|listed| listed.eq_ignore_ascii_case(country)))
}
