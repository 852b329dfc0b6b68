//! What the box answers.

use super::MessageError;
use super::audio::AudioFormats;
use super::bytes::{Reader, put_text};
use super::request::Request;

/// How a request went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Done.
    Ok,
    /// Something else is running on this port.
    Busy,
    /// The box does not know the operation.
    UnknownOperation,
    /// A field has a value that means nothing.
    BadArgument,
    /// There is no such line, or it has no battery.
    NoLine,
    /// Not in this state, such as a flash on hook.
    BadState,
    /// The hardware failed.
    HardwareFault,
    /// A status this version does not know.
    Other(u8),
}

impl Status {
    /// The status byte.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Status::Ok => 0,
            Status::Busy => 1,
            Status::UnknownOperation => 2,
            Status::BadArgument => 3,
            Status::NoLine => 4,
            Status::BadState => 5,
            Status::HardwareFault => 6,
            Status::Other(code) => code,
        }
    }

    fn of(code: u8) -> Status {
        match code {
            0 => Status::Ok,
            1 => Status::Busy,
            2 => Status::UnknownOperation,
            3 => Status::BadArgument,
            4 => Status::NoLine,
            5 => Status::BadState,
            6 => Status::HardwareFault,
            code => Status::Other(code),
        }
    }
}

/// An answer: the status, and what the operation promises when all is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// How it went.
    pub status: Status,
    /// What was asked for; [`ResponseBody::Plain`] whenever `status` is not [`Status::Ok`].
    pub body: ResponseBody,
}

/// What an answer carries beyond its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseBody {
    /// Nothing.
    Plain,
    /// To [`Request::Hello`].
    Hello(Hello),
    /// To [`Request::Ping`].
    Ping {
        /// Time since the box started, in ms.
        uptime_ms: u32,
    },
    /// To [`Request::GetUacMap`].
    UacMap(Vec<UacChannel>),
    /// To [`Request::Line`].
    Line(LineStatus),
}

/// Who the box is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// Major version of the box.
    pub major: u8,
    /// Minor version of the box.
    pub minor: u8,
    /// How many ports it has.
    pub ports: u8,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Sound in band.
    pub audio_in_band: bool,
    /// Sound by a USB sound card.
    pub audio_uac: bool,
    /// Codings of in-band sound.
    pub formats: AudioFormats,
    /// Longest decoded packet it takes.
    pub max_frame: u16,
    /// Another number after each start.
    pub boot_id: u32,
    /// Time since it started, in ms.
    pub uptime_ms: u32,
    /// Model.
    pub model: String,
    /// Serial number.
    pub serial: String,
    /// Firmware version.
    pub firmware: String,
}

/// Optional abilities of a box, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(pub u32);

impl Capabilities {
    /// Reports polarity reversals.
    pub const POLARITY: Capabilities = Capabilities(1);
    /// Reports loop interruptions.
    pub const LOOP_INTERRUPTION: Capabilities = Capabilities(1 << 1);
    /// Reports a parallel telephone.
    pub const EXTENSION: Capabilities = Capabilities(1 << 2);
    /// Measures voltage and current.
    pub const MEASURE: Capabilities = Capabilities(1 << 3);
    /// Dials by pulses.
    pub const PULSE: Capabilities = Capabilities(1 << 4);
    /// Streams sound on hook, so that caller ID is heard.
    pub const ON_HOOK_AUDIO: Capabilities = Capabilities(1 << 5);

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Capabilities) -> Capabilities {
        Capabilities(self.0 | other.0)
    }

    /// Whether all of `other` is there.
    #[must_use]
    pub const fn contains(self, other: Capabilities) -> bool {
        self.0 & other.0 == other.0
    }
}

/// One channel of the sound card of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UacChannel {
    /// The port.
    pub port: u8,
    /// Its terminal or channel.
    pub channel: u8,
}

/// The electrical state of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineStatus {
    /// Voltage in mV; negative when reversed, by the convention of the box.
    pub millivolts: i32,
    /// Loop current in steps of 0.1 mA.
    pub tenths_ma: u16,
    /// Polarity is not reversed.
    pub forward: bool,
    /// Ringing voltage is present.
    pub ringing: bool,
    /// The hook relay is closed.
    pub off_hook: bool,
    /// A parallel telephone is off hook.
    pub extension: bool,
    /// Overload, a code of the line interface chip; 0 none.
    pub overload: u8,
}

