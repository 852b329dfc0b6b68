//! What happens in a history: people call, answer and hang up, things break and are repaired.

use std::time::Duration;

use gateway_core::config::PortId;
use gateway_core::config::settings::Mode;
use gateway_core::dsp::callerid::{CallerIdSource, Presentation};
use gateway_core::fxo::simulator::act::{CallerIdSending, HangUpHow, IncomingCall, LineAct, Sound};
use gateway_core::gateway::io::{Command, Event};
use gateway_core::media::MediaEvent;
use gateway_core::sdp::{Codec, SrtpUse};
use gateway_core::sim::network::Weather;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;
use gateway_core::sip::agent::Invite;
use gateway_core::sip::digest::Credentials;

use super::history::History;
use super::settings;

const NUMBERS: &[&str] = &["100", "101", "102", "103", "104", "105", "106", "107", "108", "109", "1133334444", "0800", "*21", "", "alice"];

/// One random act.
pub fn one(history: &mut History) {
    match history.rng.below(100) {
        0..26 => ring(history),
        26..58 => call(history),
        58..65 => party_hangs_up(history),
        65..72 => far_end(history),
        72..74 => line_mishap(history),
        74..76 => new_habits(history),
        76..78 => weather(history),
        78..80 => box_mishap(history),
        80..82 => apply(history),
        82..84 => operator(history),
        84..85 => crash(history),
        85..87 => digits(history),
        87..88 => bad_caller(history),
        88..90 => refer(history),
        _ => repair(history),
    }
}

fn port(history: &mut History) -> u16 {
    u16::try_from(settings::index(&mut history.rng, history.base.ports.len())).unwrap()
}

fn some_party(history: &mut History) -> usize {
    settings::index(&mut history.rng, history.world.parties.len())
}

fn ring(history: &mut History) {
    let port = port(history);
    let rng = &mut history.rng;
    let source = [CallerIdSource::Dtmf, CallerIdSource::Bell202, CallerIdSource::V23, CallerIdSource::Device][settings::index(rng, 4)];
    let caller_id = match rng.below(4) {
        0 => Some(CallerIdSending::Never),
        1 => Some(CallerIdSending::BeforeRing { source }),
        2 => Some(CallerIdSending::AfterRing { source }),
        _ => None,
    };
    let call = IncomingCall {
        from: rng.chance(800).then(|| format!("11{:08}", rng.below(100_000_000))),
        presentation: if rng.chance(200) { Presentation::Private } else { Presentation::Allowed },
        category: [None, Some('1'), Some('8')][settings::index(rng, 3)],
        caller_id,
        cadence_ms: rng.chance(100).then(|| vec![150, 3000]),
        sound: rng.chance(200).then_some(Sound::Silence),
        ..IncomingCall::default()
    };
    history.world.act(port, LineAct::Ring(call));
}

fn call(history: &mut History) {
    let number = NUMBERS[settings::index(&mut history.rng, NUMBERS.len())];
    let phone = settings::index(&mut history.rng, history.phones.len());
    let party = history.phones[phone];
    if history.settings.gateway.mode == Mode::SipClient && history.rng.chance(800) {
        return call_contact(history, number);
    }
    let (user, secret) = history.account(phone);
    history.world.call(party, number, Some(credentials(&user, &secret)));
}

/// The registrar of client mode sends a call to a contact that registered there.
fn call_contact(history: &mut History, number: &str) {
    let office = history.phones[0];
    let number_of_account = settings::index(&mut history.rng, history.settings.ports.len());
    let (user, _) = history.account(number_of_account);
    let contacts = history.world.parties[office].contacts(&user, history.world.now());
    let Some(contact) = contacts.first().cloned() else { return };
    let two_stage = history.rng.chance(200);
    let to = if two_stage { format!("<{contact}>") } else { format!("<sip:{number}@127.0.0.1>") };
    let destination = history.world.address;
    history.world.with_party(office, |party, now| {
        let invite = Invite {
            destination: destination.into(),
            others: Vec::new(),
            request_uri: contact,
            from: "<sip:caller@127.0.0.1>".to_owned(),
            to,
            contact_user: "caller".to_owned(),
            headers: Vec::new(),
            body: party.offer(),
            content_type: "application/sdp".to_owned(),
            credentials: None::<Credentials>,
            ring_timeout: None,
        };
        party.invite(invite, now)
    });
}

