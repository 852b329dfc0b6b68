//! What a line test finds: each check with its value, the limits that it was judged by, and a verdict.
//!
//! The limits are ours where no standard has one; each says where it comes from.

use serde::{Deserialize, Serialize};

use super::record::EndCause;
use crate::config::PortId;

/// One thing that is measured, in the order of the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum LineCheck {
    /// Line voltage on hook.
    OnHookVoltage,
    /// How long the device takes to prove that it is off hook.
    Seizure,
    /// Loop current off hook.
    LoopCurrent,
    /// How long after the seizure dial tone is recognised; that takes 0.4 s of tone.
    DialToneDelay,
    /// Frequency of dial tone, its strongest part.
    DialToneFrequency,
    /// Level of dial tone.
    DialToneLevel,
    /// How long after a digit began (by pulses: after it was out) dial tone is gone.
    DialToneBreak,
    /// Noise of the silent line.
    Noise,
    /// How much weaker our sound comes back from the line.
    EchoReturnLoss,
    /// How long the device takes to prove that it is on hook again.
    Release,
    /// Loop current after the release.
    ReleasedCurrent,
    /// Line voltage after the release.
    RestoredVoltage,
}

/// What a value is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CheckUnit {
    /// V.
    Volts,
    /// mA.
    Milliamps,
    /// ms.
    Milliseconds,
    /// Hz.
    Hertz,
    /// dBm0.
    Dbm0,
    /// dB.
    Decibels,
}

impl CheckUnit {
    /// How it is written, in every language.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            CheckUnit::Volts => "V",
            CheckUnit::Milliamps => "mA",
            CheckUnit::Milliseconds => "ms",
            CheckUnit::Hertz => "Hz",
            CheckUnit::Dbm0 => "dBm0",
            CheckUnit::Decibels => "dB",
        }
    }

    /// Digits after the point that mean something.
    #[must_use]
    pub fn decimals(self) -> usize {
        match self {
            CheckUnit::Volts | CheckUnit::Milliamps | CheckUnit::Dbm0 | CheckUnit::Decibels => 1,
            CheckUnit::Milliseconds | CheckUnit::Hertz => 0,
        }
    }
}

/// What a value, or a whole test, comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// It works, and should be looked at.
    Warn,
    /// It will not work.
    Fail,
    /// The device cannot tell; of a whole test: it ended before its last check.
    NotMeasured,
}

/// A range of values; an end that is missing is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Bounds {
    /// The least value inside.
    pub least: Option<f32>,
    /// The greatest value inside.
    pub most: Option<f32>,
}

impl Bounds {
    fn between(least: f32, most: f32) -> Bounds {
        Bounds { least: Some(least), most: Some(most) }
    }

    fn at_least(least: f32) -> Bounds {
        Bounds { least: Some(least), most: None }
    }

    fn at_most(most: f32) -> Bounds {
        Bounds { least: None, most: Some(most) }
    }

    fn hold(&self, value: f32) -> bool {
        self.least.is_none_or(|least| value >= least) && self.most.is_none_or(|most| value <= most)
    }
}

/// What a value is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Limits {
    /// Inside: pass.
    pub pass: Bounds,
    /// Else inside: warn. Outside: fail.
    pub warn: Bounds,
}

impl Limits {
    /// What a value comes to.
    #[must_use]
    pub fn judge(&self, value: f32) -> Verdict {
        if self.pass.hold(value) {
            Verdict::Pass
        } else if self.warn.hold(value) {
            Verdict::Warn
        } else {
            Verdict::Fail
        }
    }
}

impl LineCheck {
    /// Every check, in the order of the test.
    pub const ALL: [LineCheck; 12] = [
        LineCheck::OnHookVoltage,
        LineCheck::Seizure,
        LineCheck::LoopCurrent,
        LineCheck::DialToneDelay,
        LineCheck::DialToneFrequency,
        LineCheck::DialToneLevel,
        LineCheck::DialToneBreak,
        LineCheck::Noise,
        LineCheck::EchoReturnLoss,
        LineCheck::Release,
        LineCheck::ReleasedCurrent,
        LineCheck::RestoredVoltage,
    ];

