//! The settings themselves, as stored, edited and exported.

use serde::{Deserialize, Serialize};

use super::transport::{RemoteTransport, TlsTrust, Transport};
use crate::sdp::{Codec, SrtpUse};

/// How the gateway meets the SIP side (pt-BR "Modo de Funcionamento").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Phones and PBXs register here with a port's user and secret.
    #[default]
    SipServer,
    /// Each port registers at the remote server.
    SipClient,
    /// A peer without registration; users and secrets are ignored.
    SipTrunk,
}

/// A secret a person typed. Never printed: `Debug` shows only whether it is set.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "Secret(unset)" } else { "Secret(set)" })
    }
}

/// When a SIP→FXO call counts as answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum AnswerMode {
    /// As soon as the digits are dialled.
    #[default]
    AfterDialing,
    /// When the exchange reverses the line's polarity.
    PolarityReversal,
    /// When a voice follows the ringback tone.
    Voice,
    /// The first of reversal and voice, at the latest after `answer_limit_s`.
    FirstOf,
}

/// How digits go out on the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum DialMethod {
    /// Tones (ITU-T Q.23).
    #[default]
    Dtmf,
    /// Loop interruptions (decadic).
    Pulse,
}

/// How digits heard on the line go to SIP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum DtmfToSip {
    /// Named events in RTP (RFC 4733), the tone removed from the audio.
    #[default]
    Rfc4733,
    /// SIP INFO with `application/dtmf-relay`, the tone removed from the audio.
    Info,
    /// The tone is left in the audio.
    InBand,
}

/// What happens on the line when every SIP target refuses (FXO→SIP).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum OnRefusal {
    /// The line keeps ringing at the exchange.
    #[default]
    LetRing,
    /// The line is answered and released at once, so that the caller hears that nobody is there.
    AnswerAndRelease,
}

/// The header that says who calls on the line, besides `From`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum IdentityHeader {
    /// `P-Asserted-Identity` (RFC 3325 §9.1): among those who trust each other.
    #[default]
    PAsserted,
    /// `P-Preferred-Identity` (RFC 3325 §9.2): towards a provider, which asserts what it checked.
    PPreferred,
    /// `Remote-Party-ID`, a draft that older systems speak.
    RemotePartyId,
}

/// How the number of a caller on the line is written for SIP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CallerNumberFormat {
    /// As the exchange sends it.
    #[default]
    AsReceived,
    /// International, with its plus sign: `+551133334444` (ITU-T E.123 §2).
    E164,
    /// The same digits without the plus sign: `551133334444`.
    E164Digits,
    /// As it is dialled from another area of the country: `01133334444`.
    National,
    /// The national (significant) number of ITU-T E.164: `1133334444`.
    NationalSignificant,
}

/// What becomes of a number that no dialling rule fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum DialOtherwise {
    /// It is dialled.
    #[default]
    Allow,
    /// It is refused.
    Deny,
}

/// All settings of one gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Settings {
    /// Settings of the gateway as a whole.
    pub gateway: GatewaySettings,
    /// One entry a port, in the order of the ports.
    pub ports: Vec<PortSettings>,
}

