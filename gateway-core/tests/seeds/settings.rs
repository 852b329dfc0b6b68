//! Random settings: everything that behaves differently behaves randomly.

use gateway_core::config::settings::{
    AnswerMode, DialMethod, DtmfToSip, GatewaySettings, LineSettings, Mode, OnRefusal, PortSettings, Secret, Settings,
};
use gateway_core::rng::Rng;

/// The registrar or trunk peer: the first party.
pub const SERVER: &str = "127.0.0.1:20000";

/// User and secret of single-user mode.
pub const SINGLE: (&str, &str) = ("all", "secret of all");

pub fn mode(rng: &mut Rng) -> Mode {
    [Mode::SipServer, Mode::SipClient, Mode::SipTrunk][index(rng, 3)]
}

pub fn index(rng: &mut Rng, bound: usize) -> usize {
    usize::try_from(rng.below(bound as u64)).unwrap()
}

pub fn of(rng: &mut Rng, values: &[u32]) -> u32 {
    values[index(rng, values.len())]
}

/// Settings in which every peer of the history is welcome.
pub fn base(rng: &mut Rng, ports: usize) -> Settings {
    // Its dice are its own, so that the histories of before stay as they are.
    let qualify_s = of(&mut rng.clone().fork(), &[0, 0, 0, 10]);
    let gateway = GatewaySettings {
        qualify_s,
        mode: mode(rng),
        single_user: rng.chance(300),
        user: SINGLE.0.to_owned(),
        secret: Secret(SINGLE.1.to_owned()),
        remote_server: SERVER.to_owned(),
        sha256_digest: rng.chance(200),
        // Phones whose account changes under them guess wrong for a while; all of them share one host, which must not be banned.
        auth_tries: 100,
        ..GatewaySettings::default()
    };
    Settings { gateway, ports: (0..ports).map(|number| port(rng, number)).collect() }
}

pub fn user(number: usize) -> String {
    format!("p{number}")
}

pub fn secret(number: usize) -> String {
    format!("secret of {number}")
}

fn port(rng: &mut Rng, number: usize) -> PortSettings {
    PortSettings {
        name: format!("Line {number}"),
        user: user(number),
        secret: Secret(secret(number)),
        target: target(rng, number),
        second_target: if rng.chance(300) { target(rng, number) } else { String::new() },
        line: line(rng),
        ..PortSettings::default()
    }
}

fn target(rng: &mut Rng, number: usize) -> String {
    match rng.below(10) {
        0 => String::new(),
        1 => format!("reception@{SERVER}"),
        2 => "sip:reception@pbx.example:20000".to_owned(),
        3 => "reception@gone.example".to_owned(),
        _ => user(number),
    }
}

fn line(rng: &mut Rng) -> LineSettings {
    let answer_mode = [AnswerMode::AfterDialing, AnswerMode::PolarityReversal, AnswerMode::Voice, AnswerMode::FirstOf][index(rng, 4)];
    let rtp_timeout_s = of(rng, &[0, 10, 30]);
    LineSettings {
        answer_mode,
        answer_limit_s: of(rng, &[5, 20]),
        no_answer_s: of(rng, &[10, 60]),
        wait_dial_tone: rng.chance(700),
        dial_tone_wait_ms: of(rng, &[1000, 3000]),
        dial_pause_ms: of(rng, &[0, 1000]),
        dial_method: if rng.chance(200) { DialMethod::Pulse } else { DialMethod::Dtmf },
        dtmf_to_sip: [DtmfToSip::Rfc4733, DtmfToSip::Info, DtmfToSip::InBand][index(rng, 3)],
        end_on_loop_interruption: rng.chance(900),
        end_on_polarity_reversal: rng.chance(300),
        end_on_disconnect_tone: rng.chance(900),
        disconnect_tone_cycles: of(rng, &[0, 1, 3]),
        end_on_dial_tone: rng.chance(900),
        rtp_timeout_s,
        silence_timeout_s: of(rng, &[0, 20, 60]),
        // A peer without memory and a far end that went silently must leave a bound that a minute of healing can see.
        longest_call_s: if rtp_timeout_s == 0 { 60 } else { of(rng, &[60, 600]) },
        guard_ms: of(rng, &[200, 1000]),
        caller_id_wait_ms: of(rng, &[500, 2000]),
        on_refusal: if rng.chance(300) { OnRefusal::AnswerAndRelease } else { OnRefusal::LetRing },
        block_collect: rng.chance(200),
        transfer_by_hook_flash: rng.chance(500),
        ..LineSettings::default()
    }
}

/// Something is changed by a person; sometimes even the mode.
pub fn change(rng: &mut Rng, settings: &mut Settings, ports_of_box: usize) {
    match rng.below(20) {
        0 if settings.ports.len() > 1 => settings.ports.truncate(settings.ports.len() - 1),
        1 | 2 if settings.ports.len() < ports_of_box => settings.ports.push(port(rng, settings.ports.len())),
        _ => {}
    }
    if rng.chance(100) {
        settings.gateway.mode = mode(rng);
    }
    if rng.chance(100) {
        settings.gateway.single_user = !settings.gateway.single_user;
    }
    if rng.chance(100) {
        settings.gateway.sha256_digest = !settings.gateway.sha256_digest;
    }
    settings.gateway.dial_rules = if rng.chance(300) { vec!["deny 107.".to_owned(), "deny 0.".to_owned()] } else { Vec::new() };
    settings.gateway.country = ["BR", "US", "DE"][index(rng, 3)].to_owned();
    let number = index(rng, settings.ports.len());
    let fresh = port(rng, number);
    let port = &mut settings.ports[number];
    *port = fresh;
    port.sip_to_fxo = rng.chance(850);
    port.fxo_to_sip = rng.chance(850);
    port.only_from_host = ["", "", "", "127.0.0.1", "127.0.0.0/8", "10.0.0.0/8", "pbx.example", "gone.example"][index(rng, 8)].to_owned();
}
