//! What the host asks of the box.

use super::MessageError;
use super::audio::AudioFormat;
use super::bytes::Reader;

const HELLO: u8 = 0x01;
const PING: u8 = 0x02;
const GET_UAC_MAP: u8 = 0x03;
const SET_COUNTRY: u8 = 0x10;
const SET_DAA: u8 = 0x11;
const HOOK: u8 = 0x20;
const FLASH: u8 = 0x21;
const DIAL_PULSE: u8 = 0x22;
const TONES: u8 = 0x23;
const GAIN: u8 = 0x24;
const AUDIO: u8 = 0x25;
const LINE: u8 = 0x26;
const RESET: u8 = 0x30;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Who are you? Opens the conversation.
    Hello {
        /// Major version of the host.
        major: u8,
        /// Minor version of the host.
        minor: u8,
    },
    /// Are you there? Feeds the watchdog of the box.
    Ping,
    /// Which channel of the box's sound card belongs to which port?
    GetUacMap,
    /// Line parameters of a country.
    SetCountry {
        /// ISO 3166 alpha-2, the first letter in the low byte.
        iso: u16,
    },
    /// One parameter of the line interface.
    SetDaa {
        /// Which.
        setting: DaaSetting,
        /// Its value, in the unit of the setting.
        value: u32,
    },
    /// Move the hook relay.
    Hook(HookPosition),
    /// On hook for a while, then off hook; answered when it is over.
    Flash {
        /// How long, in ms.
        ms: u16,
    },
    /// Decadic dialling; answered when it is over.
    DialPulse {
        /// The part of a pulse during which the loop is closed, in percent.
        make_pct: u8,
        /// Pulses a second.
        pps: u8,
        /// Digits 0-9.
        digits: String,
    },
    /// Tones made by the box itself, one after the other.
    Tones(Vec<ToneStep>),
    /// Analog gain.
    Gain {
        /// Towards the line, in steps of 0.5 dB.
        tx: i8,
        /// From the line, in steps of 0.5 dB.
        rx: i8,
    },
    /// Start or stop sound in band.
    Audio {
        /// Start (true) or stop.
        run: bool,
        /// Coding, both ways.
        format: AudioFormat,
        /// Length of a packet of sound, 10 or 20 ms.
        frame_ms: u8,
    },
    /// The electrical state of the line.
    Line,
    /// Reset the port.
    Reset,
}

/// Where the hook relay shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookPosition {
    /// Released.
    On,
    /// Seized.
    Off,
    /// Released, and listening to caller ID.
    OnListening,
}

/// Parameters of the line interface; the unit of the value is in the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DaaSetting {
    /// AC termination, a code of the line interface chip.
    AcImpedance,
    /// DC termination, a code of the line interface chip.
    DcTermination,
    /// Least ringing voltage that counts, in mV (RMS).
    RingThresholdMv,
    /// Least ringing frequency in Hz.
    RingFrequencyMinHz,
    /// Greatest ringing frequency in Hz.
    RingFrequencyMaxHz,
    /// Least ringing time in ms.
    RingConfirmMs,
    /// Debounce of polarity in ms.
    PolarityDebounceMs,
    /// Least voltage that counts as battery, in mV.
    BatteryThresholdMv,
    /// Least loop interruption that is reported, in ms.
    InterruptionMinMs,
}

impl DaaSetting {
    const ALL: [DaaSetting; 9] = [
        DaaSetting::AcImpedance,
        DaaSetting::DcTermination,
        DaaSetting::RingThresholdMv,
        DaaSetting::RingFrequencyMinHz,
        DaaSetting::RingFrequencyMaxHz,
        DaaSetting::RingConfirmMs,
        DaaSetting::PolarityDebounceMs,
        DaaSetting::BatteryThresholdMv,
        DaaSetting::InterruptionMinMs,
    ];

    fn key(self) -> u8 {
        let at = DaaSetting::ALL.iter().position(|&setting| setting == self);
        at.and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(0)
    }

    fn of(key: u8) -> Result<DaaSetting, MessageError> {
        let at = usize::from(key).checked_sub(1).ok_or(MessageError::Value)?;
        DaaSetting::ALL.get(at).copied().ok_or(MessageError::Value)
    }
}

/// One step of [`Request::Tones`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToneStep {
    /// First frequency in Hz, 0: none.
    pub first_hz: u16,
    /// Second frequency in Hz, 0: none.
    pub second_hz: u16,
    /// How long, in ms.
    pub ms: u16,
    /// Level in dBm0.
    pub level_dbm0: i8,
}