impl Response {
    /// A bare status.
    #[must_use]
    pub fn plain(status: Status) -> Response {
        Response { status, body: ResponseBody::Plain }
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        let mut payload = vec![self.status.code()];
        match &self.body {
            ResponseBody::Plain => {}
            ResponseBody::Hello(hello) => hello.put(&mut payload),
            ResponseBody::Ping { uptime_ms } => payload.extend(uptime_ms.to_le_bytes()),
            ResponseBody::UacMap(map) => payload.extend(map.iter().flat_map(|entry| [entry.port, entry.channel])),
            ResponseBody::Line(line) => line.put(&mut payload),
        }
        payload
    }

    /// The response with this payload to `request`.
    ///
    /// # Errors
    /// [`MessageError`] when the payload is too short or means nothing.
    pub fn decode(request: &Request, payload: &[u8]) -> Result<Response, MessageError> {
        let mut fields = Reader(payload);
        let status = Status::of(fields.u8()?);
        if status != Status::Ok {
            return Ok(Response::plain(status));
        }
        let body = match request {
            Request::Hello { .. } => ResponseBody::Hello(Hello::read(&mut fields)?),
            Request::Ping => ResponseBody::Ping { uptime_ms: fields.u32()? },
            Request::GetUacMap => {
                let mut map = Vec::new();
                while !fields.is_empty() {
                    map.push(UacChannel { port: fields.u8()?, channel: fields.u8()? });
                }
                ResponseBody::UacMap(map)
            }
            Request::Line => ResponseBody::Line(LineStatus::read(&mut fields)?),
            Request::SetCountry { .. }
            | Request::SetDaa { .. }
            | Request::Hook(_)
            | Request::Flash { .. }
            | Request::DialPulse { .. }
            | Request::Tones(_)
            | Request::Gain { .. }
            | Request::Audio { .. }
            | Request::Reset => ResponseBody::Plain,
        };
        Ok(Response { status, body })
    }
}

impl Hello {
    fn put(&self, payload: &mut Vec<u8>) {
        payload.extend([self.major, self.minor, self.ports]);
        payload.extend(self.capabilities.0.to_le_bytes());
        payload.push(u8::from(self.audio_in_band) | u8::from(self.audio_uac) << 1);
        payload.push(self.formats.0);
        payload.extend(self.max_frame.to_le_bytes());
        payload.extend(self.boot_id.to_le_bytes());
        payload.extend(self.uptime_ms.to_le_bytes());
        put_text(payload, &self.model);
        put_text(payload, &self.serial);
        put_text(payload, &self.firmware);
    }

    fn read(fields: &mut Reader<'_>) -> Result<Hello, MessageError> {
        let (major, minor, ports) = (fields.u8()?, fields.u8()?, fields.u8()?);
        let capabilities = Capabilities(fields.u32()?);
        let audio = fields.u8()?;
        Ok(Hello {
            major,
            minor,
            ports,
            capabilities,
            audio_in_band: audio & 1 != 0,
            audio_uac: audio & 2 != 0,
            formats: AudioFormats(fields.u8()?),
            max_frame: fields.u16()?,
            boot_id: fields.u32()?,
            uptime_ms: fields.u32()?,
            model: fields.text()?,
            serial: fields.text()?,
            firmware: fields.text()?,
        })
    }
}

impl LineStatus {
    fn put(&self, payload: &mut Vec<u8>) {
        payload.extend(self.millivolts.to_le_bytes());
        payload.extend(self.tenths_ma.to_le_bytes());
        let flags = [self.forward, self.ringing, self.off_hook, self.extension];
        payload.push(flags.iter().enumerate().fold(0, |byte, (bit, &flag)| byte | u8::from(flag) << bit));
        payload.push(self.overload);
    }

    fn read(fields: &mut Reader<'_>) -> Result<LineStatus, MessageError> {
        let (millivolts, tenths_ma, flags) = (fields.i32()?, fields.u16()?, fields.u8()?);
        let flag = |bit: u8| flags >> bit & 1 != 0;
        Ok(LineStatus {
            millivolts,
            tenths_ma,
            forward: flag(0),
            ringing: flag(1),
            off_hook: flag(2),
            extension: flag(3),
            overload: fields.u8()?,
        })
    }
}
