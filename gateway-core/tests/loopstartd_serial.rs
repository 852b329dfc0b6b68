//! The whole program over a serial port: `loopstartd run` on a pseudo-terminal, `loopstartd simulate` behind it.
#![cfg(all(feature = "shell", unix))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests stop at the first surprise")]
#![allow(dead_code, reason = "each test file uses a part of the bench")]

#[path = "bench/caller.rs"]
mod caller;
#[path = "bench/place.rs"]
mod place;
#[path = "bench/process.rs"]
mod process;

use std::io::{ErrorKind, PipeReader, PipeWriter, Write as _};
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use caller::Caller;
use gateway_core::config::profile::{SecretsPolicy, export};
use place::{Folder, trunk_settings};
use process::Talker;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(15);

/// No line stays seized for longer than this after an orderly end.
const LET_GO_WITHIN: Duration = Duration::from_secs(1);

/// After the program died, the box lets go by itself 5 s after the last word that it heard; half a second more to tell us.
const WATCHED_WITHIN: Duration = Duration::from_millis(5_500);

/// A trunk gateway on a simulated box, and a caller that it admits.
struct Scene {
    folder: Folder,
    caller: Caller,
    sip: SocketAddr,
}

impl Scene {
    fn new() -> Self {
        let (folder, caller) = (Folder::new(), Caller::new());
        let settings = trunk_settings(1, caller.address());
        std::fs::write(folder.path().join("profile.json"), export(&settings, SecretsPolicy::LeftOut)).unwrap();
        let sip = format!("127.0.0.1:{}", settings.gateway.sip_port).parse().unwrap();
        Scene { folder, caller, sip }
    }

    fn link(&self) -> PathBuf {
        self.folder.path().join("box")
    }

    fn simulated_box(&self) -> Talker {
        Talker::simulated_box(&self.link(), 1, &[])
    }

    fn gateway(&self) -> Talker {
        let arguments = self.arguments();
        Talker::loopstartd(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn arguments(&self) -> Vec<String> {
        let [data, profile, link] = ["data", "profile.json", "box"].map(|name| self.folder.path().join(name).to_str().unwrap().to_owned());
        ["run", "--data-dir", &data, "--profile", &profile, "--yes", "--device", &link, "--events", "ndjson"].map(str::to_owned).to_vec()
    }

    /// The gateway, with standard output and standard error to be chosen.
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loopstartd"));
        command.args(self.arguments()).stdin(Stdio::null());
        command
    }

    /// Calls number 100 and waits for the answer.
    fn call(&mut self) {
        self.caller.invite(self.sip, "100");
        assert_eq!(self.caller.final_status(SOON), 200);
    }
}

/// A program that ends with its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn has_state(line: &Value, state: &str) -> bool {
    line["event"] == "snapshot" && line["snapshot"]["ports"][0]["state"] == state
}

/// The line rings, whether SIP is called already or not yet.
fn rings(line: &Value) -> bool {
    line["event"] == "snapshot" && line["snapshot"]["ports"][0]["line"] == "ringing"
}

fn is_device(line: &Value, state: &str) -> bool {
    line["event"] == "device" && line["device"]["state"]["state"] == state
}

fn is_lost(line: &Value, fault: &str) -> bool {
    is_device(line, "lost") && line["device"]["state"]["fault"] == fault
}

fn is_hook(line: &Value, off_hook: bool) -> bool {
    line["event"] == "hook" && line["off_hook"] == off_hook
}

