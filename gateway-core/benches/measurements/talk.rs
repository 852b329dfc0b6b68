//! RTP by hand: 50 packets a second of A-law silence, a few of them with a pulse of loud samples at a known place.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gateway_core::dsp::FRAME_SAMPLES;
use gateway_core::dsp::g711::{alaw_decode, alaw_encode};

/// From one packet to the next.
pub const FRAME: Duration = Duration::from_millis(20);

/// Frames from one pulse to the next: 500 ms.
pub const PULSE_FRAMES: usize = 25;

/// Frames of silence before the first pulse: the gateway answers when it has dialled, the far end rings for 2 s before it echoes.
const UNTIL_ANSWER: usize = 175;

/// Samples of a pulse.
const PULSE_SAMPLES: usize = 8;

/// A pulse as it is sent.
pub const LOUD: i16 = 16_000;

/// What is louder is a pulse: an echo 6 dB softer still is, what the hybrid reflects (18 dB softer) is not.
const THRESHOLD: i16 = 5_000;

/// Samples a millisecond.
const PER_MS: f64 = 8.0;

/// A pulse that goes over the border of two frames is met twice; nothing real is this near to the last one.
const SAME: Duration = Duration::from_millis(100);

/// How long one read may wait.
const READ: Duration = Duration::from_millis(50);

/// RTP's header without extensions.
const HEADER: usize = 12;

/// A pulse: when its frame was handed over, and at which sample of it the pulse begins.
#[derive(Clone, Copy, Debug)]
pub struct Pulse {
    at: Instant,
    index: usize,
}

impl Pulse {
    pub fn new(at: Instant, index: usize) -> Self {
        Pulse { at, index }
    }

    /// Whether it was handed over between two others.
    pub fn is_between(&self, first: &Pulse, last: &Pulse) -> bool {
        (first.at..=last.at).contains(&self.at)
    }

    /// From the other pulse to this one, in ms: the time between the frames, and the difference of the places in them.
    fn after_ms(&self, other: &Pulse) -> f64 {
        let between = (self.at - other.at).as_secs_f64() * 1000.0;
        between + (self.index as f64 - other.index as f64) / PER_MS
    }
}

/// Where the pulse of a frame begins: every 25th frame has one, each at another place.
pub fn pulse_index(frame: usize) -> Option<usize> {
    (frame % PULSE_FRAMES == PULSE_FRAMES - 1).then(|| (frame / PULSE_FRAMES * 37) % (FRAME_SAMPLES - PULSE_SAMPLES))
}

/// The samples of a frame.
pub fn frame_samples(pulse: Option<usize>) -> [i16; FRAME_SAMPLES] {
    let mut samples = [0; FRAME_SAMPLES];
    if let Some(index) = pulse {
        samples[index..index + PULSE_SAMPLES].fill(LOUD);
    }
    samples
}

/// Notes the pulse in a frame, where there is a new one.
pub fn note_pulse(samples: impl Iterator<Item = i16>, at: Instant, seen: &mut Vec<Pulse>) {
    let loud = samples.map(i16::unsigned_abs).position(|sample| sample > THRESHOLD.unsigned_abs());
    let new = seen.last().is_none_or(|last| at - last.at > SAME);
    if let Some(index) = loud.filter(|_| new) {
        seen.push(Pulse::new(at, index));
    }
}

/// Delays in ms from the pulses that were sent to those that were heard `known` later than they came; and how many of the sent
/// ones were never heard.
pub fn delays_ms(sent: &[Pulse], heard: &[Pulse], known: Duration) -> (Vec<f64>, usize) {
    let known_ms = known.as_secs_f64() * 1000.0;
    let period_ms = (FRAME * u32::try_from(PULSE_FRAMES).unwrap()).as_secs_f64() * 1000.0;
    let of = |pulse: &Pulse| {
        let delay = heard.iter().filter(|heard| heard.at >= pulse.at).map(|heard| heard.after_ms(pulse) - known_ms);
        delay.filter(|ms| (0.0..period_ms).contains(ms)).reduce(f64::min)
    };
    let delays: Vec<f64> = sent.iter().filter_map(of).collect();
    let missed = sent.len() - delays.len();
    (delays, missed)
}

/// One side of a call's audio.
pub struct Stream {
    socket: UdpSocket,
    peer: SocketAddr,
    sequence: u16,
    timestamp: u32,
}

impl Stream {
    /// The audio of a call on `socket`: whoever sends to it first is the peer.
    pub fn with_whom_speaks_first(socket: &UdpSocket, within: Duration) -> Self {
        let socket = socket.try_clone().unwrap();
        socket.set_read_timeout(Some(within)).unwrap();
        let mut buffer = [0; 2048];
        let (_, peer) = socket.recv_from(&mut buffer).expect("the gateway sends no RTP");
        socket.set_read_timeout(Some(READ)).unwrap();
        Stream { socket, peer, sequence: 0, timestamp: 0 }
    }

    /// Sends 20 ms.
    pub fn send(&mut self, samples: &[i16]) {
        let mut packet = vec![0x80, 8];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.timestamp.to_be_bytes());
        packet.extend([0, 0, 0, 9]);
        packet.extend(samples.iter().map(|&sample| alaw_encode(sample)));
        self.socket.send_to(&packet, self.peer).unwrap();
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(u32::try_from(FRAME_SAMPLES).unwrap());
    }

    /// Throws away what has come.
    pub fn drain(&self) {
        self.socket.set_nonblocking(true).unwrap();
        let mut buffer = [0; 2048];
        while self.socket.recv(&mut buffer).is_ok() {}
        self.socket.set_nonblocking(false).unwrap();
    }

    /// Listens for pulses until it is told to stop.
    fn listen(&self, stop: &AtomicBool) -> Vec<Pulse> {
        let (mut heard, mut buffer) = (Vec::new(), [0; 2048]);
        while !stop.load(Ordering::Relaxed) {
            let Ok(size) = self.socket.recv(&mut buffer) else { continue };
            let at = Instant::now();
            // Only audio: PCMA.
            if size > HEADER && buffer[1] & 0x7f == 8 {
                note_pulse(buffer[HEADER..size].iter().map(|&code| alaw_decode(code)), at, &mut heard);
            }
        }
        heard
    }
}

/// Calls `act` with the number of each frame, every 20 ms, for `frames` frames.
pub fn paced(frames: usize, mut act: impl FnMut(usize)) {
    let began = Instant::now();
    for number in 0..frames {
        let due = began + FRAME * u32::try_from(number).unwrap();
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        act(number);
    }
}

/// Speaks into a call: silence until the far end has answered, then pulses for so many frames. Answers those that were sent, and
/// those that were heard until half a second after the last one.
pub fn exchange_pulses(mut stream: Stream, frames: usize) -> (Vec<Pulse>, Vec<Pulse>) {
    let listener = Stream { socket: stream.socket.try_clone().unwrap(), ..stream };
    let stop = AtomicBool::new(false);
    let mut sent = Vec::new();
    let heard = std::thread::scope(|scope| {
        let listening = scope.spawn(|| listener.listen(&stop));
        paced(UNTIL_ANSWER + frames + PULSE_FRAMES, |number| {
            let pulse = pulse_index(number).filter(|_| (UNTIL_ANSWER..UNTIL_ANSWER + frames).contains(&number));
            let samples = frame_samples(pulse);
            let at = Instant::now();
            stream.send(&samples);
            sent.extend(pulse.map(|index| Pulse::new(at, index)));
        });
        stop.store(true, Ordering::Relaxed);
        listening.join().unwrap()
    });
    (sent, heard)
}
