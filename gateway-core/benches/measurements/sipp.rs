//! SIP over UDP against the real program: calls that are refused before a line is touched, and registrations, from SIPp.
//!
//! The reference is SIPp against itself at the same rate, and for registrations Kamailio too.

mod kamailio;

use std::path::Path;
use std::time::Duration;

use gateway_core::config::settings::{Mode, Settings};

use super::gateway::Gateway;
use super::place::{Folder, free_ports, secret, server_settings};
use super::processor::Usage;
use super::program::Program;
use super::table::Table;

/// Calls a second.
const RATES: [u32; 3] = [200, 500, 1000];

/// How long each rate is kept up, in seconds.
const SECONDS: u32 = 3;

/// How long SIPp goes on with calls that got no answer, in seconds.
const PATIENCE_S: u32 = 5;

/// Registrations a second at which Kamailio is met.
const REGISTRATIONS: [u32; 3] = [1000, 2500, 5000];

/// Addresses that the load comes from: the guard lets a single one do no more than 500 messages a second.
const SOURCES: u32 = 60;

/// A kind of load: what SIPp does, and what it does on the other side as the reference.
struct Load {
    what: &'static str,
    caller: &'static str,
    answerer: &'static str,
    mode: Mode,
}

const LOADS: &[Load] = &[
    Load { what: "INVITE → 403", caller: INVITE, answerer: INVITE_ANSWER, mode: Mode::SipTrunk },
    Load { what: "INVITE → 401, INVITE with digest → 403", caller: DIGEST, answerer: DIGEST_ANSWER, mode: Mode::SipServer },
    Load { what: "REGISTER → 401, with digest → 200", caller: REGISTER, answerer: REGISTER_ANSWER, mode: Mode::SipServer },
];

const INVITE: &str = include_str!("sipp/invite.xml");
const INVITE_ANSWER: &str = include_str!("sipp/invite_answer.xml");
const DIGEST: &str = include_str!("sipp/digest.xml");
const DIGEST_ANSWER: &str = include_str!("sipp/digest_answer.xml");
const REGISTER: &str = include_str!("sipp/register.xml");
const REGISTER_ANSWER: &str = include_str!("sipp/register_answer.xml");

/// What became of the calls of one rate.
#[derive(Debug)]
struct Outcome {
    good: u64,
    failed: u64,
    retransmissions: u64,
    seconds: f64,
    /// From the first message to the answer after the digest: the middle, and what 99 of 100 stay below.
    response_ms: f64,
    slow_response_ms: f64,
    /// What the answering side used of a processor.
    processor: Option<Duration>,
}

impl Outcome {
    fn calls_a_second(&self) -> f64 {
        self.good as f64 / self.seconds
    }

    fn micros_a_call(&self) -> Option<f64> {
        self.processor.map(|used| used.as_secs_f64() * 1e6 / self.good.max(1) as f64)
    }

    fn tell(&self) -> String {
        // SIPp counts in whole milliseconds.
        let whole = |ms: f64| if ms < 1.0 { "< 1".to_owned() } else { format!("{ms:.0}") };
        let answered = format!("{} ms, p99 {}", whole(self.response_ms), whole(self.slow_response_ms));
        let cost = self.micros_a_call().map_or_else(String::new, |micros| format!(", {micros:.0} µs CPU each"));
        format!("{:.0}/s, {} failed, {} retransmitted, {answered} ms{cost}", self.calls_a_second(), self.failed, self.retransmissions)
    }
}

pub fn measure(table: &mut Table) {
    if !is_installed() {
        return table.skipped("SIPp is not installed");
    }
    for load in LOADS {
        // Without a box nothing but SIP uses the processor.
        let gateway = Gateway::start(settings(load.mode), "none");
        for rate in RATES {
            let own = play(load.caller, (rate, SECONDS), gateway.sip().1, || gateway.program.processor());
            let reference = against_itself(load, rate);
            let ratio = own.micros_a_call().zip(reference.micros_a_call()).map_or(f64::NAN, |(own, reference)| own / reference);
            table.row(&format!("{} at {rate}/s", load.what), own.tell(), format!("SIPp {}", reference.tell()), ratio);
        }
    }
    beside_kamailio(table);
}

