//! The rows. Order is the order of the pages and of the reference.

use super::Grade::{NextCall, Now, Rebind, RegistersAgain, WhenIdle};
use super::Unit::{Cycles, Milliseconds, Minutes, Percent, Seconds, Tries};
use super::{Field, Grade, Kind, Preset, Shape, Unit};

/// Every setting, once.
pub const FIELDS: &[Field] = &[
    // The gateway as a whole.
    choice("gateway.mode", &["sip_server", "sip_client", "sip_trunk"], RegistersAgain, &["Register yes/no", "IsRegisterNeeded"]),
    flag("gateway.single_user", false, RegistersAgain, &["Port group"]),
    text("gateway.user", Shape::User, 64, "", RegistersAgain, &["SIP User ID", "Authenticate ID", "Auth ID", "username"]),
    secret("gateway.secret", RegistersAgain, &["Authenticate Password", "Password"]),
    text("gateway.remote_server", Shape::RemoteServer, 260, "", RegistersAgain, &["Primary SIP Server", "SIP Proxy", "Registrar", "host"]),
    choice(
        "gateway.remote_transport",
        &["udp", "tcp", "tls", "dns"],
        RegistersAgain,
        &["SIP Transport", "Outbound transport", "transport", "TransportType"],
    ),
    text("gateway.outbound_proxy", Shape::RemoteServer, 260, "", RegistersAgain, &["Outbound Proxy", "outboundproxy", "outbound_proxy"]),
    text("gateway.dns_server", Shape::DnsServer, 64, "", RegistersAgain, &["DNS Server", "DNS Mode", "Preferred DNS"]),
    flag("gateway.learn_public_address", true, RegistersAgain, &["rewrite_contact", "NAT Mapping Enable", "Handle VIA received"]),
    text(
        "gateway.public_address",
        Shape::HostAddress,
        45,
        "",
        RegistersAgain,
        &["externaddr", "external_media_address", "EXT IP", "Use NAT IP"],
    ),
    text("gateway.stun_server", Shape::RemoteServer, 260, "", RegistersAgain, &["stunaddr", "STUN Server"]),
    text("gateway.bind_address", Shape::BindAddress, 45, "127.0.0.1", Rebind, &["bindaddr", "Local IP"]),
    plain("gateway.sip_port", 1, 65535, 5060, Rebind, &["Local SIP Port", "bindport", "SIP Port"]),
    flag("gateway.sip_tcp", false, Rebind, &["tcpenable", "tcpbindaddr", "SIP over TCP"]),
    flag("gateway.sip_tls", false, Rebind, &["tlsenable", "tlsbindaddr", "SIP over TLS"]),
    plain("gateway.sip_tls_port", 1, 65535, 5061, Rebind, &["Local TLS Port", "SIP TLS Local Port"]),
    text("gateway.tls_certificate", Shape::File, 1024, "", Rebind, &["tlscertfile", "cert_file", "SIP TLS Certificate"]),
    text("gateway.tls_key", Shape::File, 1024, "", Rebind, &["tlsprivatekey", "priv_key_file", "SIP TLS Private Key"]),
    choice(
        "gateway.tls_trust",
        &["system", "authority", "fingerprint"],
        RegistersAgain,
        &["tlsdontverifyserver", "verify_server", "Check Domain Certificates"],
    ),
    text("gateway.tls_authority", Shape::File, 1024, "", RegistersAgain, &["tlscafile", "ca_list_file", "Trusted CA Certificates"]),
    text("gateway.tls_fingerprint", Shape::Fingerprint, 95, "", RegistersAgain, &["Certificate pinning"]),
    plain("gateway.rtp_port_first", 1024, 65534, 16384, Rebind, &["Local RTP Port", "RTP Port Min", "rtpstart", "BaseUDPPort"]),
    choice(
        "gateway.srtp",
        &["off", "preferred", "mandatory"],
        NextCall,
        &["SRTP Mode", "media_encryption", "encryption", "EnableMediaSecurity", "MediaSecurityBehaviour"],
    ),
    Field {
        path: "gateway.codecs",
        kind: Kind::Choices { words: &["pcma", "pcmu"] },
        default: Preset::List(&["pcma", "pcmu"]),
        grade: NextCall,
        aliases: &["Preferred Vocoder", "CoderName", "allow", "G.711"],
    },
    number(
        "gateway.register_expires_s",
        Seconds,
        30,
        86_400,
        300,
        RegistersAgain,
        &["Register Expiration", "Register Expires", "defaultexpiry"],
    ),
    number("gateway.min_expires_s", Seconds, 10, 86_400, 60, Now, &["minexpiry", "minimum_expiration"]),
    number("gateway.max_expires_s", Seconds, 60, 604_800, 3600, Now, &["maxexpiry", "maximum_expiration"]),
    switchable(
        "gateway.session_expires_s",
        90,
        86_400,
        1800,
        NextCall,
        &["Session-Expires", "Session Expiration", "session-timers", "SIP Session Expires"],
    ),
    switchable(
        "gateway.qualify_s",
        10,
        3600,
        60,
        Now,
        &["qualify_frequency", "qualify", "OPTIONS Keep-Alive", "SIP OPTIONS/NOTIFY Keep Alive", "Proxy Keep-Alive"],
    ),
    number("gateway.auth_tries", Tries, 1, 100, 5, Now, &["fail2ban"]),
    flag("gateway.sha256_digest", false, Now, &["auth_algorithms_uas", "Digest Algorithm"]),
    flag("gateway.stealth", true, Now, &["alwaysauthreject"]),
    text(
        "gateway.country",
        Shape::Country,
        2,
        "BR",
        WhenIdle,
        &["AC Termination Model", "CountryCoefficients", "opermode", "progzone", "tonezone", "loadzone"],
    ),
    flag("gateway.asserted_identity", true, NextCall, &["Caller ID Transport Type", "send_pai"]),
    choice(
        "gateway.identity_header",
        &["p_asserted", "p_preferred", "remote_party_id"],
        NextCall,
        &["Asserted Identity Mode", "sendrpid", "send_rpid", "Use P-Preferred-Identity Header"],
    ),
    choice(
        "gateway.caller_number_format",
        &["as_received", "e164", "e164_digits", "national", "national_significant"],
        NextCall,
        &["Caller ID Manipulation", "callerid number format", "E.164 normalization"],
    ),
    text("gateway.area_code", Shape::AreaCode, 5, "", NextCall, &["areacode", "localprefix", "Local Area Code", "DDD"]),
    Field {
        path: "gateway.dial_rules",
        kind: Kind::Texts { shape: Shape::DialRule, max_chars: 250, max_items: 200 },
        default: Preset::List(&[]),
        grade: NextCall,
        aliases: &["Dial Plan", "DigitMap", "Dial Map", "Number Manipulation", "blocked_prefixes"],
    },
    choice("gateway.dial_otherwise", &["allow", "deny"], NextCall, &["Class of Restriction"]),
    flag("gateway.dial_international", false, NextCall, &["International Call Restriction", "allow_international"]),
    flag("gateway.dial_premium", false, NextCall, &["Premium Rate Barring"]),
    Field {
        path: "gateway.keep_calls_days",
        kind: Kind::Integer { min: 1, max: 3650, unit: Unit::None, zero_is_off: true },
        default: Preset::Integer(365),
        grade: Now,
        aliases: &["CDR retention", "CDR Storage Days"],
    },
    plain("gateway.keep_calls_max", 100, 100_000, 100_000, Now, &["CDR retention", "Max CDR Records"]),
    Field {
        path: "gateway.keep_sounds_max",
        kind: Kind::Integer { min: 1, max: 1000, unit: Unit::None, zero_is_off: true },
        default: Preset::Integer(100),
        grade: Now,
        aliases: &["Call Recording", "PCM Capture", "Voice Record"],
    },
    switchable("gateway.rollback_after_s", 5, 600, 30, Now, &["commit-confirmed", "Configuration Rollback"]),
    // Each port.
    text("ports[].name", Shape::Name, 60, "", Now, &["Description"]),
    text("ports[].user", Shape::User, 64, "", RegistersAgain, &["SIP User ID", "Authenticate ID", "Auth ID", "username"]),
    secret("ports[].secret", RegistersAgain, &["Authenticate Password", "Password"]),
    text(
        "ports[].target",
        Shape::Target,
        255,
        "",
        NextCall,
        &["Unconditional Call Forward to VOIP", "TargetOfChannel", "Offhook Auto-Dial", "InboundCallRoute", "PSTN Caller Default DP"],
    ),
    text("ports[].second_target", Shape::Target, 255, "", NextCall, &[]),
    text(
        "ports[].only_from_host",
        Shape::HostList,
        1024,
        "",
        Now,
        &["Allow Incoming SIP Messages from SIP Proxy Only", "permit/deny", "match"],
    ),
    flag("ports[].sip_to_fxo", true, NextCall, &["VoIP-To-PSTN Gateway Enable", "Gateway Enable"]),
    flag("ports[].fxo_to_sip", true, NextCall, &["PSTN-To-VoIP Gateway Enable", "Gateway Enable"]),
    Field {
        path: "ports[].outgoing_budget_min",
        kind: Kind::Integer { min: 1, max: 1440, unit: Minutes, zero_is_off: true },
        default: Preset::Integer(0),
        grade: NextCall,
        aliases: &["Toll budget", "Call Duration Quota", "Talk time quota"],
    },
    Field {
        path: "ports[].outgoing_warn_percent",
        kind: Kind::Integer { min: 1, max: 99, unit: Percent, zero_is_off: true },
        default: Preset::Integer(80),
        grade: NextCall,
        aliases: &[],
    },
    text("ports[].outgoing_hours", Shape::Hours, 100, "", NextCall, &["Time condition", "Time Profile", "Office hours"]),
    // Outgoing on the line.
    choice(
        "ports[].line.answer_mode",
        &["after_dialing", "polarity_reversal", "voice", "first_of"],
        NextCall,
        &["Enable Polarity Reversal", "answeronpolarityswitch", "EnableReversalPolarity", "EnableVoiceDetection"],
    ),
    number("ports[].line.answer_limit_s", Seconds, 1, 600, 20, NextCall, &[]),
    number("ports[].line.no_answer_s", Seconds, 5, 600, 60, NextCall, &["No Answer Timeout"]),
    flag("ports[].line.wait_dial_tone", true, NextCall, &["Wait for Dial-Tone", "IsWaitForDialTone", "waitfordialtone"]),
    number("ports[].line.dial_tone_wait_ms", Milliseconds, 500, 30_000, 3000, NextCall, &["FXOWaitForDialTime"]),
    number(
        "ports[].line.dial_pause_ms",
        Milliseconds,
        0,
        10_000,
        1000,
        NextCall,
        &["Min Delay Before Dial PSTN Number", "PSTN Dialing Delay", "delaydial", "WaitForDialTime"],
    ),
    choice("ports[].line.dial_method", &["dtmf", "pulse"], NextCall, &["Pulse Dial", "pulsedial", "dialtype"]),
    number(
        "ports[].line.dtmf_on_ms",
        Milliseconds,
        40,
        1000,
        100,
        NextCall,
        &["DTMF Digit Length", "PSTN Dial Digit Len", "toneduration", "DTMFDigitLength"],
    ),
    number(
        "ports[].line.dtmf_off_ms",
        Milliseconds,
        40,
        1000,
        100,
        NextCall,
        &["DTMF Dial Pause", "PSTN Dial Digit Len", "DTMFInterDigitInterval"],
    ),
    choice(
        "ports[].line.dtmf_to_sip",
        &["rfc4733", "info", "in_band"],
        NextCall,
        &["Send DTMF", "dtmfmode", "dtmf_mode", "DTMF via RFC2833", "TxDTMFOption"],
    ),
    number(
        "ports[].line.flash_ms",
        Milliseconds,
        50,
        2000,
        300,
        NextCall,
        &["Hook Flash Timing", "PSTN Hook Flash Len", "flash", "FlashHookPeriod"],
    ),
    flag("ports[].line.transfer_by_hook_flash", false, NextCall, &[]),
    // What ends a call.
    flag(
        "ports[].line.end_on_loop_interruption",
        true,
        WhenIdle,
        &["Enable Current Disconnect", "Detect CPC", "EnableCurrentDisconnect", "Loop break", "kewlstart"],
    ),
    number(
        "ports[].line.loop_interruption_ms",
        Milliseconds,
        20,
        2000,
        100,
        WhenIdle,
        &["Current Disconnect Threshold", "Min CPC Duration", "CurrentDisconnectDuration"],
    ),
    flag(
        "ports[].line.end_on_polarity_reversal",
        false,
        WhenIdle,
        &["Enable Polarity Reversal", "Detect Polarity Reversal", "hanguponpolarityswitch", "EnableReversalPolarity"],
    ),
    flag(
        "ports[].line.end_on_disconnect_tone",
        true,
        WhenIdle,
        &["Enable PSTN Disconnect Tone Detection", "Detect Disconnect Tone", "DisconnectOnBusyTone", "busydetect"],
    ),
    number("ports[].line.disconnect_tone_cycles", Cycles, 0, 20, 0, WhenIdle, &["busycount", "Busy count"]),
    Field {
        path: "ports[].line.learned_tones",
        kind: Kind::Texts { shape: Shape::LearnedTone, max_chars: 80, max_items: 8 },
        default: Preset::List(&[]),
        grade: WhenIdle,
        aliases: &["Tone Learning", "Custom Tone", "BusyTone1", "Disconnect Tone Detection"],
    },
    flag("ports[].line.end_on_dial_tone", true, WhenIdle, &["DisconnectOnDialTone"]),
    switchable("ports[].line.rtp_timeout_s", 5, 3600, 30, NextCall, &["rtptimeout", "rtp_timeout", "BrokenConnectionEventTimeout"]),
    switchable(
        "ports[].line.silence_timeout_s",
        10,
        3600,
        60,
        NextCall,
        &["PSTN Silence Timeout", "PSTN Long Silence Duration", "SilenceTimeThreshold", "FarEndDisconnectSilencePeriod"],
    ),
    switchable(
        "ports[].line.longest_call_s",
        60,
        86_400,
        14_400,
        NextCall,
        &["PSTN-To-VoIP Call Max Dur", "Max call duration", "MaxCallDuration", "call-limit"],
    ),
    number("ports[].line.guard_ms", Milliseconds, 200, 30_000, 1000, WhenIdle, &["GuardTimeBetweenCalls", "PSTN Idle Wait"]),
    // Incoming on the line.
    number(
        "ports[].line.caller_id_wait_ms",
        Milliseconds,
        500,
        10_000,
        2000,
        WhenIdle,
        &["Number of Rings", "PSTN Ring Thru Delay", "RingsBeforeCallerID", "Caller ID Scheme", "cidstart"],
    ),
    flag("ports[].line.waiting_caller_id", false, NextCall, &["callwaitingcallerid", "Call Waiting Caller ID"]),
    choice("ports[].line.on_refusal", &["let_ring", "answer_and_release"], NextCall, &[]),
    flag(
        "ports[].line.block_collect",
        false,
        NextCall,
        &["drop-collect-call", "KDropCollectCall", "mfcr2_double_answer", "DDC", "Duplo atendimento"],
    ),
    number("ports[].line.collect_answer_ms", Milliseconds, 300, 5000, 1000, NextCall, &["Tempo de Atendimento DDC"]),
    number("ports[].line.collect_open_ms", Milliseconds, 300, 5000, 1500, NextCall, &["Tempo de Abertura DDC"]),
];