    /// What its value is counted in.
    #[must_use]
    pub fn unit(self) -> CheckUnit {
        match self {
            LineCheck::OnHookVoltage | LineCheck::RestoredVoltage => CheckUnit::Volts,
            LineCheck::LoopCurrent | LineCheck::ReleasedCurrent => CheckUnit::Milliamps,
            LineCheck::Seizure | LineCheck::DialToneDelay | LineCheck::DialToneBreak | LineCheck::Release => CheckUnit::Milliseconds,
            LineCheck::DialToneFrequency => CheckUnit::Hertz,
            LineCheck::DialToneLevel | LineCheck::Noise => CheckUnit::Dbm0,
            LineCheck::EchoReturnLoss => CheckUnit::Decibels,
        }
    }

    /// What its value is judged by; `nominal_hz`: the part of the country's dial tone that was heard.
    ///
    /// - Voltage: an exchange feeds 48 V, 42.5 to 56.5 V in practice (ANSI/TIA-968-B); below 20 V another telephone is off hook (the
    ///   line counts as in use below 19 V), and short-haul adapters feed 24 to 40 V.
    /// - Loop current: 18 to 60 mA is what exchanges give and line interfaces limit to; ours hold a line down to 10 mA, and their
    ///   registers count some 120 mA as overload.
    /// - Seizure and release: our own; a voice modem needs up to 2 s, and a release is repeated after 0.5 s.
    /// - Dial tone delay: 3 s is what a call waits for it by default, 6 s the 95th percentile of ITU-T E.721 for local calls.
    /// - Dial tone frequency: ours; the detector knows a tone within ±16 Hz, so a tone further off is no dial tone to it at all.
    /// - Dial tone level: below −30 dBm0 the detector (−41 dBm0) has little left for a longer loop; above 0 dBm0 it is cut off.
    /// - Dial tone break: a digit is known after 40 ms (ITU-T Q.24); the rest is the way there and back.
    /// - Noise: silence counts below −42 dBm0; above −38 dBm0 a soft talker is 20 dB above it no more.
    /// - Echo return loss: echo cancellers expect 6 dB at least (ITU-T G.168); a matched hybrid gives 12 dB or more.
    /// - Current after the release: a step of the coarsest register that we know is 3.3 mA; none may flow.
    #[must_use]
    pub fn limits(self, nominal_hz: f32) -> Limits {
        let (pass, warn) = match self {
            LineCheck::OnHookVoltage | LineCheck::RestoredVoltage => (Bounds::between(40.0, 60.0), Bounds::between(20.0, 80.0)),
            LineCheck::Seizure => (Bounds::at_most(2000.0), Bounds::at_most(3000.0)),
            LineCheck::LoopCurrent => (Bounds::between(18.0, 60.0), Bounds::between(10.0, 120.0)),
            LineCheck::DialToneDelay => (Bounds::at_most(3000.0), Bounds::at_most(6000.0)),
            LineCheck::DialToneFrequency => {
                (Bounds::between(nominal_hz - 10.0, nominal_hz + 10.0), Bounds::between(nominal_hz - 16.0, nominal_hz + 16.0))
            }
            LineCheck::DialToneLevel => (Bounds::between(-30.0, -3.0), Bounds::between(-38.0, 0.0)),
            LineCheck::DialToneBreak => (Bounds::at_most(500.0), Bounds::at_most(1000.0)),
            LineCheck::Noise => (Bounds::at_most(-45.0), Bounds::at_most(-38.0)),
            LineCheck::EchoReturnLoss => (Bounds::at_least(12.0), Bounds::at_least(6.0)),
            LineCheck::Release => (Bounds::at_most(1000.0), Bounds::at_most(3000.0)),
            LineCheck::ReleasedCurrent => (Bounds::at_most(1.5), Bounds::at_most(3.3)),
        };
        Limits { pass, warn }
    }
}

/// One check that was made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct CheckResult {
    /// Which.
    pub check: LineCheck,
    /// What was measured; `None`: nothing came, or the device cannot tell.
    pub value: Option<f32>,
    /// What the value and the limits are counted in.
    pub unit: CheckUnit,
    /// What it was judged by.
    pub limits: Limits,
    /// What it comes to.
    pub verdict: Verdict,
}

/// A line test: what was found so far, or in all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct LineTestReport {
    /// Unique name, that of the call record: 32 hexadecimal digits.
    pub id: String,
    /// The port.
    pub port: PortId,
    /// Its name.
    pub name: String,
    /// The model of the device, as it names itself.
    pub device: String,
    /// When it began, in ms since the gateway started.
    pub started_ms: u64,
    /// When it ended; `None`: it goes on.
    pub ended_ms: Option<u64>,
    /// What is being measured now.
    pub underway: Option<LineCheck>,
    /// The checks that were made, in the order of the test. What a fault made senseless is left out.
    pub results: Vec<CheckResult>,
    /// What the test comes to, once it is over.
    pub verdict: Option<Verdict>,
    /// Why it ended: [`EndCause::TestOver`] when it went its way.
    pub end: Option<EndCause>,
}