/// Registrations with digest, here and at Kamailio.
fn beside_kamailio(table: &mut Table) {
    let Some(modules) = kamailio::modules() else { return table.skipped("Kamailio is not installed") };
    for rate in REGISTRATIONS {
        let gateway = Gateway::start(settings(Mode::SipServer), "none");
        let own = play(REGISTER, (rate, SECONDS), gateway.sip().1, || gateway.program.processor());
        drop(gateway);
        let registrar = kamailio::Registrar::start(modules, &secret(1));
        let reference = play(REGISTER, (rate, SECONDS), registrar.port(), || registrar.processor());
        let ratio = own.micros_a_call().zip(reference.micros_a_call()).map_or(f64::NAN, |(own, reference)| own / reference);
        table.row(&format!("REGISTER with digest at {rate}/s"), own.tell(), format!("Kamailio {}", reference.tell()), ratio);
    }
}

/// Calls with digest that are refused before they need a line, a thousand a second; answers how many went otherwise.
pub fn refused_calls(gateway: &Gateway, seconds: u32) -> u64 {
    play(DIGEST, (1000, seconds), gateway.sip().1, || None).failed
}

/// A gateway that refuses them.
pub fn refuser() -> Gateway {
    Gateway::start(settings(Mode::SipServer), "none")
}

pub fn is_installed() -> bool {
    std::process::Command::new("sipp").arg("-v").output().is_ok()
}

/// Settings that refuse the number which SIPp calls.
fn settings(mode: Mode) -> Settings {
    let mut settings = server_settings(2);
    settings.gateway.mode = mode;
    settings.gateway.dial_rules = vec!["deny 0300.".to_owned()];
    settings.gateway.remote_server = "127.0.0.1".to_owned();
    // The bench itself asks whether the gateway is up.
    let hosts = std::iter::once("127.0.0.1".to_owned()).chain(sources()).collect::<Vec<_>>().join(" ");
    settings.ports.iter_mut().for_each(|port| port.only_from_host.clone_from(&hosts));
    settings
}

fn sources() -> impl Iterator<Item = String> {
    (2..2 + SOURCES).map(|host| format!("127.0.0.{host}"))
}

/// The same load with SIPp on both sides.
fn against_itself(load: &Load, rate: u32) -> Outcome {
    let (folder, port) = (Folder::new(), free_ports(4));
    let scenario = written(&folder, "answerer.xml", load.answerer);
    let (own_port, media) = (port.to_string(), (port + 2).to_string());
    let args = ["-sf", &scenario, "-i", "127.0.0.1", "-bind_local", "-p", &own_port, "-mp", &media, "-nostdin"];
    let mut answerer = Program::start("sipp", &args);
    assert!(!answerer.ended(Duration::from_millis(500)), "{}", answerer.complaints());
    play(load.caller, (rate, SECONDS), port, || answerer.processor())
}