type Names = &'static [&'static str];

const fn flag(path: &'static str, on: bool, grade: Grade, aliases: Names) -> Field {
    Field { path, kind: Kind::Flag, default: Preset::Flag(on), grade, aliases }
}

/// A choice; its first word is the default.
const fn choice(path: &'static str, words: Names, grade: Grade, aliases: Names) -> Field {
    Field { path, kind: Kind::Choice { words }, default: Preset::Text(words[0]), grade, aliases }
}

const fn text(path: &'static str, shape: Shape, max_chars: u32, default: &'static str, grade: Grade, aliases: Names) -> Field {
    Field { path, kind: Kind::Text { shape, max_chars }, default: Preset::Text(default), grade, aliases }
}

const fn secret(path: &'static str, grade: Grade, aliases: Names) -> Field {
    Field { path, kind: Kind::Secret { max_chars: 128 }, default: Preset::Unset, grade, aliases }
}

const fn number(path: &'static str, unit: Unit, min: u32, max: u32, default: u32, grade: Grade, aliases: Names) -> Field {
    let kind = Kind::Integer { min, max, unit, zero_is_off: false };
    Field { path, kind, default: Preset::Integer(default), grade, aliases }
}

const fn plain(path: &'static str, min: u32, max: u32, default: u32, grade: Grade, aliases: Names) -> Field {
    number(path, Unit::None, min, max, default, grade, aliases)
}

/// Seconds, where 0 turns the matter off.
const fn switchable(path: &'static str, min: u32, max: u32, default: u32, grade: Grade, aliases: Names) -> Field {
    let kind = Kind::Integer { min, max, unit: Seconds, zero_is_off: true };
    Field { path, kind, default: Preset::Integer(default), grade, aliases }
}
