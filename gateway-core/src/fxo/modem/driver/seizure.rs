//! Off hook and on hook again: the scripts of a call, and what interrupts them.

use std::time::Duration;

use super::{ANSWER, Asked, Clock, ModemDriver, PORT, REFUSED, SOUND_MISSED, Stage, Then};
use crate::fxo::modem::dialogue::Verdict;
use crate::fxo::{DeviceOutput, LineCommand, LineEvent};
use crate::time::Moment;

/// Going off hook may take a second or two.
const HOOK_ANSWER: Duration = Duration::from_secs(5);

/// Samples should end within this time; then the next way to end them is tried.
const LEAVE: Duration = Duration::from_millis(500);

/// How long a pulse digit may take, with its pause.
const PULSE_DIGIT: Duration = Duration::from_secs(2);

impl ModemDriver {
    pub(super) fn seize(&mut self, out: &mut Vec<DeviceOutput>) {
        match &mut self.stage {
            Stage::Resting => {}
            Stage::Releasing { again } => {
                *again = true;
                return;
            }
            Stage::Talking => return out.push(DeviceOutput::Line(PORT, LineEvent::Hook { off_hook: true })),
            Stage::Seizing | Stage::Signalling => return,
            Stage::Closed | Stage::Waking { .. } | Stage::Opening | Stage::Leaving { .. } => {
                return out.push(DeviceOutput::Line(PORT, LineEvent::CommandFailed { status: REFUSED }));
            }
        }
        self.stage = Stage::Seizing;
        let number = self.compression.map(|compression| compression.number).unwrap_or_default();
        self.ask(Asked::Necessity, "+FCLASS=8", ANSWER);
        self.ask(Asked::Necessity, format!("+VSM={number},8000"), ANSWER);
        self.ask(Asked::Preference, format!("+VSD={}", self.chip.silence_off), ANSWER);
        self.ask(Asked::Preference, "+VIT=0", ANSWER);
        // A change of the class clears it, so it comes after.
        self.ask(Asked::Preference, "+VNH=1", ANSWER);
        self.ask(Asked::Preference, "+VGT=128", ANSWER);
        self.ask(Asked::OffHook, "+VLS=1", HOOK_ANSWER);
        self.ask(Asked::Duplex, "+VTR", HOOK_ANSWER);
        self.off_hook = true;
    }

    /// The modem says no on the way off hook.
    pub(super) fn seizure_refused(&mut self, out: &mut Vec<DeviceOutput>) {
        if self.stage == Stage::Seizing {
            out.push(DeviceOutput::Line(PORT, LineEvent::CommandFailed { status: REFUSED }));
            self.hang_up();
        }
    }

    /// The answer to the wish for samples both ways.
    pub(super) fn duplex(&mut self, verdict: Verdict, now: Moment, out: &mut Vec<DeviceOutput>) {
        if verdict != Verdict::Connect {
            if matches!(self.stage, Stage::Seizing | Stage::Signalling) {
                out.push(DeviceOutput::Line(PORT, LineEvent::CommandFailed { status: REFUSED }));
                self.hang_up();
            }
            return;
        }
        self.stream.set_sounding(true);
        self.sound.restart();
        match self.stage {
            Stage::Seizing => out.push(DeviceOutput::Line(PORT, LineEvent::Hook { off_hook: true })),
            Stage::Signalling => out.push(DeviceOutput::Line(PORT, LineEvent::SignalDone)),
            // Released meanwhile: what waits is for a modem that takes commands.
            Stage::Releasing { .. } => {
                self.dialogue.drop_waiting();
                return self.leave(0, Then::Release, now, out);
            }
            Stage::Closed | Stage::Waking { .. } | Stage::Opening | Stage::Resting | Stage::Talking | Stage::Leaving { .. } => return,
        }
        self.stage = Stage::Talking;
        self.timers.set(Clock::Sound, now + SOUND_MISSED);
        self.prime(out);
    }

    pub(super) fn sound_missed(&mut self, out: &mut Vec<DeviceOutput>) {
        if self.stage == Stage::Talking {
            self.give_up(out);
        }
    }

