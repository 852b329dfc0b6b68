//! The sound of a call while strangers flood SIP.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::gateway::{Gateway, SOON};
use super::noise::Noise;
use super::place::trunk_settings;
use super::table::Table;

/// Messages of the flood: so many at once, so often.
const VOLLEY: u32 = 10;
const PAUSE: Duration = Duration::from_millis(10);

/// Addresses that they come from.
const SOURCES: usize = 200;

/// How long the packets of the call are looked at, with and without the flood.
const TIME: Duration = Duration::from_secs(10);

pub fn measure(table: &mut Table) {
    let gateway = Gateway::start(trunk_settings(1, ([127, 0, 0, 1], 9).into()), "virtual:1");
    let mut caller = gateway.answered_call();
    let calm = Spacing::of(&caller.rtp);
    let flood = Flood::start(gateway.sip());
    let flooded = Spacing::of(&caller.rtp);
    let rate = flood.stop();
    caller.bye();
    let ratio = flooded.usual_ms / calm.usual_ms;
    table.row(
        &format!("RTP of a call, {rate:.0} messages/s from {SOURCES} strangers"),
        flooded.tell(),
        format!("nobody: {}", calm.tell()),
        ratio,
    );
}

/// How far the packets of a call lie apart.
struct Spacing {
    packets: usize,
    missing: u32,
    /// What 99 of 100 stay below, and the longest.
    usual_ms: f64,
    longest_ms: f64,
}

impl Spacing {
    fn of(rtp: &UdpSocket) -> Self {
        rtp.set_read_timeout(Some(SOON)).unwrap();
        let (mut arrivals, mut missing, mut last) = (Vec::new(), 0, None);
        let until = Instant::now() + TIME;
        let mut packet = [0; 2048];
        while Instant::now() < until {
            rtp.recv(&mut packet).expect("the call sends");
            arrivals.push(Instant::now());
            let sequence = u16::from_be_bytes([packet[2], packet[3]]);
            missing += last.map_or(0, |last: u16| u32::from(sequence.wrapping_sub(last).wrapping_sub(1)));
            last = Some(sequence);
        }
        let mut apart: Vec<f64> = arrivals.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64() * 1000.0).collect();
        apart.sort_by(f64::total_cmp);
        let at = |per_cent: usize| apart[(apart.len() - 1) * per_cent / 100];
        Spacing { packets: arrivals.len(), missing, usual_ms: at(99), longest_ms: at(100) }
    }

    fn tell(&self) -> String {
        let Spacing { packets, missing, usual_ms, longest_ms } = self;
        format!("{packets} packets, {missing} missing, p99 {usual_ms:.1} ms apart, longest {longest_ms:.1} ms")
    }
}

/// Spoilt and whole INVITEs without end, from a thread that ends with it.
struct Flood {
    wanted: Arc<AtomicBool>,
    thread: JoinHandle<f64>,
}

impl Flood {
    fn start((host, port): (&'static str, u16)) -> Self {
        let wanted = Arc::new(AtomicBool::new(true));
        let goes_on = Arc::clone(&wanted);
        let thread = std::thread::spawn(move || {
            let sockets: Vec<UdpSocket> = (0..SOURCES).map(|at| UdpSocket::bind(format!("127.2.0.{}:0", at + 1)).unwrap()).collect();
            let (mut noise, mut sent, began) = (Noise::new(0xF1_00D), 0_u32, Instant::now());
            while goes_on.load(Ordering::Relaxed) {
                for _ in 0..VOLLEY {
                    sent += 1;
                    let invite = invite(sent);
                    let message = if sent.is_multiple_of(2) { invite.into_bytes() } else { noise.spoil(invite.as_bytes()) };
                    // What does not fit into the buffers of the system is lost, as in any network.
                    let _ = sockets[noise.below(SOURCES)].send_to(&message, (host, port));
                }
                // The pause is what is left of the time that the volley may take.
                let due = PAUSE * (sent / VOLLEY);
                std::thread::sleep(due.saturating_sub(began.elapsed()));
            }
            f64::from(sent) / began.elapsed().as_secs_f64()
        });
        Flood { wanted, thread }
    }

    /// Ends it, and says how many messages it sent a second.
    fn stop(self) -> f64 {
        self.wanted.store(false, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn invite(number: u32) -> String {
    format!(
        "INVITE sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.2.0.1;branch=z9hG4bK{number};rport\r\nMax-Forwards: 70\r\n\
         From: <sip:x@127.0.0.1>;tag={number}\r\nTo: <sip:100@127.0.0.1>\r\nCall-ID: flood-{number}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:x@127.2.0.1>\r\nContent-Length: 0\r\n\r\n"
    )
}
