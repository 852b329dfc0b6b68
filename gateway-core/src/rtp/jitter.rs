//! The jitter buffer: packets come when they come, the line takes 20 ms every 20 ms.
//!
//! It stores samples, not packets, so that any packet time fits. The line clock is the only clock that counts: how far
//! ahead of the playhead a packet arrives is its *margin*. A packet with a negative margin is late and makes the delay
//! grow; margins that stay large for seconds let it shrink. That follows network jitter, uneven pulls and clock drift alike.

mod conceal;
mod margins;

use std::time::Duration;

use crate::dsp::{FRAME_SAMPLES, Frame};
use crate::time::Moment;

use super::timestamp_distance;
use conceal::Concealer;
use margins::Margins;

/// Samples a millisecond.
const PER_MS: i32 = 8;

/// The most that lateness may make the delay grow to: 200 ms.
const MOST_SAMPLES: i32 = 200 * PER_MS;

/// What the buffer holds ahead of the playhead at most: 500 ms.
const CAPACITY_SAMPLES: i32 = 500 * PER_MS;

/// A packet this far behind the playhead is not late, but of another time base.
const STRAY_SAMPLES: i32 = 1000 * PER_MS;

/// Added when the delay grows, so that it does not grow by a few samples at a time.
const GROW_SAMPLES: i32 = 10 * PER_MS;

/// Taken out at a time when the delay shrinks.
const SHRINK_SAMPLES: usize = 80;

/// Margins that never fall below this let the delay shrink.
const AMPLE_SAMPLES: i32 = 50 * PER_MS;

/// Frames between two shrinkings.
const SHRINK_PAUSE_FRAMES: u8 = 5;

/// When nothing but late packets came for this long, the time base is taken to have moved.
const LATE_FOR: Duration = Duration::from_millis(200);

/// Slots of the ring: a power of two that holds the capacity and as much of the past.
const RING: usize = 8192;

/// Events whose audio is blanked at a time.
const BLANKS: usize = 4;

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Stored, at least in part.
    Stored,
    /// All of it was here before.
    Duplicate,
    /// Its time has passed.
    Late,
    /// Far outside the buffer; a second one that agrees makes the buffer start anew there.
    Stray,
}

/// Counts since the buffer was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets stored.
    pub stored: u32,
    /// Packets dropped as duplicates.
    pub duplicate: u32,
    /// Packets dropped as late.
    pub late: u32,
    /// Packets dropped as strays.
    pub stray: u32,
    /// Samples that were filled in; at most 60 ms of each gap.
    pub concealed_samples: u64,
    /// Times the buffer started anew.
    pub starts: u32,
}

/// The jitter buffer of one direction of one call.
#[derive(Clone, Debug)]
pub struct JitterBuffer {
    samples: Box<[i16]>,
    present: Box<[bool]>,
    stream: Option<Stream>,
    concealer: Concealer,
    last_pull: Option<Moment>,
    start_samples: i32,
    counts: Counts,
}

/// The source that is being played.
#[derive(Clone, Debug)]
struct Stream {
    ssrc: u32,
    /// Timestamp of the next sample to be heard.
    playhead: u32,
    /// End of the newest sample stored.
    newest_end: u32,
    /// Slots from the playhead to here are valid; beyond, the ring holds the past.
    cleared_to: u32,
    margins: Margins,
    /// Where the next packet of another time base would begin.
    stray: Option<u32>,
    /// Since when only late packets came.
    late_since: Option<Moment>,
    shrink_pause_frames: u8,
    blanks: [Option<Blank>; BLANKS],
    next_blank: usize,
}

/// A stretch of audio that is not to be heard.
#[derive(Clone, Copy, Debug)]
struct Blank {
    from: u32,
    length: u32,
}

impl JitterBuffer {
    /// An empty buffer whose streams start with a delay of `start_ms` from arrival to the line. The first packet that is late for
    /// it makes it as long as it has to be. All its memory is taken now.
    #[must_use]
    pub fn new(start_ms: u8) -> Self {
        JitterBuffer {
            samples: vec![0; RING].into_boxed_slice(),
            present: vec![false; RING].into_boxed_slice(),
            stream: None,
            concealer: Concealer::default(),
            last_pull: None,
            start_samples: i32::from(start_ms) * PER_MS,
            counts: Counts::default(),
        }
    }

    /// Forgets the stream; what follows is silence until the next packet.
    pub fn reset(&mut self) {
        self.stream = None;
        self.concealer = Concealer::default();
    }

