//! baresip, a telephone of another maker, without sound card: it says a WAV file and records what it hears.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::process::{Lines, Process};
use super::sound::Sound;
use super::{Place, SOON};

/// Where distributions put the modules.
const MODULES: &[&str] = &["/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules", "/usr/local/lib/baresip/modules"];

/// What it prints with every registration and with nothing else.
const REGISTRAR_SAID_YES: &str = "200 OK";

/// A running telephone.
pub struct Baresip {
    process: Process,
    control: TcpStream,
    events: Lines,
    from: usize,
    folder: PathBuf,
    address: String,
}

impl Baresip {
    /// Starts telephone `number` of a place with one account; `{own}` in it stands for its own address.
    pub fn start(place: &Place, number: u16, account: &str, says: &Sound) -> Self {
        Baresip::start_with(place, number, account, says, "")
    }

    /// The same with further lines of its configuration.
    pub fn start_with(place: &Place, number: u16, account: &str, says: &Sound, more: &str) -> Self {
        let folder = place.below(&format!("baresip-{number}"));
        let first = place.peer(number);
        let address = format!("127.0.0.1:{first}");
        says.write(&folder.join("says.wav"));
        std::fs::write(folder.join("config"), config(&folder, first) + more).unwrap();
        std::fs::write(folder.join("accounts"), format!("{}\n", account.replace("{own}", &address))).unwrap();
        std::fs::write(folder.join("contacts"), "").unwrap();
        let process = Process::start("baresip", &["-f", folder.to_str().unwrap(), "-t", "200"], &[]);
        let control = connect(first + 9, &process);
        let events = Lines::default();
        follow(control.try_clone().unwrap(), events.clone());
        Baresip { process, control, events, from: 0, folder, address }
    }

    /// `address:port` of its SIP side.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until its registrar has said yes.
    pub fn wait_registered(&self) {
        let said = self.process.stdout.wait(0, SOON, |line| line.contains(REGISTRAR_SAID_YES).then_some(()));
        assert!(said.is_some(), "baresip is not registered\n{}", self.process.log());
    }

    /// How often its registrar has said yes since it was started.
    ///
    /// Its events are not counted: they come over a connection of their own, which is opened after the first
    /// answer or before it.
    pub fn registrations(&self) -> usize {
        self.process.stdout.since(0).iter().filter(|line| line.contains(REGISTRAR_SAID_YES)).count()
    }

    pub fn dial(&mut self, uri: &str) {
        self.command("dial", uri);
    }

    pub fn answer(&mut self) {
        self.command("accept", "");
    }

    pub fn hang_up(&mut self) {
        self.command("hangup", "");
    }

    /// Another order of its menu, such as `hold`.
    pub fn order(&mut self, order: &str) {
        self.command(order, "");
    }

    /// An order that says more, such as `transfer` with an address.
    pub fn order_with(&mut self, order: &str, more: &str) {
        self.command(order, more);
    }

    /// Presses a key: a named event in RTP (RFC 4733).
    pub fn press(&mut self, key: char) {
        self.command("sndcode", &key.to_string());
    }

    fn command(&mut self, command: &str, params: &str) {
        let text = json!({ "command": command, "params": params }).to_string();
        write!(self.control, "{}:{text},", text.len()).unwrap();
    }

    /// From here on, waits look only at what is told later.
    pub fn mark(&mut self) {
        self.from = self.events.count();
    }

    /// Waits for an event such as `CALL_ESTABLISHED`.
    pub fn wait(&self, kind: &str) -> Value {
        let read = |line: &str| serde_json::from_str::<Value>(line).ok().filter(|event| event["type"] == kind);
        let all = || self.events.since(0).join("\n");
        self.events.wait(self.from, SOON, read).unwrap_or_else(|| panic!("baresip never told {kind}\n{}\n{}", all(), self.process.log()))
    }

    /// How often it told this event.
    pub fn count(&self, kind: &str) -> usize {
        let events = self.events.since(self.from);
        events.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok()).filter(|event| event["type"] == kind).count()
    }

    /// The keys that it was told of by events or INFO.
    pub fn keys(&self) -> String {
        let events = self.events.since(self.from);
        let events = events.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events.filter(|event| event["type"] == "CALL_DTMF_START").filter_map(|event| event["param"].as_str().map(str::to_owned)).collect()
    }

    /// Waits until it is told of this key.
    pub fn wait_key(&self, key: char) {
        let told = |line: &str| {
            let event: Value = serde_json::from_str(line).ok()?;
            (event["type"] == "CALL_DTMF_START" && event["param"] == key.to_string()).then_some(())
        };
        let found = self.events.wait(self.from, SOON, told);
        assert!(found.is_some(), "no key {key}\n{}\n{}", self.events.since(0).join("\n"), self.process.log());
    }

    /// Waits until it hears its only call: it begins to record with the first SDP, early or not.
    ///
    /// Its event for 183 is not waited for, because it was seen to be missing once although the recording ran.
    pub fn wait_hearing(&self) {
        let until = Instant::now() + SOON;
        while self.recordings().is_empty() {
            assert!(Instant::now() < until, "baresip hears nothing\n{}\n{}", self.events.since(0).join("\n"), self.process.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn recordings(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.to_string_lossy().ends_with("-dec.wav")).collect()
    }

    /// What it heard in its only call, which has ended.
    pub fn heard(&self) -> Sound {
        let mut recordings = self.recordings();
        assert_eq!(recordings.len(), 1, "one call, one recording: {recordings:?}\n{}", self.process.log());
        Sound::read(&recordings.remove(0))
    }

    pub fn log(&self) -> String {
        self.process.log()
    }
}

fn config(folder: &Path, first: u16) -> String {
    let modules = MODULES.iter().find(|path| Path::new(path).is_dir()).unwrap_or(&MODULES[0]);
    let folder = folder.display();
    let (rtp, rtp_last, control) = (first + 2, first + 8, first + 9);
    let load = ["g711", "sndfile", "aubridge", "aufile"].map(|name| format!("module {name}.so\n")).concat();
    format!(
        "sip_listen 127.0.0.1:{first}\nnet_interface 127.0.0.1\nrtp_ports {rtp}-{rtp_last}\ncall_max_calls 4\n\
         audio_source aufile,{folder}/says.wav\naudio_player aubridge,ear\naudio_alert aubridge,bell\n\
         audio_buffer 20-160\njitter_buffer_delay 2-8\nringback_disabled yes\nmodule_path {modules}\n{load}\
         module_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n\
         ctrl_tcp_listen 127.0.0.1:{control}\nsnd_path {folder}\n"
    )
}

fn connect(port: u16, process: &Process) -> TcpStream {
    let until = Instant::now() + SOON;
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return stream,
            Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(20)),
            Err(error) => panic!("baresip takes no orders: {error}\n{}", process.log()),
        }
    }
}

/// Collects what comes over the control connection: netstrings, `length:text,`.
fn follow(mut stream: TcpStream, events: Lines) {
    std::thread::spawn(move || {
        let mut waiting = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            waiting.extend_from_slice(&buffer[..count]);
            while let Some((text, used)) = netstring(&waiting) {
                events.push(text);
                waiting.drain(..used);
            }
        }
    });
}

/// The first whole netstring, and how many bytes it takes.
fn netstring(bytes: &[u8]) -> Option<(String, usize)> {
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let length: usize = std::str::from_utf8(&bytes[..colon]).ok()?.parse().ok()?;
    let text = bytes.get(colon + 1..colon + 1 + length)?;
    (bytes.len() > colon + 1 + length).then(|| (String::from_utf8_lossy(text).into_owned(), colon + length + 2))
}