    pub(super) fn release(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        match &mut self.stage {
            Stage::Talking => self.leave(0, Then::Release, now, out),
            Stage::Leaving { then, .. } => *then = Then::Release,
            Stage::Seizing | Stage::Signalling => {
                self.dialogue.drop_waiting();
                self.hang_up();
            }
            Stage::Releasing { again } => *again = false,
            Stage::Resting if self.off_hook => self.hang_up(),
            Stage::Resting => out.push(DeviceOutput::Line(PORT, LineEvent::Hook { off_hook: false })),
            // Waking up ends with a line on hook, and that is told.
            Stage::Closed | Stage::Waking { .. } | Stage::Opening => {}
        }
    }

    /// A flash or pulse digits: the samples pause for them.
    pub(super) fn signal(&mut self, command: LineCommand, now: Moment, out: &mut Vec<DeviceOutput>) {
        if self.stage == Stage::Talking {
            self.leave(0, Then::Signal(command), now, out);
        } else {
            out.push(DeviceOutput::Line(PORT, LineEvent::CommandFailed { status: REFUSED }));
        }
    }

    pub(super) fn measure(&mut self, out: &mut Vec<DeviceOutput>) {
        match self.stage {
            Stage::Resting => self.ask_for_volts(),
            // Nothing can be measured then; where the hook is, is known.
            Stage::Talking => out.push(DeviceOutput::Line(PORT, LineEvent::Hook { off_hook: true })),
            Stage::Closed
            | Stage::Waking { .. }
            | Stage::Opening
            | Stage::Seizing
            | Stage::Leaving { .. }
            | Stage::Signalling
            | Stage::Releasing { .. } => {}
        }
    }

    fn leave(&mut self, way: usize, then: Then, now: Moment, out: &mut Vec<DeviceOutput>) {
        let Some(leave) = self.chip.leave.get(way) else { return self.give_up(out) };
        self.stage = Stage::Leaving { way, then };
        self.timers.set(Clock::Leave, now + LEAVE);
        out.push(DeviceOutput::Write(leave.wire().to_vec()));
    }

    pub(super) fn not_left(&mut self, now: Moment, out: &mut Vec<DeviceOutput>) {
        let Stage::Leaving { way, then } = &self.stage else { return };
        let (way, then) = (way + 1, then.clone());
        if self.stream.is_sounding() {
            self.leave(way, then, now, out);
        } else {
            // They have ended, and only the word for it got lost.
            self.left(then, out);
        }
    }

    /// The end of the samples came without our asking: the modem thinks that the call is over.
    pub(super) fn samples_ended(&mut self) {
        if self.stage == Stage::Talking {
            self.hang_up();
        }
    }

    /// The samples have ended, as we wished.
    pub(super) fn left(&mut self, then: Then, out: &mut Vec<DeviceOutput>) {
        self.timers.clear(Clock::Leave);
        match then {
            Then::Release => self.hang_up(),
            Then::Signal(LineCommand::Flash { duration }) => {
                let hundredths = duration.as_millis().div_ceil(10);
                self.resume(format!("+VTS={{!,{hundredths}}}"), ANSWER + duration);
            }
            Then::Signal(LineCommand::DialPulse { digits }) => {
                let patience = ANSWER + PULSE_DIGIT * u32::try_from(digits.len()).unwrap_or(u32::MAX);
                // Back as soon as the digits are out: the gateway listens itself to what follows.
                self.ask(Asked::Preference, "+VRN=0", ANSWER);
                self.resume(format!("DP{digits};"), patience);
            }
            Then::Signal(LineCommand::Seize | LineCommand::Release | LineCommand::Measure | LineCommand::Reset) => {
                out.push(DeviceOutput::Line(PORT, LineEvent::CommandFailed { status: REFUSED }));
                self.hang_up();
            }
        }
    }

    /// Sends a signal, and takes up the samples again.
    fn resume(&mut self, signal: String, patience: Duration) {
        self.stage = Stage::Signalling;
        self.ask(Asked::Signal, signal, patience);
        self.ask(Asked::Duplex, "+VTR", HOOK_ANSWER);
    }

    /// On hook, said in both ways that there are, and back to waiting.
    fn hang_up(&mut self) {
        self.stage = Stage::Releasing { again: false };
        self.dialogue.drop_waiting();
        self.ask(Asked::OnHook, "+VLS=0", HOOK_ANSWER);
        self.ask(Asked::OnHook, "H", HOOK_ANSWER);
        self.ask_to_wait();
    }
}
