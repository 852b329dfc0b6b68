//! baresip, a softphone of others: registers, answers or calls, speaks a tone and records what it hears.
//!
//! What it needs to run without a sound card: a file as microphone, a bridge as loudspeaker, and the `sndfile` filter, which
//! writes what was decoded into a file of its own for each call. It takes its SIP port and the one above (TLS).

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::place::free_ports;

/// How loud the tone is that it speaks: the amplitude of its samples.
pub(crate) const AMPLITUDE: f64 = 8000.0;

/// What a softphone is to be.
pub(crate) struct Phone<'a> {
    /// Its user, and the user it authenticates as.
    pub(crate) user: &'a str,
    /// Its secret.
    pub(crate) secret: &'a str,
    /// Its registrar.
    pub(crate) registrar: SocketAddr,
    /// The tone that it speaks, in Hz.
    pub(crate) tone_hz: u32,
}

/// A running softphone. It answers every call at once.
pub(crate) struct Baresip {
    child: Child,
    folder: PathBuf,
    control: TcpStream,
    events: Receiver<Value>,
    kept: Vec<Value>,
}

impl Baresip {
    /// Starts it with its files in `folder`, and waits until it takes orders.
    pub(crate) fn start(folder: &Path, phone: &Phone<'_>) -> Self {
        let folder = folder.join(format!("baresip-{}", phone.user));
        std::fs::create_dir_all(folder.join("heard")).unwrap();
        write_tone(&folder.join("tone.wav"), phone.tone_hz);
        let control = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        std::fs::write(folder.join("config"), config(&folder, control)).unwrap();
        let Phone { user, secret, registrar, .. } = phone;
        let account = format!("<sip:{user}@{registrar}>;auth_user={user};auth_pass={secret};regint=60;answermode=auto;audio_codecs=pcma\n");
        std::fs::write(folder.join("accounts"), account).unwrap();
        std::fs::write(folder.join("contacts"), "").unwrap();
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let mut child = Command::new("baresip")
            .args(["-f", folder.to_str().unwrap(), "-v"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("baresip is not installed: `cargo xtask test` installs what the tests need");
        let control = connect(control, &mut child, &folder);
        let events = read_events(control.try_clone().unwrap());
        Baresip { child, folder, control, events, kept: Vec::new() }
    }

    /// Gives an order, such as `dial` with a URI.
    pub(crate) fn order(&mut self, command: &str, parameters: &str) {
        let text = json!({ "command": command, "params": parameters }).to_string();
        self.control.write_all(format!("{}:{text},", text.len()).as_bytes()).unwrap();
    }

    /// Waits for an event of this type, among those that nobody took yet.
    pub(crate) fn wait(&mut self, event: &str, within: Duration) -> Value {
        if let Some(index) = self.kept.iter().position(|kept| kept["type"] == event) {
            return self.kept.remove(index);
        }
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                Ok(told) if told["type"] == event => return told,
                Ok(told) => self.kept.push(told),
                Err(_) => panic!("no {event} within {within:?}; kept: {:?}\n{}", self.kept, log_of(&self.folder)),
            }
        }
    }

    /// Ends it, so that its recordings are whole, and answers what it heard in the last call: 8 kHz samples.
    pub(crate) fn heard(mut self) -> Vec<i16> {
        let told = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(told.success());
        let until = Instant::now() + Duration::from_secs(10);
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < until, "baresip does not end\n{}", log_of(&self.folder));
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.folder.join("heard"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_str().unwrap().ends_with("-dec.wav"))
            .collect();
        files.sort();
        let last = files.last().unwrap_or_else(|| panic!("nothing was recorded\n{}", log_of(&self.folder)));
        let mut reader = hound::WavReader::open(last).unwrap();
        assert_eq!((reader.spec().sample_rate, reader.spec().channels), (8000, 1));
        reader.samples::<i16>().map(Result::unwrap).collect()
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn config(folder: &Path, control: SocketAddr) -> String {
    let sip_port = free_ports(2);
    let folder = folder.display();
    format!(
        "poll_method epoll\nnet_interface 127.0.0.1\nsip_listen 127.0.0.1:{sip_port}\n\
         audio_player aubridge,ear\naudio_source aufile,{folder}/tone.wav\naudio_alert aubridge,bell\n\
         ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\naudio_buffer 20-160\njitter_buffer_delay 1-5\n\
         module_path {MODULES}\nmodule g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\n\
         module_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\nmodule ctrl_tcp.so\nctrl_tcp_listen {control}\n\
         snd_path {folder}/heard\n"
    )
}

/// Where Debian has the modules.
const MODULES: &str = "/usr/lib/baresip/modules";

fn write_tone(path: &Path, hz: u32) {
    let spec = hound::WavSpec { channels: 1, sample_rate: 8000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    // It hangs up at the end of the file: a minute is longer than any test.
    for n in 0..8000 * 60 {
        let phase = std::f64::consts::TAU * f64::from(hz) * f64::from(n) / 8000.0;
        writer.write_sample((AMPLITUDE * phase.sin()).round() as i16).unwrap();
    }
    writer.finalize().unwrap();
}

fn connect(control: SocketAddr, child: &mut Child, folder: &Path) -> TcpStream {
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if let Ok(stream) = TcpStream::connect(control) {
            return stream;
        }
        if let Some(status) = child.try_wait().unwrap() {
            panic!("baresip ended with {status}\n{}", log_of(folder));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("baresip takes no orders\n{}", log_of(folder));
}

fn log_of(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// Its messages are netstrings of JSON: `length:{…},`.
fn read_events(mut stream: TcpStream) -> Receiver<Value> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut waiting = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(size @ 1..) = stream.read(&mut buffer) {
            waiting.extend(&buffer[..size]);
            while let Some((message, used)) = first_netstring(&waiting) {
                waiting.drain(..used);
                if message["event"] == true && sender.send(message).is_err() {
                    return;
                }
            }
        }
    });
    receiver
}

fn first_netstring(bytes: &[u8]) -> Option<(Value, usize)> {
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let length: usize = std::str::from_utf8(&bytes[..colon]).unwrap().parse().unwrap();
    let text = bytes.get(colon + 1..colon + 1 + length)?;
    Some((serde_json::from_slice(text).unwrap(), (colon + length + 2).min(bytes.len())))
}