/// Settings of the gateway as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(default)]
pub struct GatewaySettings {
    /// Operating mode.
    pub mode: Mode,
    /// One user and secret for all ports (pt-BR "Usuário Único").
    pub single_user: bool,
    /// The user of single-user mode.
    pub user: String,
    /// The secret of single-user mode.
    pub secret: Secret,
    /// `host[:port]`: the registrar's domain in client mode, the peer in trunk mode. Unused in server mode.
    pub remote_server: String,
    /// How SIP goes to the remote server, and to targets that name no transport of their own.
    pub remote_transport: RemoteTransport,
    /// `host[:port]` of a proxy that everything to the remote server goes through (RFC 3261 §8.1.2). Blank: none.
    pub outbound_proxy: String,
    /// `address[:port]` of the DNS server that is asked for names. Blank: as this computer is set up.
    pub dns_server: String,
    /// Behind a NAT the remote server is told the address at which it sees us (RFC 3581), in Contact and SDP.
    pub learn_public_address: bool,
    /// Address at which the outside reaches the gateway, for peers outside of the private networks. Blank: its own.
    pub public_address: String,
    /// `host[:port]` of a STUN server that tells the same, where `public_address` does not. Blank: none is asked.
    pub stun_server: String,
    /// Address to receive SIP and RTP on, or the name of a network interface, whatever its address is. The default keeps to this
    /// computer; `0.0.0.0` listens on all networks.
    pub bind_address: String,
    /// Port for SIP.
    pub sip_port: u16,
    /// SIP is taken over TCP too, on the same port; see [`GatewaySettings::takes_tcp`].
    pub sip_tcp: bool,
    /// SIP is taken over TLS too; see [`GatewaySettings::takes_tls`].
    pub sip_tls: bool,
    /// TCP port for SIP over TLS.
    pub sip_tls_port: u16,
    /// File with our own certificate and those between it and its authority (PEM). Blank: one that the gateway makes for itself.
    pub tls_certificate: String,
    /// File with the private key of `tls_certificate` (PEM).
    pub tls_key: String,
    /// What makes the certificate of a server that we call over TLS a good one.
    pub tls_trust: TlsTrust,
    /// `authority`: file with the certificates of the authorities that may sign (PEM).
    pub tls_authority: String,
    /// `fingerprint`: SHA-256 of the server's certificate, in hexadecimal, with or without colons.
    pub tls_fingerprint: String,
    /// First UDP port for RTP; port *n* of the gateway uses this + 2·*n*, RTCP one above.
    pub rtp_port_first: u16,
    /// Whether audio towards SIP goes in SRTP, with keys in SDP (RFC 4568).
    pub srtp: SrtpUse,
    /// Codecs towards SIP, preferred first.
    pub codecs: Vec<Codec>,
    /// Asked lifetime of our registrations in seconds (client mode).
    pub register_expires_s: u32,
    /// Shortest lifetime granted to a registration here, in seconds (server mode).
    pub min_expires_s: u32,
    /// Longest lifetime granted to a registration here, in seconds (server mode).
    pub max_expires_s: u32,
    /// Session timer (RFC 4028) in seconds: a call whose SIP side shows no sign of life for this long is ended. 0 turns it off.
    pub session_expires_s: u32,
    /// How often registered telephones, or the remote server, are asked whether they are there (OPTIONS), in seconds. 0 turns it off.
    pub qualify_s: u32,
    /// Wrong credentials tolerated from one source before it is refused with 403.
    pub auth_tries: u8,
    /// Also offer SHA-256 in digest challenges (RFC 8760). Off by default: many telephones fail on a second challenge.
    pub sha256_digest: bool,
    /// Whether sources that no port admits get no answer at all.
    pub stealth: bool,
    /// Country of the lines, ISO 3166 alpha-2: tones, cadences, caller ID.
    pub country: String,
    /// Tell SIP who calls on the line in a header of its own, besides `From`.
    pub asserted_identity: bool,
    /// The header in which it is told.
    pub identity_header: IdentityHeader,
    /// How the number of who calls on the line is written for SIP.
    pub caller_number_format: CallerNumberFormat,
    /// Area code of the lines, without the trunk prefix: it completes the local numbers that an exchange sends.
    pub area_code: String,
    /// Dialling rules for SIP→FXO, in their order: the first one that fits a number decides. See [dialling rules](DIALLING.md).
    pub dial_rules: Vec<String>,
    /// What becomes of a number that no dialling rule fits.
    pub dial_otherwise: DialOtherwise,
    /// Let SIP callers dial out of the country. Off, only what a dialling rule spells out (`allow 0054.`) leads abroad.
    pub dial_international: bool,
    /// Let SIP callers dial the country's premium-rate numbers. Off, only what a dialling rule spells out is dialled.
    pub dial_premium: bool,
    /// Days for which call records are kept; 0: however old, as long as there are no more than `keep_calls_max`.
    pub keep_calls_days: u32,
    /// Most call records that are kept; the oldest ones go when newer ones come.
    pub keep_calls_max: u32,
    /// Calls of which the last 20 seconds heard on the line are kept, voices and all; the oldest sounds go when newer ones come.
    pub keep_sounds_max: u32,
    /// After Apply, what was healthy must be healthy again within this many seconds, else the settings before return; 0 turns it off.
    pub rollback_after_s: u32,
}