/// Plays a load of so many calls a second for so many seconds against `port`; `processor` tells what the answering side has used so far.
fn play(scenario: &str, (rate, seconds): (u32, u32), port: u16, processor: impl Fn() -> Option<Usage>) -> Outcome {
    let (folder, own) = (Folder::new(), free_ports(4));
    // SIPp knows its port only for the first call from an address.
    let scenario = written(&folder, "caller.xml", &scenario.replace("[local_port]", &own.to_string()));
    let statistics = folder.path().join("statistics.csv").to_str().unwrap().to_owned();
    let errors = folder.path().join("errors.log").to_str().unwrap().to_owned();
    let (own_port, media, secret) = (own.to_string(), (own + 2).to_string(), secret(1));
    let (rate_text, calls, limit) = (rate.to_string(), (rate * seconds).to_string(), (rate * (seconds + PATIENCE_S)).to_string());
    let (patience, remote) = (format!("{}s", seconds + PATIENCE_S), format!("127.0.0.1:{port}"));
    let from = folder.path().join("sources.csv");
    std::fs::write(&from, std::iter::once("SEQUENTIAL".to_owned()).chain(sources()).collect::<Vec<_>>().join("\n")).unwrap();
    let from = from.to_str().unwrap().to_owned();
    let mut args = vec!["-sf", &scenario, "-i", "127.0.0.1", "-p", &own_port, "-mp", &media, "-nostdin"];
    args.extend(["-t", "ui", "-inf", &from, "-max_socket", "1000", "-default_behaviors", "none"]);
    args.extend(["-r", &rate_text, "-m", &calls, "-l", &limit, "-timeout", &patience]);
    args.extend(["-trace_stat", "-stf", &statistics, "-fd", "1", "-trace_err", "-error_file", &errors, "-trace_rtt", "-rtt_freq", "1"]);
    args.extend(["-au", "line1", "-ap", &secret, &remote]);
    let before = processor();
    // The response times go to a file in the folder that it works in.
    let mut caller = Program::start_at(Some(folder.path()), "sipp", &args, &[]);
    if !caller.ended(Duration::from_secs(u64::from(seconds + PATIENCE_S) + 10)) {
        // Calls that it still waits for have failed.
        caller.kill();
    }
    let used = processor().zip(before).map(|(after, before)| after.since(&before));
    let wanted = u64::from(rate * seconds);
    outcome(&statistics, slow_response_ms(&folder), wanted, used).unwrap_or_else(|| {
        let log = std::fs::read_to_string(&errors).unwrap_or_default();
        panic!("no statistics from SIPp: {}\n{log}", caller.complaints())
    })
}

fn written(folder: &Folder, name: &str, scenario: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, scenario.replace("{{secret}}", &secret(1))).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The last line of SIPp's statistics. A call without an end counts as failed.
fn outcome(statistics: &str, slow_response_ms: f64, wanted: u64, processor: Option<Duration>) -> Option<Outcome> {
    let text = std::fs::read_to_string(Path::new(statistics)).ok()?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next()?.split(';').collect();
    let values: Vec<&str> = lines.next_back()?.split(';').collect();
    let value = |name: &str| values.get(names.iter().position(|known| *known == name)?).copied();
    let number = |name: &str| value(name)?.parse::<u64>().ok();
    let good = number("SuccessfulCall(C)")?;
    Some(Outcome {
        good,
        failed: wanted.saturating_sub(good),
        retransmissions: number("Retransmissions(C)")?,
        seconds: epoch_seconds(value("CurrentTime")?)? - epoch_seconds(value("StartTime")?)?,
        response_ms: seconds(value("ResponseTime1(C)")?)? * 1000.0,
        slow_response_ms,
        processor,
    })
}

/// What 99 of 100 response times stay below, from the file that SIPp leaves beside its scenario.
fn slow_response_ms(folder: &Folder) -> f64 {
    let files = std::fs::read_dir(folder.path()).into_iter().flatten().map_while(Result::ok).map(|entry| entry.path());
    let file = files.into_iter().find(|path| path.to_string_lossy().ends_with("_rtt.csv"));
    let text = file.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let mut times: Vec<f64> = text.lines().filter_map(|line| line.split(';').nth(1)?.parse().ok()).collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() * 99 / 100).copied().unwrap_or(f64::NAN)
}

/// A duration as `hours:minutes:seconds:microseconds`, in seconds.
fn seconds(text: &str) -> Option<f64> {
    let parts: Option<Vec<f64>> = text.split(':').map(|part| part.parse().ok()).collect();
    match parts?[..] {
        [hours, minutes, seconds, micros] => Some(hours * 3600.0 + minutes * 60.0 + seconds + micros / 1e6),
        _ => None,
    }
}

/// A time as date, time of day, and seconds since 1970, with tabs between.
fn epoch_seconds(text: &str) -> Option<f64> {
    text.rsplit('\t').next()?.parse().ok()
}
