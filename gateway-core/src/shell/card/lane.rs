//! One channel that is played: its frames go in at one end, and the card takes portions at the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rtrb::{Consumer, Producer, RingBuffer};

use crate::config::PortId;
use crate::dsp::Frame;
use crate::dsp::rate::BadRate;
use crate::fxo::card::{ChannelMap, Playout};

/// Room for what waits to be played: half a second, far more than ever waits.
const ROOM_PER_S: u32 = 2;

/// What stands in [`Taken::at_ns`] while the card takes.
const TAKING: u64 = u64::MAX;

/// Looks at a card that takes just then; it is done long before.
const LOOKS: usize = 1000;

/// When the card took last, and whether there was too little.
#[derive(Debug)]
struct Taken {
    since: Instant,
    at_ns: AtomicU64,
    ran_dry: AtomicBool,
}

/// The end where frames go in.
pub(super) struct Lane {
    ring: Producer<f32>,
    playout: Playout,
    taken: Arc<Taken>,
}

/// The end that the card takes from.
pub(super) struct Tail {
    ring: Consumer<f32>,
    taken: Arc<Taken>,
    channel: usize,
    /// Something was there to be played before: that nothing is there now is a gap.
    playing: bool,
}

/// The ends where frames go in, and those that the card takes from.
pub(super) type Lanes = (Vec<(PortId, Lane)>, Vec<Tail>);

/// Both ends for each port of a card that plays `rate_hz` samples a second.
pub(super) fn lanes(rate_hz: u32, map: &ChannelMap) -> Result<Lanes, BadRate> {
    let (mut lanes, mut tails) = (Vec::new(), Vec::new());
    for (port, channel) in map.iter() {
        let (sink, source) = RingBuffer::new(usize::try_from(rate_hz / ROOM_PER_S).unwrap_or(0));
        let taken = Arc::new(Taken { since: Instant::now(), at_ns: AtomicU64::new(0), ran_dry: AtomicBool::new(false) });
        lanes.push((port, Lane { ring: sink, playout: Playout::new(rate_hz)?, taken: Arc::clone(&taken) }));
        tails.push(Tail { ring: source, taken, channel: channel.into(), playing: false });
    }
    Ok((lanes, tails))
}

impl Lane {
    pub(super) fn play(&mut self, frame: &Frame) {
        let (lying, since_taken) = self.lying();
        let ran_dry = self.taken.ran_dry.swap(false, Ordering::Relaxed);
        let ring = &mut self.ring;
        // There is room: more than waits was left out by the playout before.
        self.playout.frame(frame, lying, since_taken, ran_dry, |sample| {
            let _ = ring.push(sample);
        });
    }

    pub(super) fn skipped(&self) -> u32 {
        self.playout.skipped()
    }

    /// What lies there, and how long ago the card took: both from between two portions.
    fn lying(&self) -> (usize, Duration) {
        let mut at_ns = 0;
        let mut lying = 0;
        for _ in 0..LOOKS {
            at_ns = self.taken.at_ns.load(Ordering::Acquire);
            lying = self.ring.buffer().capacity() - self.ring.slots();
            if at_ns != TAKING && self.taken.at_ns.load(Ordering::Acquire) == at_ns {
                break;
            }
            std::hint::spin_loop();
        }
        let taken = Duration::from_nanos(if at_ns == TAKING { 0 } else { at_ns });
        (lying, self.taken.since.elapsed().saturating_sub(taken))
    }
}

impl Tail {
    /// Puts this channel into interleaved samples of so many channels; true when there was too little.
    pub(super) fn take<T>(&mut self, interleaved: &mut [T], channels: usize, convert: impl Fn(f32) -> T) -> bool {
        self.taken.at_ns.store(TAKING, Ordering::Release);
        let wanted = interleaved.len() / channels;
        let there = self.ring.slots().min(wanted);
        let short = there < wanted;
        if let Ok(samples) = self.ring.read_chunk(there) {
            self.playing |= there > 0;
            let places = interleaved.iter_mut().skip(self.channel).step_by(channels);
            samples.into_iter().zip(places).for_each(|(sample, place)| *place = convert(sample));
        }
        let ran_dry = short && std::mem::replace(&mut self.playing, !short);
        if ran_dry {
            self.taken.ran_dry.store(true, Ordering::Relaxed);
        }
        let now_ns = u64::try_from(self.taken.since.elapsed().as_nanos()).unwrap_or(0);
        self.taken.at_ns.store(now_ns, Ordering::Release);
        ran_dry
    }
}