fn party_hangs_up(history: &mut History) {
    let party = some_party(history);
    let open: Vec<_> = history.world.parties[party].open_calls().collect();
    if !open.is_empty() {
        let session = open[settings::index(&mut history.rng, open.len())];
        history.world.with_party(party, |party, now| party.hang_up(session, now));
    }
}

/// A party sends a call of its own on: to a party, to a user that may be registered, or to nobody; now and then it hangs up at once.
fn refer(history: &mut History) {
    let party = some_party(history);
    let open: Vec<_> = history.world.parties[party].open_calls().collect();
    if open.is_empty() {
        return;
    }
    let session = open[settings::index(&mut history.rng, open.len())];
    let other = some_party(history);
    let to = match history.rng.below(6) {
        4 | 5 => format!("sip:{}@{}", 100 + history.rng.below(10), history.world.address),
        0 => format!("sip:p2@{}", history.world.address),
        1 => "sip:nobody@127.0.0.99".to_owned(),
        _ => format!("sip:colleague@{}", history.world.parties[other].address),
    };
    let leaves = history.rng.chance(300);
    history.world.with_party(party, |party, now| {
        party.refer(session, &to, now);
        if leaves {
            party.hang_up(session, now);
        }
    });
}

fn far_end(history: &mut History) {
    let port = port(history);
    let rng = &mut history.rng;
    let how = [
        None,
        Some(HangUpHow::Interruption { ms: 500 }),
        Some(HangUpHow::Interruption { ms: 50 }),
        Some(HangUpHow::BusyTone),
        Some(HangUpHow::CongestionTone),
        Some(HangUpHow::DialTone),
        Some(HangUpHow::Polarity),
        Some(HangUpHow::InterruptionAndBusyTone { ms: 200 }),
        Some(HangUpHow::Silent),
    ][settings::index(rng, 9)];
    let act = match rng.below(8) {
        7 => LineAct::CallWaiting { present: rng.chance(800) },
        6 => LineAct::Recall { present: rng.chance(800) },
        0 => LineAct::StopRinging,
        1 => LineAct::Answer { polarity: rng.chance(500) },
        2 => LineAct::Speak { sound: if rng.chance(500) { Sound::Silence } else { Sound::Speech } },
        _ => LineAct::HangUp { how },
    };
    history.world.act(port, act);
}

fn line_mishap(history: &mut History) {
    let port = port(history);
    let ms = u32::try_from(history.rng.below(3000)).unwrap();
    let (kind, act) = match history.rng.below(6) {
        0 => ("cables out", LineAct::CableOut),
        1 => ("parallel telephones", LineAct::Extension { off_hook: true }),
        2 => ("no dial tone", LineAct::DialTone { present: false }),
        3 => ("reversals", LineAct::Reverse),
        _ => ("interruptions", LineAct::Interrupt { ms }),
    };
    history.fault(kind);
    history.world.act(port, act);
}

fn new_habits(history: &mut History) {
    let party = some_party(history);
    let rng = &mut history.rng;
    let habits = Habits {
        srtp: SrtpUse::Off,
        answers_after: rng.chance(800).then(|| Duration::from_millis(rng.below(8000))),
        refuses_with: rng.chance(200).then(|| [486, 480, 603, 503, 404, 302][settings::index(rng, 6)]),
        forwards_to: Some("<sip:p2@127.0.0.1:5060>".to_owned()),
        hangs_up_after: rng.chance(500).then(|| Duration::from_millis(rng.below(20_000))),
        sends_rtp: rng.chance(800),
        speaks: rng.chance(800),
        never_acks: rng.chance(60),
        answers_a_cancel: rng.chance(200),
        offers_late: rng.chance(100),
        forgets_late_sdp: rng.chance(300),
        announces: None,
        speaks_from: None,
        session_expires_s: party.is_multiple_of(2).then_some(90),
        codecs: if rng.chance(50) { Vec::new() } else { vec![Codec::Pcmu] },
    };
    history.world.parties[party].habits = habits;
}

fn weather(history: &mut History) {
    let rng = &mut history.rng;
    history.world.network.weather = Weather {
        loss_per_mille: [0, 20, 100, 300, 1000][settings::index(rng, 5)],
        twice_per_mille: [0, 50, 300][settings::index(rng, 3)],
        jitter: Duration::from_millis(u64::from(settings::of(rng, &[0, 30, 400, 1500]))),
    };
    history.fault("bad weather");
}

