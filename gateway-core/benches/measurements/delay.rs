//! How late the audio is: from RTP to the line, from the line to RTP, and there and back.
//!
//! A delay is counted from sample to sample: the time between handing over the two frames, and the difference of the places in
//! them. What the packets themselves take, 20 ms each way, is the reference, and comes on top. Where the packets of the peer lie
//! between the frames of the box, and there the frames of the line, is chance, and stays as it is for a call: each of the two
//! adds 0 to 20 ms.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use super::caller::Caller;
use super::gateway::{Gateway, SOON, SimulatedBox};
use super::line::MeasuringBox;
use super::place::trunk_settings;
use super::spread::Spread;
use super::table::Table;
use super::talk::{FRAME, Pulse, Stream, delays_ms, exchange_pulses, paced};

/// Frames that are spoken into each call: 12 s.
const FRAMES: usize = 600;

/// How much later the far end behind number 100 sends back what it hears.
pub const ECHO: Duration = Duration::from_millis(200);

/// Packets of the reference that only go through the system's loopback.
const BARE: usize = 200;

pub fn measure(table: &mut Table) {
    let bare = bare_loopback();
    table.count("UDP loopback, there and back", bare.to_string(), "the same packets, no gateway".to_owned());
    let frame_ms = FRAME.as_secs_f64() * 1000.0;
    for (what, serial) in [("RTP → line → RTP, box in the process", false), ("RTP → line → RTP, serial port (pty)", true)] {
        let simulated = serial.then(|| SimulatedBox::start(1));
        let device = simulated.as_ref().map_or("virtual:1", |simulated| &simulated.pty);
        let (sent, heard) = talk_on(device);
        row(table, what, &sent, &heard, ECHO, 2.0 * frame_ms);
    }
    let line = MeasuringBox::start();
    let (sent, heard) = talk_on(&line.pty);
    let noted = line.noted();
    row(table, "RTP → line, serial port (pty)", &sent, &noted.put, Duration::ZERO, frame_ms);
    // The line spoke before anybody listened, and after.
    let listened = within(&noted.sent, &sent);
    row(table, "line → RTP, serial port (pty)", &listened, &heard, Duration::ZERO, frame_ms);
}

/// Speaks pulses into a call on a fresh gateway.
fn talk_on(device: &str) -> (Vec<Pulse>, Vec<Pulse>) {
    let nobody = ([127, 0, 0, 1], 9).into();
    let gateway = Gateway::start(trunk_settings(1, nobody), device);
    let mut caller = gateway.answered_call();
    let pulses = talk_in(&caller);
    caller.bye();
    pulses
}

/// Speaks pulses into a call that is up: those sent, and those heard.
pub fn talk_in(caller: &Caller) -> (Vec<Pulse>, Vec<Pulse>) {
    exchange_pulses(Stream::with_whom_speaks_first(&caller.rtp, SOON), FRAMES)
}

/// Those of `pulses` that were sent while others were.
fn within(pulses: &[Pulse], others: &[Pulse]) -> Vec<Pulse> {
    let (Some(first), Some(last)) = (others.first(), others.last()) else { return Vec::new() };
    pulses.iter().copied().filter(|pulse| pulse.is_between(first, last)).collect()
}

fn row(table: &mut Table, what: &str, sent: &[Pulse], heard: &[Pulse], known: Duration, packets_ms: f64) {
    let (delays, missed) = delays_ms(sent, heard, known);
    let spread = Spread::of(delays);
    let lost = if missed > 0 { format!(", {missed} of {} not heard", sent.len()) } else { String::new() };
    table.row(what, format!("{spread}{lost}"), format!("{packets_ms:.0} ms of packets"), spread.middle() / packets_ms);
}

/// A packet of the same size to a socket that sends it back.
fn bare_loopback() -> Spread {
    let (here, there) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let address = there.local_addr().unwrap();
    for socket in [&here, &there] {
        socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    }
    let echo = std::thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((size, source)) = there.recv_from(&mut buffer) {
            there.send_to(&buffer[..size], source).unwrap();
        }
    });
    let (mut trips, mut buffer) = (Vec::new(), [0; 2048]);
    paced(BARE, |_| {
        let sent = Instant::now();
        here.send_to(&[0; 172], address).unwrap();
        if here.recv(&mut buffer).is_ok() {
            trips.push(sent.elapsed().as_secs_f64() * 1000.0);
        }
    });
    echo.join().unwrap();
    Spread::of(trips)
}
