//! SIPp, the traffic generator: plays a scenario so many times and tells whether every message was as it should be.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::place::free_ports;

/// A running scenario.
pub(crate) struct Sipp {
    child: Child,
    log: std::path::PathBuf,
}

impl Sipp {
    /// Plays `scenario` towards `gateway`, calling `number`: `calls` times, `rate` a second, from `port`.
    pub(crate) fn start(folder: &Path, scenario: &str, gateway: SocketAddr, number: &str, port: u16, calls: u32, rate: u32) -> Self {
        let (file, log) = (folder.join(format!("{number}.xml")), folder.join("sipp.log"));
        std::fs::write(&file, scenario).unwrap();
        let output = std::fs::File::create(&log).unwrap();
        let media = free_ports(4);
        let child = Command::new("sipp")
            .current_dir(folder)
            .arg(gateway.to_string())
            .arg("-sf")
            .arg(&file)
            .args(["-s", number, "-i", "127.0.0.1", "-p", &port.to_string(), "-mp", &media.to_string()])
            .args([
                "-m",
                &calls.to_string(),
                "-r",
                &rate.to_string(),
                "-l",
                &calls.to_string(),
                "-nostdin",
                "-trace_err",
                "-timeout",
                "60s",
            ])
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .expect("sipp is not installed: `cargo xtask test` installs what the tests need");
        Sipp { child, log }
    }

    /// Waits until every call has been played.
    pub(crate) fn finish(mut self, within: Duration) {
        let status = self.ended(within);
        assert!(status.success(), "{status}\n{}", self.words());
    }

    fn ended(&mut self, within: Duration) -> ExitStatus {
        let until = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "SIPp does not end\n{}", self.words());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What it printed, and its error files.
    fn words(&self) -> String {
        let folder = self.log.parent().unwrap();
        let errors = std::fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.file_name().to_string_lossy().contains("errors"));
        let texts = errors.map(|entry| std::fs::read_to_string(entry.path()).unwrap_or_default());
        let screen = std::fs::read_to_string(&self.log).unwrap_or_default();
        let end = screen.char_indices().rev().nth(1500).map_or(0, |(at, _)| at);
        format!("{}\n{}", &screen[end..], texts.collect::<String>())
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The beginning of a scenario: an INVITE with an offer of G.711 and telephone-event.
const INVITE: &str = r#"<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="call">
  <send retrans="500"><![CDATA[
    INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:sipp@[local_ip]:[local_port]>;tag=[pid]t[call_number]
    To: <sip:[service]@[remote_ip]:[remote_port]>
    Call-ID: [call_id]
    CSeq: 1 INVITE
    Contact: <sip:sipp@[local_ip]:[local_port]>
    Max-Forwards: 70
    Content-Type: application/sdp
    Content-Length: [len]

    v=0
    o=sipp 1 1 IN IP4 [local_ip]
    s=-
    c=IN IP4 [media_ip]
    t=0 0
    m=audio [media_port] RTP/AVP 0 8 101
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:101 telephone-event/8000
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="183" rrs="true"><action>
    <ereg regexp="m=audio [0-9]+ RTP/AVP 8" search_in="body" check_it="true" assign_to="1"/>
  </action></recv>
  <Reference variables="1"/>
"#;

/// A whole call: early media, answer, so many ms of talk, BYE.
pub(crate) fn whole_call(talk_ms: u32) -> String {
    let request = |method: &str, sequence: u32| in_dialog(method, sequence, "[branch]");
    format!(
        "{INVITE}  <recv response=\"200\" rrs=\"true\"/>\n{}  <pause milliseconds=\"{talk_ms}\"/>\n{}  <recv response=\"200\"/>\n</scenario>\n",
        request("ACK", 1).replace(" retrans=\"500\"", ""),
        request("BYE", 2)
    )
}

/// A call that is given up before the answer: CANCEL, 200, 487, ACK.
pub(crate) fn given_up(ring_ms: u32) -> String {
    let same_branch = |method: &str, back: u32| {
        format!(
            "  <send><![CDATA[\n    {method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n    \
             Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-{back}]\n    \
             From: <sip:sipp@[local_ip]:[local_port]>;tag=[pid]t[call_number]\n    \
             To: <sip:[service]@[remote_ip]:[remote_port]>{}\n    Call-ID: [call_id]\n    CSeq: 1 {method}\n    Max-Forwards: 70\n    \
             Content-Length: 0\n  ]]></send>\n",
            if method == "ACK" { "[peer_tag_param]" } else { "" }
        )
    };
    // `back` counts messages, pauses included, to the INVITE.
    format!(
        "{INVITE}  <pause milliseconds=\"{ring_ms}\"/>\n{}  <recv response=\"200\"/>\n  <recv response=\"487\"/>\n{}</scenario>\n",
        same_branch("CANCEL", 4),
        same_branch("ACK", 7)
    )
}

fn in_dialog(method: &str, sequence: u32, branch: &str) -> String {
    format!(
        "  <send retrans=\"500\"><![CDATA[\n    {method} [next_url] SIP/2.0\n    \
         Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}\n    \
         From: <sip:sipp@[local_ip]:[local_port]>;tag=[pid]t[call_number]\n    \
         To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]\n    [routes]\n    Call-ID: [call_id]\n    \
         CSeq: {sequence} {method}\n    Max-Forwards: 70\n    Content-Length: 0\n  ]]></send>\n"
    )
}