    /// Takes the samples of one packet that arrived at `arrival`.
    pub fn push(&mut self, ssrc: u32, timestamp: u32, samples: impl ExactSizeIterator<Item = i16>, arrival: Moment) -> Fate {
        let length = i32::try_from(samples.len()).unwrap_or(i32::MAX);
        if length == 0 || length > CAPACITY_SAMPLES - self.start_samples {
            self.counts.stray = self.counts.stray.saturating_add(1);
            return Fate::Stray;
        }
        if self.stream.as_ref().is_none_or(|stream| stream.ssrc != ssrc) {
            self.start(ssrc, timestamp, arrival);
        }
        let fate = self.admit(timestamp, length, arrival);
        match fate {
            Fate::Stored => {
                self.store(timestamp, samples);
                self.counts.stored = self.counts.stored.saturating_add(1);
            }
            Fate::Duplicate => self.counts.duplicate = self.counts.duplicate.saturating_add(1),
            Fate::Late => self.counts.late = self.counts.late.saturating_add(1),
            Fate::Stray => self.counts.stray = self.counts.stray.saturating_add(1),
        }
        fate
    }

    /// The next 20 ms for the line.
    pub fn pull(&mut self, now: Moment) -> Frame {
        self.last_pull = Some(now);
        let mut frame = Frame::SILENCE;
        let Some(stream) = &mut self.stream else { return frame };
        let shrink = stream.wants_to_shrink() && holds(&self.present, stream.playhead, FRAME_SAMPLES + SHRINK_SAMPLES);
        for (n, sample) in (0_u32..).zip(&mut frame.0) {
            let timestamp = stream.playhead.wrapping_add(n);
            let slot = slot_of(timestamp);
            *sample = if stream.blanked(timestamp) {
                self.concealer.heard(0)
            } else if self.present[slot] {
                self.concealer.heard(self.samples[slot])
            } else {
                let filling = self.concealer.missing();
                self.counts.concealed_samples += u64::from(self.concealer.fills());
                filling
            };
        }
        if shrink {
            cross_over(&mut frame, &self.samples, stream.playhead);
            stream.shrunk();
            stream.advance(SHRINK_SAMPLES, &mut self.present);
        }
        stream.advance(FRAME_SAMPLES, &mut self.present);
        stream.margins.frame();
        frame
    }

    /// Silences the audio that belongs to `samples` from `timestamp` on; again for the same `timestamp` to lengthen it.
    pub fn blank(&mut self, timestamp: u32, samples: u32) {
        if let Some(stream) = &mut self.stream {
            stream.blank(timestamp, samples);
        }
    }

    /// What is stored ahead of the playhead, in ms.
    #[must_use]
    pub fn depth_ms(&self) -> u32 {
        let depth = self.stream.as_ref().map_or(0, |s| timestamp_distance(s.newest_end, s.playhead).max(0) / PER_MS);
        depth.unsigned_abs()
    }

    /// Counts since the buffer was made.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Starts with this packet: it will be heard that long after its arrival.
    fn start(&mut self, ssrc: u32, timestamp: u32, arrival: Moment) {
        self.present.fill(false);
        self.counts.starts = self.counts.starts.saturating_add(1);
        // What arrives long before the next pull cannot be heard before it.
        let ahead = (self.start_samples - self.until_next_pull(arrival)).max(0);
        let playhead = timestamp.wrapping_sub(ahead.unsigned_abs());
        self.stream = Some(Stream::new(ssrc, playhead, timestamp));
    }

    /// Samples from `arrival` to the next pull, as the line clock has it; 0 to 160.
    fn until_next_pull(&self, arrival: Moment) -> i32 {
        let since = self.last_pull.map_or(u64::MAX, |last| u64::try_from((arrival - last).as_nanos()).unwrap_or(u64::MAX));
        let since_samples = usize::try_from(since / 125_000).unwrap_or(usize::MAX);
        i32::try_from(FRAME_SAMPLES.saturating_sub(since_samples)).unwrap_or(0)
    }

    /// Decides what becomes of a packet, and moves the playhead if it has to.
    fn admit(&mut self, timestamp: u32, length: i32, arrival: Moment) -> Fate {
        let Some(stream) = &mut self.stream else { return Fate::Stray };
        let margin = timestamp_distance(timestamp, stream.playhead);
        if margin < -STRAY_SAMPLES || margin > CAPACITY_SAMPLES - length {
            let agrees = stream.stray.is_some_and(|at| timestamp_distance(timestamp, at).abs() <= CAPACITY_SAMPLES);
            stream.stray = Some(timestamp.wrapping_add(length.unsigned_abs()));
            if !agrees {
                return Fate::Stray;
            }
            let ssrc = stream.ssrc;
            self.start(ssrc, timestamp, arrival);
            return Fate::Stored;
        }
        stream.stray = None;
        if margin > -CAPACITY_SAMPLES && holds(&self.present, timestamp, length.unsigned_abs() as usize) {
            return Fate::Duplicate;
        }
        stream.margins.observe(margin);
        if margin < 0 {
            stream.grow(-margin + GROW_SAMPLES);
        }
        if timestamp_distance(timestamp, stream.playhead) + length > 0 {
            stream.late_since = None;
            return Fate::Stored;
        }
        if arrival - *stream.late_since.get_or_insert(arrival) < LATE_FOR {
            return Fate::Late;
        }
        let ssrc = stream.ssrc;
        self.start(ssrc, timestamp, arrival);
        Fate::Stored
    }