/// Settings of one port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(default)]
pub struct PortSettings {
    /// A name for people, such as "Reception".
    pub name: String,
    /// Port user.
    pub user: String,
    /// Port secret.
    pub secret: Secret,
    /// "On FXO ring, call": `user`, `user@host[:port]` or a `sip:` URI. Blank calls `unknown@<remote server>`.
    pub target: String,
    /// Called when `target` refuses. Blank: none.
    pub second_target: String,
    /// "Only from host": IPs, CIDR blocks or host names, separated by commas or spaces. Blank admits anyone.
    pub only_from_host: String,
    /// Accept SIP→FXO calls on this port.
    pub sip_to_fxo: bool,
    /// Forward FXO→SIP calls of this port.
    pub fxo_to_sip: bool,
    /// Minutes a day for which SIP→FXO calls may use this port; a call that is up at the end of them is ended. 0 turns it off.
    pub outgoing_budget_min: u32,
    /// Share of `outgoing_budget_min` at which a notice says that it is nearly spent, in percent; 0 turns it off.
    pub outgoing_warn_percent: u32,
    /// Hours of the day at which SIP→FXO calls may begin on this port: `08:00-12:00, 13:00-18:00`. Blank: always.
    pub outgoing_hours: String,
    /// Signalling on the line.
    pub line: LineSettings,
}

/// Signalling on one line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(default)]
pub struct LineSettings {
    /// When a SIP→FXO call counts as answered.
    pub answer_mode: AnswerMode,
    /// `first_of`: answered at the latest this many seconds after dialling.
    pub answer_limit_s: u32,
    /// Nobody answers within this many seconds: the call ends with 480.
    pub no_answer_s: u32,
    /// Wait for dial tone before dialling (else wait `dial_pause_ms`).
    pub wait_dial_tone: bool,
    /// How long to wait for dial tone, in ms.
    pub dial_tone_wait_ms: u32,
    /// Fixed pause before dialling when dial tone is not waited for, in ms.
    pub dial_pause_ms: u32,
    /// How digits go out.
    pub dial_method: DialMethod,
    /// Length of a DTMF digit, in ms.
    pub dtmf_on_ms: u32,
    /// Pause between DTMF digits, in ms.
    pub dtmf_off_ms: u32,
    /// How digits heard on the line go to SIP.
    pub dtmf_to_sip: DtmfToSip,
    /// Length of a hook flash, in ms.
    pub flash_ms: u32,
    /// A transfer to a number of the exchange is made by a hook flash: the far end is passed on, and the line let go.
    pub transfer_by_hook_flash: bool,
    /// Loop interruption ends the call.
    pub end_on_loop_interruption: bool,
    /// Shortest loop interruption that ends the call, in ms.
    pub loop_interruption_ms: u32,
    /// Polarity reversal after answer ends the call.
    pub end_on_polarity_reversal: bool,
    /// Busy or congestion tone after answer ends the call.
    pub end_on_disconnect_tone: bool,
    /// Cycles of the disconnect tone that must be heard; 0: as many as it takes to be sure.
    pub disconnect_tone_cycles: u32,
    /// Tones of this line beside those of the country, as `busy 425 250/250`; what is named busy or congestion ends calls like those.
    pub learned_tones: Vec<String>,
    /// Dial tone after answer ends the call.
    pub end_on_dial_tone: bool,
    /// No RTP for this many seconds ends the call; 0 turns it off.
    pub rtp_timeout_s: u32,
    /// Silence both ways for this many seconds ends the call; 0 turns it off.
    pub silence_timeout_s: u32,
    /// Longest call in seconds; 0 leaves only the ceiling of 24 hours.
    pub longest_call_s: u32,
    /// Time the line rests after release before it is used again, in ms.
    pub guard_ms: u32,
    /// Longest wait for caller ID after the first ring, in ms.
    pub caller_id_wait_ms: u32,
    /// A second caller, whom the exchange announces in a call, is asked for; the conversation is silent meanwhile: a second, three at most.
    pub waiting_caller_id: bool,
    /// What happens when every SIP target refuses.
    pub on_refusal: OnRefusal,
    /// Brazil: refuse collect calls by double answer.
    pub block_collect: bool,
    /// Double answer: first answer, in ms.
    pub collect_answer_ms: u32,
    /// Double answer: open time between the answers, in ms.
    pub collect_open_ms: u32,
}

impl GatewaySettings {
    /// Whether SIP is taken over TCP. The remote server comes back the way that we go to it, so it is where that is TCP, too.
    #[must_use]
    pub fn takes_tcp(&self) -> bool {
        self.sip_tcp || self.remote_transport == RemoteTransport::Tcp
    }

    /// Whether SIP is spoken over TLS, and taken over it: for the same reason as TCP.
    #[must_use]
    pub fn takes_tls(&self) -> bool {
        self.sip_tls || self.remote_transport == RemoteTransport::Tls
    }