#[test]
fn a_box_that_is_unplugged_is_noticed_and_works_again_when_it_is_back() {
    let scene = Scene::new();
    let mut simulated = scene.simulated_box();
    let mut gateway = scene.gateway();
    gateway.wait(SOON, |line| has_state(line, "idle"));
    simulated.say(&json!({ "port": 0, "act": "ring", "from": "1133334444" }));
    gateway.wait(SOON, rings);

    simulated.signal("KILL");
    gateway.wait(SOON, |line| is_device(line, "lost") && line["device"]["state"]["fault"] == "unplugged");
    gateway.wait(SOON, |line| has_state(line, "absent"));
    let record = gateway.wait(SOON, |line| line["event"] == "record");
    assert_eq!(record["record"]["cause"], "device_gone");

    let mut simulated = scene.simulated_box();
    // What happened to the wire is told although it was opened anew.
    let up = gateway.wait(SOON, |line| is_device(line, "up") && line["device"]["wires"][0]["disconnects"] == 1);
    let wire = &up["device"]["wires"][0];
    assert_eq!(wire["last_disconnect"]["fault"], "unplugged");
    assert_eq!((wire["state"]["state"].as_str(), wire["path"].as_str()), (Some("up"), scene.link().to_str()));
    gateway.wait(SOON, |line| has_state(line, "idle"));
    simulated.say(&json!({ "port": 0, "act": "ring", "from": "1133334444" }));
    gateway.wait(SOON, rings);
    gateway.signal("INT");
    assert_eq!(gateway.ended(SOON).code(), Some(0));
}

#[test]
fn sigterm_in_the_middle_of_a_call_ends_it_and_releases_the_line() {
    let mut scene = Scene::new();
    let mut simulated = scene.simulated_box();
    let mut gateway = scene.gateway();
    gateway.wait(SOON, |line| has_state(line, "idle"));
    scene.call();
    simulated.wait(SOON, |line| is_hook(line, true));
    simulated.wait(SOON, |line| line["event"] == "answered");
    gateway.signal("TERM");
    simulated.wait(LET_GO_WITHIN, |line| is_hook(line, false));
    scene.caller.wait_bye(SOON);
    let record = gateway.wait(SOON, |line| line["event"] == "record");
    assert_eq!((record["record"]["cause"].as_str(), record["record"]["to"].as_str()), (Some("stopped"), Some("100")));
    gateway.wait(SOON, |line| line["event"] == "ended" && line["how"] == "stopped");
    assert_eq!(gateway.ended(SOON).code(), Some(0));
}

/// Whether something takes datagrams there: the system tells a sender of those that nothing takes.
fn listens(address: SocketAddr) -> bool {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    socket.send(b"\r\n\r\n").unwrap();
    !matches!(socket.recv(&mut [0; 16]), Err(error) if error.kind() == ErrorKind::ConnectionRefused)
}

/// The writing end of a pipe that nobody reads and that has no room left, with its reading end.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    let written = Arc::new(AtomicUsize::new(0));
    let (count, mut filling) = (Arc::clone(&written), writer.try_clone().unwrap());
    // It ends when the reading end is gone.
    std::thread::spawn(move || {
        while filling.write(&[b'\n'; 512]).is_ok() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let mut before = 0;
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let now = written.load(Ordering::Relaxed);
        if now == before && now > 0 {
            return (reader, writer);
        }
        before = now;
    }
}