impl Request {
    /// The operation code.
    #[must_use]
    pub fn op(&self) -> u8 {
        match self {
            Request::Hello { .. } => HELLO,
            Request::Ping => PING,
            Request::GetUacMap => GET_UAC_MAP,
            Request::SetCountry { .. } => SET_COUNTRY,
            Request::SetDaa { .. } => SET_DAA,
            Request::Hook(_) => HOOK,
            Request::Flash { .. } => FLASH,
            Request::DialPulse { .. } => DIAL_PULSE,
            Request::Tones(_) => TONES,
            Request::Gain { .. } => GAIN,
            Request::Audio { .. } => AUDIO,
            Request::Line => LINE,
            Request::Reset => RESET,
        }
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        match self {
            Request::Hello { major, minor } => vec![*major, *minor],
            Request::Ping | Request::GetUacMap | Request::Line | Request::Reset => Vec::new(),
            Request::SetCountry { iso } => iso.to_le_bytes().to_vec(),
            Request::SetDaa { setting, value } => {
                let mut payload = vec![setting.key()];
                payload.extend(value.to_le_bytes());
                payload
            }
            Request::Hook(HookPosition::On) => vec![0],
            Request::Hook(HookPosition::Off) => vec![1],
            Request::Hook(HookPosition::OnListening) => vec![2],
            Request::Flash { ms } => ms.to_le_bytes().to_vec(),
            Request::DialPulse { make_pct, pps, digits } => {
                let mut payload = vec![*make_pct, *pps];
                payload.extend(digits.bytes());
                payload
            }
            Request::Tones(steps) => steps.iter().flat_map(|step| step.bytes()).collect(),
            Request::Gain { tx, rx } => [tx.to_le_bytes(), rx.to_le_bytes()].concat(),
            Request::Audio { run, format, frame_ms } => vec![u8::from(*run), format.code(), *frame_ms],
        }
    }

    /// The request with this operation and payload.
    ///
    /// # Errors
    /// [`MessageError`] tells what is wrong with it; the box answers it with a status.
    pub fn decode(op: u8, payload: &[u8]) -> Result<Request, MessageError> {
        let mut fields = Reader(payload);
        Ok(match op {
            HELLO => Request::Hello { major: fields.u8()?, minor: fields.u8()? },
            PING => Request::Ping,
            GET_UAC_MAP => Request::GetUacMap,
            SET_COUNTRY => Request::SetCountry { iso: fields.u16()? },
            SET_DAA => Request::SetDaa { setting: DaaSetting::of(fields.u8()?)?, value: fields.u32()? },
            HOOK => Request::Hook(match fields.u8()? {
                0 => HookPosition::On,
                1 => HookPosition::Off,
                2 => HookPosition::OnListening,
                _ => return Err(MessageError::Value),
            }),
            FLASH => Request::Flash { ms: fields.u16()? },
            DIAL_PULSE => {
                let (make_pct, pps) = (fields.u8()?, fields.u8()?);
                let digits = std::str::from_utf8(fields.rest()).map_err(|_| MessageError::Value)?;
                if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                    return Err(MessageError::Value);
                }
                Request::DialPulse { make_pct, pps, digits: digits.to_owned() }
            }
            TONES => {
                let mut steps = Vec::new();
                while !fields.is_empty() {
                    steps.push(ToneStep::read(&mut fields)?);
                }
                Request::Tones(steps)
            }
            GAIN => Request::Gain { tx: fields.i8()?, rx: fields.i8()? },
            AUDIO => {
                let run = fields.flag()?;
                Request::Audio { run, format: AudioFormat::of(fields.u8()?)?, frame_ms: fields.u8()? }
            }
            LINE => Request::Line,
            RESET => Request::Reset,
            unknown => return Err(MessageError::UnknownOperation(unknown)),
        })
    }
}

impl ToneStep {
    fn bytes(&self) -> [u8; 7] {
        let ([a, b], [c, d], [e, f]) = (self.first_hz.to_le_bytes(), self.second_hz.to_le_bytes(), self.ms.to_le_bytes());
        let [level] = self.level_dbm0.to_le_bytes();
        [a, b, c, d, e, f, level]
    }

    fn read(fields: &mut Reader<'_>) -> Result<ToneStep, MessageError> {
        let (first_hz, second_hz, ms) = (fields.u16()?, fields.u16()?, fields.u16()?);
        Ok(ToneStep { first_hz, second_hz, ms, level_dbm0: fields.i8()? })
    }
}
