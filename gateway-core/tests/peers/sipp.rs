//! SIPp with the scenarios of `tests/peers/sipp`.
//!
//! A scenario is a template: `{{name}}` is filled in before SIPp reads it, because SIPp itself takes no variable where it
//! matters most, in the status it expects.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::Place;
use super::process::Process;

/// SIPp gives up after this time, in seconds.
const GIVES_UP_S: u32 = 60;

/// A running SIPp.
pub struct Sipp {
    process: Process,
    scenario: String,
    errors: PathBuf,
    messages: PathBuf,
}

/// What SIPp is to play.
pub struct Part<'a> {
    /// File name in `tests/peers/sipp`.
    pub scenario: &'a str,
    /// Its own address.
    pub ip: &'a str,
    /// Its SIP port; RTP is two above.
    pub port: u16,
    /// Where it calls; 0: it waits to be called.
    pub remote_port: u16,
    /// Digest user.
    pub user: &'a str,
    /// Digest secret.
    pub secret: &'a str,
    /// Number of calls it makes or takes.
    pub calls: u32,
    /// What is filled in.
    pub fill: &'a [(&'a str, &'a str)],
    /// Further arguments.
    pub args: &'a [&'a str],
}

impl Default for Part<'_> {
    fn default() -> Self {
        Part { scenario: "", ip: "127.0.0.1", port: 0, remote_port: 0, user: "", secret: "", calls: 1, fill: &[], args: &[] }
    }
}

impl Sipp {
    pub fn start(place: &Place, part: &Part<'_>) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let folder = place.below(&format!("sipp-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        let scenario = folder.join(part.scenario);
        std::fs::write(&scenario, filled(part)).unwrap();
        let (errors, messages) = (folder.join("errors.log"), folder.join("messages.log"));
        let port = part.port.to_string();
        let media = (part.port + 2).to_string();
        let (calls, limit) = (part.calls.to_string(), format!("{GIVES_UP_S}s"));
        let mut args = vec!["-sf", text(&scenario), "-i", part.ip, "-bind_local", "-p", &port, "-mi", part.ip, "-mp", &media];
        args.extend(["-m", &calls, "-l", &calls, "-nostdin", "-timeout", &limit, "-timeout_error", "-default_behaviors", "abortunexp"]);
        args.extend(["-trace_err", "-error_file", text(&errors), "-trace_msg", "-message_file", text(&messages)]);
        args.extend(["-au", part.user, "-ap", part.secret]);
        args.extend(part.args);
        let remote = format!("127.0.0.1:{}", part.remote_port);
        if part.remote_port > 0 {
            args.push(&remote);
        }
        Sipp { process: Process::start("sipp", &args, &[]), scenario: part.scenario.to_owned(), errors, messages }
    }

    /// Plays a part to its end, which has to be a good one.
    pub fn play(place: &Place, part: &Part<'_>) {
        Sipp::start(place, part).finish();
    }

    /// Waits for the end, which has to be a good one.
    pub fn finish(mut self) {
        self.end_well();
    }

    fn end_well(&mut self) {
        let code = self.process.exit_code(Duration::from_secs(u64::from(GIVES_UP_S) + 10));
        assert_eq!(code, 0, "SIPp did not get what {} expects\n{}", self.scenario, self.log());
    }

    /// Waits for the end, which has to be a good one, and answers everything that was sent and received.
    pub fn messages_at_end(mut self) -> String {
        self.end_well();
        self.messages()
    }

    /// Waits until SIPp has sent or received `count` messages that contain `words`.
    pub fn wait_messages(&self, words: &str, count: usize, patience: Duration) {
        let until = std::time::Instant::now() + patience;
        while self.messages().matches(words).count() < count {
            assert!(std::time::Instant::now() < until, "no {count} messages with {words} in {}\n{}", self.scenario, self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Everything that it sent and received.
    pub fn messages(&self) -> String {
        std::fs::read_to_string(&self.messages).unwrap_or_default()
    }

    pub fn log(&self) -> String {
        let errors = std::fs::read_to_string(&self.errors).unwrap_or_default();
        let messages = self.messages();
        let tail: Vec<&str> = messages.lines().rev().take(120).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        format!("--- SIPp errors\n{errors}\n--- SIPp messages\n{}", tail.join("\n"))
    }
}

fn filled(part: &Part<'_>) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/sipp").join(part.scenario);
    let mut text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    for (name, value) in part.fill {
        let mark = format!("{{{{{name}}}}}");
        assert!(text.contains(&mark), "{} has no {mark}", part.scenario);
        text = text.replace(&mark, value);
    }
    assert!(!text.contains("{{"), "{} is not filled in: {text}", part.scenario);
    // SIPp refuses a variable that is set and never looked at.
    if text.contains("assign_to=\"seen\"") {
        text = text.replace("</scenario>", "<Reference variables=\"seen\"/>\n</scenario>");
    }
    text
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