#[test]
fn sigterm_ends_a_gateway_whose_events_and_log_nobody_reads() {
    let mut scene = Scene::new();
    let mut simulated = scene.simulated_box();
    let (_reader, full) = full_pipe();
    let mut gateway = scene.command();
    gateway.env("RUST_LOG", "info").stdout(full.try_clone().unwrap()).stderr(full);
    let mut gateway = Process(gateway.spawn().unwrap());
    // Nothing is heard of it: it is ready when it takes a call.
    let until = Instant::now() + SOON;
    while !listens(scene.sip) {
        assert!(Instant::now() < until, "it does not listen");
    }
    scene.caller.invite(scene.sip, "100");
    while scene.caller.final_status(SOON) != 200 {
        assert!(Instant::now() < until, "it takes no call");
        scene.caller = Caller::new();
        scene.caller.invite(scene.sip, "100");
    }
    simulated.wait(SOON, |line| is_hook(line, true));
    let ended = Instant::now() + Duration::from_secs(6);
    assert!(Command::new("kill").args(["-TERM", &gateway.0.id().to_string()]).status().unwrap().success());
    simulated.wait(SOON, |line| is_hook(line, false));
    let status = loop {
        if let Some(status) = gateway.0.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < ended, "it does not end");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_gateway_that_dies_leaves_no_line_seized_because_the_box_watches_it() {
    let mut scene = Scene::new();
    let mut simulated = scene.simulated_box();
    let mut gateway = scene.gateway();
    gateway.wait(SOON, |line| has_state(line, "idle"));
    scene.call();
    simulated.wait(SOON, |line| is_hook(line, true));
    gateway.signal("KILL");
    simulated.wait(WATCHED_WITHIN, |line| is_hook(line, false));
}

#[test]
fn a_box_that_falls_silent_is_given_up_and_taken_back_when_it_speaks_again() {
    let scene = Scene::new();
    let simulated = scene.simulated_box();
    let mut gateway = scene.gateway();
    gateway.wait(SOON, |line| has_state(line, "idle"));
    simulated.signal("STOP");
    gateway.wait(SOON, |line| is_device(line, "lost") && line["device"]["state"]["fault"] == "silent");
    gateway.wait(SOON, |line| has_state(line, "absent"));
    simulated.signal("CONT");
    gateway.wait(SOON, |line| has_state(line, "idle"));
    gateway.signal("TERM");
    assert_eq!(gateway.ended(SOON).code(), Some(0));
}

#[test]
fn a_serial_port_that_is_missing_or_taken_is_told_as_such_and_taken_when_it_is_free() {
    let scene = Scene::new();
    let mut gateway = scene.gateway();
    gateway.wait(SOON, |line| is_lost(line, "not_found"));
    let link = scene.folder.path().join("later");
    let mut simulated = Talker::simulated_box(&link, 1, &[]);
    let other = serialport::new(link.to_str().unwrap(), 9600).open_native().unwrap();
    std::fs::rename(&link, scene.link()).unwrap();
    gateway.wait(SOON, |line| is_lost(line, "busy"));
    drop(other);
    gateway.wait(SOON, |line| has_state(line, "idle"));
    simulated.say(&json!({ "port": 0, "act": "ring", "from": "1133334444" }));
    gateway.wait(SOON, rings);
    gateway.signal("TERM");
    assert_eq!(gateway.ended(SOON).code(), Some(0));
}

#[test]
fn an_act_that_makes_no_sense_is_told_and_the_box_goes_on() {
    let folder = Folder::new();
    let mut simulated = Talker::simulated_box(&folder.path().join("box"), 2, &["--country", "us"]);
    simulated.say(&json!({ "port": 0, "act": "explode" }));
    simulated.say(&json!("ring"));
    let first = simulated.wait(SOON, |line| line["event"] == "bad_act");
    assert_eq!(first["line"], 1);
    simulated.wait(SOON, |line| line["event"] == "bad_act" && line["line"] == 2);
    simulated.say(&json!({ "port": 1, "act": "ring", "from": "2125551234" }));
    simulated.wait(SOON, |line| line["event"] == "ringing" && line["port"] == 1);
    simulated.signal("TERM");
    assert_eq!(simulated.ended(SOON).code(), Some(0));
    assert!(!folder.path().join("box").is_symlink());
}

/// Runs `loopstartd devices check` to its end.
fn checked(arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_loopstartd")).args(["devices", "check"]).args(arguments).env("LC_ALL", "C").output().unwrap()
}

#[test]
fn a_box_on_a_serial_port_is_examined_and_every_finding_is_told() {
    let folder = Folder::new();
    let link = folder.path().join("box");
    let path = link.to_str().unwrap();
    assert_eq!(checked(&[path]).status.code(), Some(69));
    let simulated = Talker::simulated_box(&link, 1, &[]);
    let done = checked(&[path, "--seize", "--json"]);
    let findings: Vec<Value> = String::from_utf8(done.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let verdict = |rule: &str| findings.iter().find(|finding| finding["rule"] == rule).map(|finding| finding["verdict"].clone());
    assert_eq!(done.status.code(), Some(0), "{findings:#?}");
    for rule in ["hello", "seize", "repeated", "flash", "sound", "release", "watchdog"] {
        assert_eq!(verdict(rule), Some(json!("held")), "{rule}");
    }
    let told = String::from_utf8(checked(&[path]).stdout).unwrap();
    assert!(told.contains("skipped\tport 1\tthe line is seized, said and measured so: seizing was not allowed (--seize)"), "{told}");
    simulated.signal("STOP");
    let silent = checked(&[path]);
    simulated.signal("CONT");
    assert_eq!(silent.status.code(), Some(65));
    assert_eq!(String::from_utf8(silent.stdout).unwrap(), "BROKEN\tbox\tHELLO describes the box: no answer\n");
}