impl LineTestReport {
    /// Its checks come to this: the worst of them; without the last one nothing better than "not measured".
    #[must_use]
    pub fn judge(results: &[CheckResult]) -> Verdict {
        let any = |verdict| results.iter().any(|result| result.verdict == verdict);
        let whole = results.iter().any(|result| result.check == LineCheck::RestoredVoltage);
        match (any(Verdict::Fail), whole, any(Verdict::Warn)) {
            (true, _, _) => Verdict::Fail,
            (false, false, _) => Verdict::NotMeasured,
            (false, true, true) => Verdict::Warn,
            (false, true, false) => Verdict::Pass,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_judged_at_the_edges_of_their_limits() {
        let judged = |check: LineCheck, value: f32| check.limits(425.0).judge(value);
        let (pass, warn, fail) = (Verdict::Pass, Verdict::Warn, Verdict::Fail);
        for (check, values) in [
            (LineCheck::OnHookVoltage, [(48.0, pass), (40.0, pass), (39.9, warn), (20.0, warn), (19.9, fail), (0.0, fail), (81.0, fail)]),
            (LineCheck::LoopCurrent, [(23.0, pass), (18.0, pass), (17.9, warn), (9.9, fail), (0.0, fail), (61.0, warn), (121.0, fail)]),
            (
                LineCheck::DialToneFrequency,
                [(425.0, pass), (435.0, pass), (414.0, warn), (441.0, warn), (442.0, fail), (0.0, fail), (480.0, fail)],
            ),
            (
                LineCheck::DialToneLevel,
                [(-12.0, pass), (-30.0, pass), (-31.0, warn), (-39.0, fail), (-2.0, warn), (1.0, fail), (-99.0, fail)],
            ),
            (LineCheck::Noise, [(-65.0, pass), (-45.0, pass), (-44.9, warn), (-38.0, warn), (-37.9, fail), (0.0, fail), (-99.0, pass)]),
            (LineCheck::EchoReturnLoss, [(60.0, pass), (12.0, pass), (11.9, warn), (6.0, warn), (5.9, fail), (0.0, fail), (18.0, pass)]),
            (LineCheck::ReleasedCurrent, [(0.0, pass), (1.5, pass), (1.6, warn), (3.3, warn), (3.4, fail), (23.0, fail), (1.1, pass)]),
        ] {
            for (value, verdict) in values {
                assert_eq!(judged(check, value), verdict, "{check:?} {value}");
            }
        }
        assert_eq!(judged(LineCheck::Noise, f32::NAN), fail);
    }

    #[test]
    fn every_limit_that_passes_lies_within_the_one_that_warns() {
        for check in LineCheck::ALL {
            let Limits { pass, warn } = check.limits(425.0);
            assert_eq!((pass.least.is_some(), pass.most.is_some()), (warn.least.is_some(), warn.most.is_some()), "{check:?}");
            assert!(pass.least.zip(warn.least).is_none_or(|(pass, warn)| pass > warn), "{check:?}");
            assert!(pass.most.zip(warn.most).is_none_or(|(pass, warn)| pass < warn), "{check:?}");
        }
        assert!(LineCheck::ALL.is_sorted());
    }

    #[test]
    fn a_test_is_as_bad_as_its_worst_check_and_no_better_than_its_end() {
        let result = |check: LineCheck, verdict| {
            let limits = check.limits(425.0);
            CheckResult { check, value: None, unit: check.unit(), limits, verdict }
        };
        let first = result(LineCheck::OnHookVoltage, Verdict::Pass);
        let last = result(LineCheck::RestoredVoltage, Verdict::NotMeasured);
        let warns = result(LineCheck::Noise, Verdict::Warn);
        assert_eq!(LineTestReport::judge(&[first, last]), Verdict::Pass, "what cannot be measured is no fault");
        assert_eq!(LineTestReport::judge(&[first, warns, last]), Verdict::Warn);
        assert_eq!(LineTestReport::judge(&[first, warns]), Verdict::NotMeasured);
        assert_eq!(LineTestReport::judge(&[result(LineCheck::Seizure, Verdict::Fail)]), Verdict::Fail);
        assert_eq!(LineTestReport::judge(&[]), Verdict::NotMeasured);
    }
}
