//! What the real program holds in memory after much of what must leave nothing behind.

use std::net::UdpSocket;
use std::time::Duration;

use gateway_core::config::settings::AnswerMode;

use super::caller::Caller;
use super::gateway::{Gateway, SOON, SimulatedBox};
use super::noise::Noise;
use super::place::{server_settings, trunk_settings};
use super::sipp;
use super::table::Table;

/// Memory is looked at so often: what grows without end grows in each part alike.
const PARTS: u32 = 4;

/// Datagrams in all, and how many go out in a row before the next pause.
const DATAGRAMS: u32 = 1_000_000;
const VOLLEY: u32 = 100;
const PAUSE: Duration = Duration::from_millis(5);

/// Addresses that they come from.
const SOURCES: usize = 1000;

/// Calls with digest that need no line, in seconds of a thousand each.
const CALLS_S: u32 = 100;

/// Lines, and calls over them.
const LINES: u16 = 16;
const LINE_CALLS: u32 = 400;

/// From one round of calls to the next.
const ROUND: Duration = Duration::from_millis(200);

pub fn measure(table: &mut Table) {
    datagrams(table);
    if !sipp::is_installed() {
        return table.skipped("SIPp is not installed");
    }
    let gateway = sipp::refuser();
    let mut failed = 0;
    let held = parts(&gateway, || failed += sipp::refused_calls(&gateway, CALLS_S / PARTS));
    tell(table, &format!("{} calls with digest, refused, {failed} failed", CALLS_S * 1000), &held);
    drop(gateway);
    calls_over_lines(table);
}

/// What is held at first, and after each part.
fn parts(gateway: &Gateway, mut part: impl FnMut()) -> Vec<Option<u64>> {
    let held = || held_kb(gateway);
    let mut all = vec![held()];
    for _ in 0..PARTS {
        part();
        all.push(held());
    }
    all
}

fn held_kb(gateway: &Gateway) -> Option<u64> {
    let status = gateway.program.told_by_system("status")?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
}

fn tell(table: &mut Table, what: &str, held: &[Option<u64>]) {
    let Some(held) = held.iter().copied().collect::<Option<Vec<u64>>>() else {
        return table.skipped("this system does not tell what a program holds");
    };
    let path = held.iter().map(|kb| format!("{:.1}", *kb as f64 / 1024.0)).collect::<Vec<_>>().join(" → ");
    let (second, last) = (held[1] as f64, held[held.len() - 1] as f64);
    table.row(what, format!("{path} MiB"), "after the first quarter".to_owned(), last / second);
}

/// Spoilt messages from a thousand addresses, each of them a stranger.
fn datagrams(table: &mut Table) {
    let gateway = Gateway::start(server_settings(2), "none");
    let mut noise = Noise::new(0x10_05);
    let sockets: Vec<UdpSocket> =
        (0..SOURCES).map(|at| UdpSocket::bind(format!("127.1.{}.{}:0", at / 250, at % 250 + 1)).unwrap()).collect();
    let invite = "INVITE sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.1.0.1;branch=z9hG4bK1;rport\r\nMax-Forwards: 70\r\n\
         From: <sip:x@127.0.0.1>;tag=1\r\nTo: <sip:100@127.0.0.1>\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:x@127.1.0.1>\r\nContent-Length: 0\r\n\r\n";
    let lost_before = lost(gateway.sip().1);
    let held = parts(&gateway, || {
        for _ in 0..DATAGRAMS / PARTS / VOLLEY {
            for _ in 0..VOLLEY {
                let spoilt = noise.spoil(invite.as_bytes());
                // What does not fit into the buffers of the system is lost, as in any network, and counted below.
                let _ = sockets[noise.below(SOURCES)].send_to(&spoilt, gateway.sip());
            }
            std::thread::sleep(PAUSE);
        }
    });
    let lost = lost(gateway.sip().1).zip(lost_before).map_or(0, |(after, before)| after - before);
    tell(table, &format!("{DATAGRAMS} bad datagrams from {SOURCES} strangers, {lost} lost before us"), &held);
}

/// Datagrams for this port that the system threw away because nobody took them in time.
fn lost(port: u16) -> Option<u64> {
    let table = std::fs::read_to_string("/proc/net/udp").ok()?;
    let ours = format!(":{port:04X}");
    let row = table.lines().find(|line| line.split_whitespace().nth(1).is_some_and(|local| local.ends_with(&ours)))?;
    row.split_whitespace().last()?.parse().ok()
}

/// Calls that seize a line, dial, are answered and end, on every line at once.
fn calls_over_lines(table: &mut Table) {
    let lines = SimulatedBox::start(LINES);
    let mut settings = trunk_settings(LINES, "127.0.0.1:9".parse().unwrap());
    for port in &mut settings.ports {
        port.line.answer_mode = AnswerMode::AfterDialing;
    }
    let gateway = Gateway::start(settings, &lines.pty);
    gateway.answered_call().bye();
    let (mut answered, mut busy) = (0, 0);
    let held = parts(&gateway, || {
        let wanted = answered + LINE_CALLS / PARTS;
        while answered < wanted {
            // A line that was just given back is guarded for a while, and its caller is told to come later.
            let callers: Vec<Caller> = (0..LINES).map(|_| gateway.called()).collect();
            for mut caller in callers {
                if caller.final_status(SOON) == 200 {
                    answered += 1;
                    caller.bye();
                } else {
                    busy += 1;
                }
            }
            // Whoever asks without end is met with silence.
            std::thread::sleep(ROUND);
        }
    });
    tell(table, &format!("{answered} calls over {LINES} lines, {busy} told to come later"), &held);
}
