//! A SIP caller of a few lines: one call from a trunk, by hand, so that nothing of the gateway's own SIP judges itself.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Calls of all callers so far: each has a Call-ID and branches of its own.
static CALLS: AtomicU32 = AtomicU32::new(1);

/// One call.
pub(crate) struct Caller {
    sip: UdpSocket,
    pub(crate) rtp: UdpSocket,
    gateway: SocketAddr,
    number: String,
    call_id: String,
    to: String,
    contact: String,
}

impl Caller {
    /// A caller on a free port of 127.0.0.1.
    pub(crate) fn new() -> Self {
        let sip = UdpSocket::bind("127.0.0.1:0").unwrap();
        let rtp = UdpSocket::bind("127.0.0.1:0").unwrap();
        sip.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let nobody = sip.local_addr().unwrap();
        Caller { sip, rtp, gateway: nobody, number: String::new(), call_id: String::new(), to: String::new(), contact: String::new() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.sip.local_addr().unwrap()
    }

    /// Calls a number through a gateway, with PCMA and telephone-event.
    pub(crate) fn invite(&mut self, gateway: SocketAddr, number: &str) {
        self.gateway = gateway;
        self.number = number.to_owned();
        // A port is given to another caller before long: what is the same for both must not look like a repetition.
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        self.call_id = format!("call-{call}-{}-{number}", self.address());
        self.to = format!("<sip:{number}@{gateway}>");
        self.contact = format!("sip:{number}@{gateway}");
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {} RTP/AVP 8 101\r\n\
             a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n",
            self.rtp.local_addr().unwrap().port()
        );
        self.send("INVITE", 1, "invite", &sdp);
    }

    /// Waits for the final response to the INVITE, acknowledges it, and answers its status.
    pub(crate) fn final_status(&mut self, within: Duration) -> u16 {
        let (status, response) = self.wait(within, |message| {
            let status = message.strip_prefix("SIP/2.0 ")?.get(..3)?.parse::<u16>().ok()?;
            (status >= 200 && message.contains("CSeq: 1 INVITE")).then(|| (status, message.to_owned()))
        });
        self.to = header(&response, "To");
        if let Some(contact) = response.lines().find_map(|line| line.strip_prefix("Contact: ")) {
            self.contact = contact.trim_matches(|c| c == '<' || c == '>').split('>').next().unwrap().to_owned();
        }
        let branch = if status < 300 { "ack" } else { "invite" };
        self.send("ACK", 1, branch, "");
        status
    }

    /// Hangs up and waits for the 200.
    pub(crate) fn bye(&mut self) {
        self.send("BYE", 2, "bye", "");
        self.wait(Duration::from_secs(5), |message| (message.starts_with("SIP/2.0 200") && message.contains("CSeq: 2 BYE")).then_some(()));
    }

    /// Waits until the gateway hangs up, and answers 200.
    pub(crate) fn wait_bye(&mut self, within: Duration) {
        let bye = self.wait(within, |message| message.starts_with("BYE ").then(|| message.to_owned()));
        let vias: String = bye.lines().filter(|line| line.starts_with("Via:")).map(|line| format!("{line}\r\n")).collect();
        let answer = format!(
            "SIP/2.0 200 OK\r\n{vias}From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\nContent-Length: 0\r\n\r\n",
            header(&bye, "From"),
            header(&bye, "To"),
            header(&bye, "Call-ID"),
            header(&bye, "CSeq"),
        );
        self.sip.send_to(answer.as_bytes(), self.gateway).unwrap();
    }

    fn send(&self, method: &str, sequence: u32, branch: &str, body: &str) {
        let me = self.address();
        let uri = if method == "INVITE" { format!("sip:{}@{}", self.number, self.gateway) } else { self.contact.clone() };
        let message = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK-{branch}-{};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:caller@{me}>;tag=caller\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {sequence} {method}\r\nContact: <sip:caller@{me}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            self.call_id,
            self.to,
            self.call_id,
            body.len()
        );
        self.sip.send_to(message.as_bytes(), self.gateway).unwrap();
    }

    fn wait<T>(&self, within: Duration, mut wanted: impl FnMut(&str) -> Option<T>) -> T {
        let until = Instant::now() + within;
        let mut heard = Vec::new();
        let mut buffer = [0; 8192];
        while Instant::now() < until {
            let Ok(size) = self.sip.recv(&mut buffer) else { continue };
            let message = String::from_utf8_lossy(&buffer[..size]).into_owned();
            if let Some(found) = wanted(&message) {
                return found;
            }
            heard.push(message.lines().next().unwrap_or_default().to_owned());
        }
        panic!("not within {within:?}; heard {heard:?}");
    }
}

fn header(message: &str, name: &str) -> String {
    let prefix = format!("{name}: ");
    message.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default().to_owned()
}