fn box_mishap(history: &mut History) {
    history.world.box_was_lying = true;
    match history.rng.below(5) {
        0 => {
            history.world.unplug();
            history.fault("box unplugged");
        }
        1 => {
            history.world.reboot();
            history.fault("box rebooted");
        }
        2 => {
            let port = port(history);
            history.world.lines.faults.lies = history.rng.chance(500);
            history.world.lines.faults.stuck.insert(PortId(port));
            history.fault("relays stuck");
        }
        _ => {
            history.world.lines.faults.lost_orders_per_mille = u64::from(settings::of(&mut history.rng, &[50, 200]));
            history.world.lines.faults.lost_answers_per_mille = u64::from(settings::of(&mut history.rng, &[0, 50, 200]));
            history.world.lines.faults.lost_events_per_mille = u64::from(settings::of(&mut history.rng, &[0, 50, 300]));
            history.fault("box loses orders and events");
        }
    }
}

fn apply(history: &mut History) {
    let mut changed = history.settings.clone();
    settings::change(&mut history.rng, &mut changed, history.base.ports.len());
    history.settings = changed.clone();
    history.world.apply(changed);
    history.fault("settings applied");
}

fn operator(history: &mut History) {
    let port = PortId(port(history));
    let command = match history.rng.below(4) {
        0 | 1 => Command::HangUp { port },
        2 => Command::Reregister { port },
        _ => {
            history.held.push(port);
            Command::OutOfService { port, hold: true }
        }
    };
    history.world.command(command);
}

fn crash(history: &mut History) {
    let party = some_party(history);
    if history.rng.chance(300) {
        history.world.parties[history.phones[0]].crash_office();
    }
    history.world.with_party(party, |party, _| party.crash());
    history.fault("peers crashed");
}

fn digits(history: &mut History) {
    let port = PortId(port(history));
    let party = some_party(history);
    let open = history.world.parties[party].open_calls().next();
    let event = match history.rng.below(4) {
        0 => MediaEvent::Flash,
        1 => MediaEvent::LineDigit('5'),
        2 => MediaEvent::NetDigit('7'),
        _ => MediaEvent::RtpStarted { from: history.world.parties[party].rtp_address() },
    };
    match open.filter(|_| history.rng.chance(600)) {
        Some(session) => {
            let (kind, body) =
                [("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"), ("application/dtmf", "hf"), ("application/dtmf", "9")]
                    [settings::index(&mut history.rng, 3)];
            history.world.with_party(party, |party, now| party.info(session, kind, body, now));
        }
        None => history.world.tell(Event::Media { port, event }),
    }
}

/// Callers who may not call, and datagrams that are no SIP.
fn bad_caller(history: &mut History) {
    history.fault("bad callers");
    let stranger = history.stranger;
    let address = history.world.parties[stranger].address;
    match history.rng.below(4) {
        0 => {
            history.world.call(stranger, "100", Some(credentials("p0", "guessed")));
        }
        1 => {
            history.world.call(stranger, "100", None);
        }
        2 => history.world.inject(address, b"INVITE sip:100@x SIP/2.0\r\nVia: broken\r\n\r\n"),
        _ => {
            let garbage: Vec<u8> = (0..history.rng.below(200)).map(|_| u8::try_from(history.rng.below(256)).unwrap()).collect();
            history.world.inject(address, &garbage);
        }
    }
}

/// Somebody repairs something.
fn repair(history: &mut History) {
    repair_one(history);
    repair_one(history);
}

fn repair_one(history: &mut History) {
    let port = port(history);
    match history.rng.below(8) {
        0 => history.world.network.weather = Weather::default(),
        1 | 2 => history.world.plug_in(),
        3 => history.world.lines.faults = gateway_core::sim::lines::BoxFaults::default(),
        4 => {
            for act in [LineAct::CableIn, LineAct::Extension { off_hook: false }, LineAct::DialTone { present: true }] {
                history.world.act(port, act);
            }
        }
        5 => {
            for port in std::mem::take(&mut history.held) {
                history.world.command(Command::OutOfService { port, hold: false });
            }
        }
        6 => {
            for party in &mut history.world.parties {
                party.revive();
                party.habits = Habits::default();
            }
            history.register_phones();
        }
        _ => {
            history.settings = history.base.clone();
            history.world.apply(history.base.clone());
        }
    }
}