    /// What may be spoken with the remote server and with targets that name no transport of their own, the most wanted first.
    #[must_use]
    pub fn remote_transports(&self) -> Vec<Transport> {
        if let Some(transport) = self.remote_transport.fixed() {
            return vec![transport];
        }
        let taken = [(Transport::Tls, self.takes_tls()), (Transport::Tcp, self.takes_tcp()), (Transport::Udp, true)];
        taken.into_iter().filter(|(_, taken)| *taken).map(|(transport, _)| transport).collect()
    }
}

impl GatewaySettings {
    /// Whether these settings and others lead to the same server by the same way, so that a secret for it may stay.
    #[must_use]
    pub fn leads_where(&self, other: &GatewaySettings) -> bool {
        let way = |settings: &GatewaySettings| {
            (settings.mode, [&settings.remote_server, &settings.outbound_proxy, &settings.dns_server].map(Clone::clone))
        };
        way(self) == way(other)
    }
}

impl Default for GatewaySettings {
    fn default() -> Self {
        GatewaySettings {
            mode: Mode::SipServer,
            single_user: false,
            user: String::new(),
            secret: Secret::default(),
            remote_server: String::new(),
            remote_transport: RemoteTransport::Udp,
            outbound_proxy: String::new(),
            dns_server: String::new(),
            learn_public_address: true,
            public_address: String::new(),
            stun_server: String::new(),
            bind_address: "127.0.0.1".to_owned(),
            sip_port: 5060,
            sip_tcp: false,
            sip_tls: false,
            sip_tls_port: 5061,
            tls_certificate: String::new(),
            tls_key: String::new(),
            tls_trust: TlsTrust::System,
            tls_authority: String::new(),
            tls_fingerprint: String::new(),
            rtp_port_first: 16384,
            srtp: SrtpUse::Off,
            codecs: vec![Codec::Pcma, Codec::Pcmu],
            register_expires_s: 300,
            min_expires_s: 60,
            max_expires_s: 3600,
            session_expires_s: 1800,
            qualify_s: 60,
            auth_tries: 5,
            sha256_digest: false,
            stealth: true,
            country: "BR".to_owned(),
            asserted_identity: true,
            identity_header: IdentityHeader::PAsserted,
            caller_number_format: CallerNumberFormat::AsReceived,
            area_code: String::new(),
            dial_rules: Vec::new(),
            dial_otherwise: DialOtherwise::Allow,
            dial_international: false,
            dial_premium: false,
            keep_calls_days: 365,
            keep_calls_max: 100_000,
            keep_sounds_max: 100,
            rollback_after_s: 30,
        }
    }
}

impl Default for PortSettings {
    fn default() -> Self {
        PortSettings {
            name: String::new(),
            user: String::new(),
            secret: Secret::default(),
            target: String::new(),
            second_target: String::new(),
            only_from_host: String::new(),
            sip_to_fxo: true,
            fxo_to_sip: true,
            outgoing_budget_min: 0,
            outgoing_warn_percent: 80,
            outgoing_hours: String::new(),
            line: LineSettings::default(),
        }
    }
}

impl Default for LineSettings {
    fn default() -> Self {
        LineSettings {
            answer_mode: AnswerMode::AfterDialing,
            answer_limit_s: 20,
            no_answer_s: 60,
            wait_dial_tone: true,
            dial_tone_wait_ms: 3000,
            dial_pause_ms: 1000,
            dial_method: DialMethod::Dtmf,
            dtmf_on_ms: 100,
            dtmf_off_ms: 100,
            dtmf_to_sip: DtmfToSip::Rfc4733,
            flash_ms: 300,
            transfer_by_hook_flash: false,
            end_on_loop_interruption: true,
            loop_interruption_ms: 100,
            end_on_polarity_reversal: false,
            end_on_disconnect_tone: true,
            disconnect_tone_cycles: 0,
            learned_tones: Vec::new(),
            end_on_dial_tone: true,
            rtp_timeout_s: 30,
            silence_timeout_s: 60,
            longest_call_s: 4 * 3600,
            guard_ms: 1000,
            caller_id_wait_ms: 2000,
            waiting_caller_id: false,
            on_refusal: OnRefusal::LetRing,
            block_collect: false,
            collect_answer_ms: 1000,
            collect_open_ms: 1500,
        }
    }
}
