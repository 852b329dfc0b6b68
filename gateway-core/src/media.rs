//! The audio plane of one port: line frames to RTP, RTP to line frames, tones, digits and caller ID heard on the way.
//!
//! A [`Channel`] runs 50 times a second a port. It never waits, locks or logs.

mod analyser;
mod channel;
mod ear;
mod echo;
mod last_sound;
mod peer;
mod probe;
mod session;
pub mod srtp;
mod to_line;
mod to_net;
mod waiting_caller;
mod watch;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::settings::DtmfToSip;
use crate::dsp::callerid::dtmf::CategoryDigit;
use crate::dsp::callerid::{CallerId, CallerIdBurst};
use crate::dsp::progress::{HeardTone, TonePlan};
use crate::sdp::Agreed;

pub use analyser::{Analysis, SPECTRUM_LINES, SpectrumPeak};
pub use channel::Channel;

/// A DTMF digit: `0`–`9`, `*`, `#`, `A`–`D`.
pub type Digit = char;

/// What the channel listens for on the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ear {
    /// Nothing (the line is not there).
    #[default]
    Closed,
    /// On hook: caller ID.
    OnHook,
    /// Off hook: supervisory tones, voice and digits.
    OffHook,
}

/// What the channel needs to know of settings and country.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaConfig {
    /// The country's tones.
    pub tones: TonePlan,
    /// Whether caller ID by DTMF may begin with the caller's category.
    pub category_digit: CategoryDigit,
    /// Whether the exchange is asked who waits when it announces a second caller.
    pub waiting_caller_id: bool,
    /// How digits heard on the line go to SIP.
    pub dtmf_to_sip: DtmfToSip,
    /// Length of a dialled digit.
    pub dtmf_on: Duration,
    /// Pause between dialled digits.
    pub dtmf_off: Duration,
    /// No RTP for this long is told as [`MediaEvent::RtpLost`]; `None`: never.
    pub rtp_timeout: Option<Duration>,
    /// Silence both ways for this long is told as [`MediaEvent::Silence`]; `None`: never.
    pub silence_timeout: Option<Duration>,
}

/// Orders from the gateway to the channel of one port.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaCommand {
    /// Settings or country changed.
    Configure(Box<MediaConfig>),
    /// What to listen for from now on; resets the detectors.
    Listen(Ear),
    /// Send RTP to, and take it from, the peer as agreed; again to change it (hold, re-INVITE).
    Attach(Box<MediaPlan>),
    /// Stop RTP. Within 20 ms nothing is sent any more.
    Detach,
    /// Dial these digits on the line as DTMF, `,` being a pause of 2 s; answered by [`MediaEvent::Dialed`]. Other characters are
    /// left out, and so is what follows the 64th.
    Dial(String),
    /// One digit from SIP INFO, to be heard once on the line.
    Digit {
        /// The digit.
        digit: Digit,
        /// How long it sounds.
        duration: Duration,
    },
    /// Measure something in the sound of the line, off hook and without a session; answered by [`MediaEvent::SoundTested`]. It ends
    /// what was being measured, and is ended by [`MediaCommand::Listen`] and [`MediaCommand::Quiet`].
    TestSound(SoundTest),
    /// Stop dialling, digits and measuring at once.
    Quiet,
    /// Hand over the last seconds that were heard off hook, under the name of the call that they belong to, and forget them; answered
    /// by [`MediaOutput::Sound`], unless nothing was heard.
    TakeSound {
        /// Name of the call.
        call: String,
    },
    /// Somebody looks at what is heard on the line: tell it as [`MediaEvent::Analysis`] for three seconds, unless this comes again.
    Analyse,
}

/// What can be measured in the sound of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SoundTest {
    /// How long from now until dial tone is gone for good; two seconds at most.
    ToneBreak {
        /// The level of the dial tone in dBm0; it is gone when it is 12 dB softer.
        level_dbm0: f32,
    },
    /// How loud the line is when nobody speaks, over one second after 300 ms that do not count.
    Noise,
    /// Plays a known signal and compares what returns; it takes 1.4 s.
    EchoReturnLoss,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SoundResult {
    /// Dial tone is gone.
    ToneBroken {
        /// How long it still sounded, in ms; `None`: it goes on.
        after_ms: Option<u32>,
    },
    /// The level of the noise, unweighted.
    Noise {
        /// In dBm0.
        level_dbm0: f32,
    },
    /// The echo return loss, weighted as in ITU-T G.122 §4.2.
    EchoReturnLoss {
        /// In dB.
        loss_db: f32,
    },
}

/// How a call's audio flows.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaPlan {
    /// What SDP agreed on.
    pub agreed: Agreed,
    /// Where the SIP messages of the peer come from: its RTP may come from there too.
    pub signalling: Option<IpAddr>,
    /// Our synchronisation source.
    pub ssrc: u32,
    /// First RTP sequence number.
    pub first_sequence: u16,
    /// First RTP timestamp.
    pub first_timestamp: u32,
    /// RTCP canonical name.
    pub cname: String,
}