    fn store(&mut self, timestamp: u32, samples: impl Iterator<Item = i16>) {
        let Some(stream) = &mut self.stream else { return };
        let mut at = timestamp;
        for sample in samples {
            if timestamp_distance(at, stream.playhead) >= 0 {
                self.samples[slot_of(at)] = sample;
                self.present[slot_of(at)] = true;
            }
            at = at.wrapping_add(1);
        }
        if timestamp_distance(at, stream.newest_end) > 0 {
            stream.newest_end = at;
        }
    }
}

impl Stream {
    fn new(ssrc: u32, playhead: u32, first: u32) -> Self {
        Stream {
            ssrc,
            playhead,
            newest_end: first,
            cleared_to: playhead.wrapping_add(CAPACITY_SAMPLES.unsigned_abs()),
            margins: Margins::default(),
            stray: None,
            late_since: None,
            shrink_pause_frames: 0,
            blanks: [None; BLANKS],
            next_blank: 0,
        }
    }

    /// Moves the playhead on, and clears the slots that come into view.
    fn advance(&mut self, samples: usize, present: &mut [bool]) {
        self.playhead = self.playhead.wrapping_add(u32::try_from(samples).unwrap_or(0));
        let view_end = self.playhead.wrapping_add(CAPACITY_SAMPLES.unsigned_abs());
        while timestamp_distance(view_end, self.cleared_to) > 0 {
            present[slot_of(self.cleared_to)] = false;
            self.cleared_to = self.cleared_to.wrapping_add(1);
        }
        self.shrink_pause_frames = self.shrink_pause_frames.saturating_sub(1);
    }

    /// Delays what follows by `wanted` samples, as far as the longest delay allows.
    fn grow(&mut self, wanted: i32) {
        let room = MOST_SAMPLES - self.margins.largest().unwrap_or(0).max(0);
        let space = CAPACITY_SAMPLES - timestamp_distance(self.newest_end, self.playhead);
        let by = wanted.min(room).min(space);
        if by > 0 {
            self.playhead = self.playhead.wrapping_sub(by.unsigned_abs());
            self.margins.shift(by);
        }
    }

    fn wants_to_shrink(&self) -> bool {
        self.shrink_pause_frames == 0 && self.margins.smallest_of_a_full_window().is_some_and(|least| least > AMPLE_SAMPLES)
    }

    fn shrunk(&mut self) {
        self.margins.shift(-i32::try_from(SHRINK_SAMPLES).unwrap_or(0));
        self.shrink_pause_frames = SHRINK_PAUSE_FRAMES;
    }

    fn blank(&mut self, from: u32, length: u32) {
        if timestamp_distance(from, self.playhead).abs() > STRAY_SAMPLES + i32::from(u16::MAX) {
            return;
        }
        if let Some(blank) = self.blanks.iter_mut().flatten().find(|blank| blank.from == from) {
            blank.length = length;
            return;
        }
        self.blanks[self.next_blank] = Some(Blank { from, length });
        self.next_blank = (self.next_blank + 1) % BLANKS;
    }

    fn blanked(&self, timestamp: u32) -> bool {
        self.blanks.iter().flatten().any(|blank| timestamp.wrapping_sub(blank.from) < blank.length)
    }
}

/// Blends the second half of `frame` into the 10 ms that follow it, which are thereby left out.
fn cross_over(frame: &mut Frame, samples: &[i16], playhead: u32) {
    let start = FRAME_SAMPLES - SHRINK_SAMPLES;
    let skip = u32::try_from(FRAME_SAMPLES).unwrap_or(0);
    for (n, sample) in (0_u32..).zip(&mut frame.0[start..]) {
        let later = samples[slot_of(playhead.wrapping_add(skip).wrapping_add(n))];
        *sample = conceal::blend(*sample, later, n as usize, SHRINK_SAMPLES);
    }
}

fn slot_of(timestamp: u32) -> usize {
    timestamp as usize % RING
}

fn holds(present: &[bool], timestamp: u32, length: usize) -> bool {
    (0..u32::try_from(length).unwrap_or(0)).all(|n| present[slot_of(timestamp.wrapping_add(n))])
}

#[cfg(test)]
mod tests;
