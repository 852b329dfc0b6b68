//! The real program with its folder and settings, on whichever box.

use std::net::UdpSocket;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use gateway_core::config::settings::Settings;

use super::caller::Caller;
use super::place::Folder;
use super::program::Program;

/// The longest that a start may take on a busy machine.
pub const SOON: Duration = Duration::from_secs(20);

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// How long an answer to OPTIONS is waited for.
const ANSWER: Duration = Duration::from_millis(300);

/// A running gateway.
pub struct Gateway {
    pub program: Program,
    pub settings: Settings,
    _folder: Folder,
}

impl Gateway {
    /// Starts the program and waits until it answers.
    pub fn start(settings: Settings, device: &str) -> Self {
        Gateway::start_with(settings, &["--device", device], &[])
    }

    /// The same with all that says which box, in a changed environment.
    pub fn start_with(settings: Settings, device: &[&str], env: &[(&str, &str)]) -> Self {
        let folder = Folder::new();
        let [data, profile] = ["data", "profile.json"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
        let file = serde_json::json!({ "format": "loopstart-profile", "version": 1, "settings": settings });
        std::fs::write(&profile, file.to_string()).unwrap();
        let program = Program::loopstartd(&[&["run", "--data-dir", &data, "--profile", &profile, "--yes"], device].concat(), env);
        let mut gateway = Gateway { program, settings, _folder: folder };
        gateway.wait_for_answer();
        gateway
    }

    /// Where its SIP is.
    pub fn sip(&self) -> (&'static str, u16) {
        ("127.0.0.1", self.settings.gateway.sip_port)
    }

    fn wait_for_answer(&mut self) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(ANSWER)).unwrap();
        let (me, until) = (socket.local_addr().unwrap(), Instant::now() + SOON);
        for number in 0.. {
            let options = format!(
                "OPTIONS sip:127.0.0.1:{} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK-up-{number};rport\r\nMax-Forwards: 70\r\n\
                 From: <sip:up@{me}>;tag=up{number}\r\nTo: <sip:127.0.0.1>\r\nCall-ID: up-{number}-{me}\r\nCSeq: 1 OPTIONS\r\n\
                 Content-Length: 0\r\n\r\n",
                self.sip().1
            );
            socket.send_to(options.as_bytes(), self.sip()).unwrap();
            if socket.recv(&mut [0; 4096]).is_ok() {
                return;
            }
            let up = Instant::now() < until && !self.program.has_ended();
            assert!(up, "the gateway does not answer: {}", self.program.complaints());
        }
    }

    /// Calls number 100.
    pub fn called(&self) -> Caller {
        let mut caller = Caller::new();
        caller.invite(format!("127.0.0.1:{}", self.sip().1).parse().unwrap(), "100");
        caller
    }

    /// Calls number 100 until the call is answered: at first the line may not be ready yet.
    pub fn answered_call(&self) -> Caller {
        let until = Instant::now() + SOON;
        loop {
            let mut caller = self.called();
            let status = caller.final_status(SOON);
            if status == 200 {
                return caller;
            }
            assert!(Instant::now() < until, "no call is answered: {status}");
            std::thread::sleep(PAUSE);
        }
    }
}

/// The simulated box with its exchange, in a process of its own behind a pseudo-terminal.
pub struct SimulatedBox {
    pub program: Program,
    pub pty: String,
}

impl SimulatedBox {
    pub fn start(ports: u16) -> Self {
        SimulatedBox::start_with(&["--ports", &ports.to_string()])
    }

    /// Another device, as `simulate` is told of it.
    pub fn start_with(what: &[&str]) -> Self {
        let program = Program::loopstartd(&[&["simulate"], what].concat(), &[]);
        let first: serde_json::Value = serde_json::from_str(&program.next_line(SOON)).unwrap();
        let pty = PathBuf::from(first["pty"].as_str().unwrap());
        assert!(pty.exists());
        SimulatedBox { program, pty: pty.to_str().unwrap().to_owned() }
    }
}
