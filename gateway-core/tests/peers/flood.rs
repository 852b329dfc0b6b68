//! A flood of SIP requests from one address that is nobody's.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Messages a second.
const RATE: u32 = 1000;

/// Sends until it is ended or dropped.
pub struct Flood {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<u32>>,
}

impl Flood {
    /// Floods this port of this computer, from 127.0.0.9.
    pub fn start(port: u16) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let socket = UdpSocket::bind("127.0.0.9:0").unwrap();
        let ended = Arc::clone(&ends);
        let thread = std::thread::spawn(move || {
            let me = socket.local_addr().unwrap();
            let begun = Instant::now();
            let mut sent = 0;
            while !ended.load(Ordering::Relaxed) {
                // As many as are due by now: a thread that was held up catches up.
                while f64::from(sent) < begun.elapsed().as_secs_f64() * f64::from(RATE) {
                    let invite = format!(
                        "INVITE sip:900{sent}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{sent};rport\r\nMax-Forwards: 70\r\n\
                         From: <sip:x@{me}>;tag={sent}\r\nTo: <sip:900{sent}@127.0.0.1>\r\nCall-ID: flood{sent}\r\nCSeq: 1 INVITE\r\n\
                         Contact: <sip:x@{me}>\r\nContent-Length: 0\r\n\r\n"
                    );
                    // What does not fit into the buffers of the system is lost, as in any network.
                    let _ = socket.send_to(invite.as_bytes(), ("127.0.0.1", port));
                    sent += 1;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            sent
        });
        Flood { ends, thread: Some(thread) }
    }

    /// Ends it, and answers how many were sent.
    pub fn end(mut self) -> u32 {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}