impl MediaPlan {
    /// A plan for a peer of which only its SDP is known, whose packets are numbered from 0.
    #[must_use]
    pub fn new(agreed: Agreed, ssrc: u32, cname: &str) -> Self {
        MediaPlan { agreed, signalling: None, ssrc, first_sequence: 0, first_timestamp: 0, cname: cname.to_owned() }
    }
}

/// RTP that was not listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where it came from.
    pub source: SocketAddr,
    /// Why.
    pub why: RtpRefusal,
}

/// Why RTP is not listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtpRefusal {
    /// It comes from another host than the peer's.
    OtherHost,
    /// It is not sealed with the key that was agreed.
    NotSealed,
}

/// What the channel tells the gateway.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaEvent {
    /// A supervisory tone is on the line (told when recognised, and again each further cadence cycle).
    Tone(HeardTone),
    /// A voice is heard on the line (energy that is no tone and no echo of ours); told again each second while it goes on.
    Voice,
    /// An attempt to tell who calls ended, on hook: what the line sent, understood or not. Told before the caller ID that is in it.
    CallerIdBurst(Box<CallerIdBurst>),
    /// Caller ID was decoded on hook.
    CallerId(CallerId),
    /// The exchange announced a second caller, and was asked who it is: what it sent, understood or not; `None`: nothing.
    WaitingCaller(Option<Box<CallerIdBurst>>),
    /// A digit was heard on the line, told once at its end (or when sure); RTP events are the channel's own work.
    LineDigit(Digit),
    /// A telephone-event digit came from SIP and is being played on the line.
    NetDigit(Digit),
    /// RFC 4733 event 16 (flash) came from SIP.
    Flash,
    /// All digits of [`MediaCommand::Dial`] are out.
    Dialed,
    /// The first RTP packet of this attachment arrived.
    RtpStarted {
        /// Where it came from, and where ours go from now on.
        from: SocketAddr,
    },
    /// No RTP of this attachment has come for two seconds, while media should flow both ways; told again each two seconds.
    RtpMissing {
        /// Where it should come from.
        expected: SocketAddr,
        /// The latest that was not listened to.
        refused: Option<Refused>,
    },
    /// No RTP for the configured time, while media should flow both ways; told again each time that time has passed once more.
    RtpLost {
        /// Since when, in ms.
        for_ms: u32,
    },
    /// Silence both ways for the configured time, off hook and not on hold; told again each time that time has passed once more.
    Silence {
        /// Since when, in ms.
        for_ms: u32,
    },
    /// What [`MediaCommand::TestSound`] asked for.
    SoundTested(SoundResult),
    /// Levels and counts, five times a second while audio flows.
    Meter(Meter),
    /// What is heard on the line, ten times a second while somebody looks ([`MediaCommand::Analyse`]).
    Analysis(Box<Analysis>),
}

/// The last seconds that were heard on the line during a call: 20 at most, longer silences cut to five.
#[derive(Clone, PartialEq, Eq)]
pub struct CallSound {
    /// Name of the call.
    pub call: String,
    /// A-law at 8 kHz (ITU-T G.711), oldest first.
    pub alaw: Vec<u8>,
}

impl std::fmt::Debug for CallSound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallSound").field("call", &self.call).field("samples", &self.alaw.len()).finish_non_exhaustive()
    }
}

/// Live numbers of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Meter {
    /// From the line, in dBm0; −99 for digital silence.
    pub rx_dbm0: f32,
    /// To the line, in dBm0; −99 for digital silence.
    pub tx_dbm0: f32,
    /// RTP packets sent.
    pub sent: u32,
    /// RTP packets received.
    pub received: u32,
    /// RTP packets lost (RFC 3550 §A.3).
    pub lost: u32,
    /// Interarrival jitter in ms (RFC 3550 §A.8).
    pub jitter_ms: f32,
    /// Depth of the jitter buffer in ms.
    pub buffer_ms: u32,
    /// Packets of ours that the peer says it misses (RTCP).
    pub peer_lost: Option<u32>,
    /// The time to the peer and back in ms, by its last report (RFC 3550 §6.4.1).
    pub round_trip_ms: Option<u32>,
}

/// What the channel wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaOutput {
    /// An RTP packet for the network.
    Rtp {
        /// Where to.
        to: SocketAddr,
        /// The packet.
        bytes: Vec<u8>,
    },
    /// An RTCP packet for the network.
    Rtcp {
        /// Where to.
        to: SocketAddr,
        /// The packet.
        bytes: Vec<u8>,
    },
    /// For the gateway.
    Event(MediaEvent),
    /// What [`MediaCommand::TakeSound`] asked for.
    Sound(CallSound),
}
