//! What is measured of a carrier while its message comes: whether it is one at all, how loud, how clean.

use super::super::burst::ratio_db;
use super::super::sine_fit::{self, Purity};
use super::FskStandard;
use crate::dsp::goertzel::Phasor;
use crate::dsp::level::dbm0_of_power;

/// Alternating bits until a channel seizure is sure: half of the 96 that the shortest has (ETSI EN 300 659-1 §7.2.1).
const SEIZURE_BITS: u32 = 48;

/// Samples a bit at 1200 bit/s.
const BIT: f32 = 8000.0 / 1200.0;

/// The bit rate of a seizure may be so far off.
const RATE_TOLERANCE: f32 = 0.025;

/// Samples between two edges of a seizure: twist makes one of two neighbours shorter.
const EDGES_APART: std::ops::Range<f32> = 4.0..10.0;

/// The balance of mark and space from which a bit is one of them for certain.
const CLEARLY: f32 = 0.2;

/// The lines of alternating bits: half way between mark and space, and 600 Hz beside that; both standards have the same.
const SEIZURE_LINES_HZ: [f32; 3] = [1700.0, 1100.0, 2300.0];

/// Samples that are kept.
const RECENT: usize = 80;

/// Samples of which the purity of a mark is measured at once.
const BLOCK: usize = 40;

/// Ones in a row, in samples, before the first block: the block lies 40 samples back, behind the end of what came before the mark.
const SETTLED: u32 = 120;

/// Sines must be so much stronger than the rest, as a power, for a carrier (6 dB).
const PURE: f64 = 4.0;

/// What is known of the carrier that sounds, if it is one.
#[derive(Clone, Debug)]
pub(super) struct Carrier {
    /// The newest samples, as a ring.
    recent: [f32; RECENT],
    place: usize,
    edges: Edges,
    /// Samples since alternating bits were last sure; `None`: never.
    since_seizure: Option<u32>,
    /// What was found in the mark before the message.
    mark: Purity,
    blocks: u32,
    /// Power of mark and space between equal bits of whole bytes.
    bits: Bits,
    /// The same of the byte that comes now.
    byte: Bits,
    /// Mark and space where the last bit ended.
    boundary: (Phasor, Phasor),
}

#[derive(Clone, Copy, Debug, Default)]
struct Edges {
    is_mark: bool,
    /// Samples since the last one.
    since: f32,
    /// In a row, each after about one bit.
    count: u32,
    /// Samples that those took.
    length: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bits {
    mark: f64,
    marks: u32,
    space: f64,
    spaces: u32,
}

/// The numbers of a burst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measured {
    pub(super) level_dbm0: f32,
    pub(super) snr_db: Option<f32>,
    pub(super) twist_db: Option<f32>,
}

impl Carrier {
    pub(super) fn new() -> Self {
        Carrier {
            recent: [0.0; RECENT],
            place: 0,
            edges: Edges::default(),
            since_seizure: None,
            mark: Purity::default(),
            blocks: 0,
            bits: Bits::default(),
            byte: Bits::default(),
            boundary: Default::default(),
        }
    }

    /// Takes a sample, and the balance of mark and space before and with it.
    pub(super) fn hear(&mut self, sample: f32, before: f32, balance: f32) {
        self.recent[self.place] = sample;
        self.place = (self.place + 1) % RECENT;
        self.since_seizure = self.since_seizure.map(|since| since.saturating_add(1));
        let edges = &mut self.edges;
        edges.since += 1.0;
        // Between two bits the balance may swing about zero; it is an edge when it is clearly on the other side.
        let limit = if edges.is_mark { -CLEARLY } else { CLEARLY };
        if (balance > limit) == edges.is_mark {
            return;
        }
        let late = if (before > limit) == edges.is_mark { (balance - limit) / (balance - before) } else { 0.0 };
        let length = edges.since - late;
        let begun = Edges { is_mark: !edges.is_mark, since: late, ..Edges::default() };
        *edges = match EDGES_APART.contains(&length) {
            true => Edges { count: edges.count + 1, length: edges.length + length, ..begun },
            false => begun,
        };
        if edges.count < SEIZURE_BITS {
            return;
        }
        let deviation = edges.length / edges.count as f32 / BIT - 1.0;
        *edges = begun;
        let lines = sine_fit::fit(&self.samples(), &SEIZURE_LINES_HZ);
        if deviation.abs() < RATE_TOLERANCE && lines.is_some_and(is_pure) {
            self.since_seizure = Some(0);
        }
    }

    /// The mark goes on: ones in a row, in samples.
    pub(super) fn hear_mark(&mut self, run: u32, standard: FskStandard) {
        if run < SETTLED || !(run as usize).is_multiple_of(BLOCK) {
            return;
        }
        let samples = self.samples();
        if let Some(found) = sine_fit::fit(&samples[..BLOCK], &[standard.mark_hz()]) {
            self.mark.add(found);
            self.blocks += 1;
        }
    }

    /// The mark was none: what was measured in it is no part of a carrier.
    pub(super) fn forget_mark(&mut self) {
        self.mark = Purity::default();
        self.blocks = 0;
    }

    /// A byte begins.
    pub(super) fn begin_byte(&mut self) {
        self.byte = Bits::default();
    }

    /// What the correlators say where one bit gives way to the next.
    pub(super) fn hear_boundary(&mut self, mark: Phasor, space: Phasor) {
        self.boundary = (mark, space);
    }

    /// The bit after the last boundary is like the one before it: both correlators looked at nothing else there, `window` samples long.
    pub(super) fn hear_equal_bits(&mut self, is_mark: bool, window: usize) {
        let (byte, (mark, space)) = (&mut self.byte, self.boundary);
        let (sum, count, heard) =
            if is_mark { (&mut byte.mark, &mut byte.marks, mark) } else { (&mut byte.space, &mut byte.spaces, space) };
        *sum += 2.0 * f64::from(heard.power()) / (window * window) as f64;
        *count += 1;
    }

    /// The byte is whole.
    pub(super) fn end_byte(&mut self) {
        let (bits, byte) = (&mut self.bits, &self.byte);
        bits.mark += byte.mark;
        bits.marks += byte.marks;
        bits.space += byte.space;
        bits.spaces += byte.spaces;
    }

    /// Whether alternating bits were heard: nothing else sounds like them.
    pub(super) fn is_seized(&self) -> bool {
        self.since_seizure.is_some()
    }

    /// Samples since the last alternating bits; 0 without any.
    pub(super) fn since_seizure(&self) -> u32 {
        self.since_seizure.unwrap_or(0)
    }

    /// Whether a pure mark was heard before the message.
    pub(super) fn has_pure_mark(&self) -> bool {
        self.blocks > 0 && is_pure(self.mark)
    }

    /// Whether a mark was heard long enough to tell its frequency.
    pub(super) fn has_mark(&self) -> bool {
        self.blocks > 0
    }

    /// Whether a correlation is too weak, beside the bits before it, to be of the same carrier (−15 dB).
    pub(super) fn has_ended(&self, strongest: Phasor, window: usize) -> bool {
        let power = 2.0 * f64::from(strongest.power()) / (window * window) as f64;
        power < 0.03 * self.power()
    }

    /// The mean power of mark and space; of the mark alone where no byte came; of the newest samples where no mark came.
    fn power(&self) -> f64 {
        match (self.bits.powers(), self.blocks) {
            (Some((mark, space)), _) => (mark + space) / 2.0,
            (None, 0) => self.recent.iter().map(|&sample| f64::from(sample * sample)).sum::<f64>() / RECENT as f64,
            (None, blocks) => self.mark.sines * MARK_LOSS / f64::from(blocks),
        }
    }

    /// What was measured; `loudest` is the highest short-time power, for a burst of which neither mark nor bits came.
    pub(super) fn measured(&self, loudest: f32) -> Measured {
        let is_measured = self.blocks > 0 || self.bits.powers().is_some();
        let power = if is_measured { self.power() } else { f64::from(loudest) };
        Measured {
            level_dbm0: super::super::burst::to_a_tenth(dbm0_of_power(power as f32)),
            snr_db: (self.blocks > 0).then(|| ratio_db(self.mark.sines, self.mark.rest)),
            twist_db: self.bits.powers().map(|(mark, space)| ratio_db(mark, space)),
        }
    }

    /// The kept samples, oldest first.
    fn samples(&self) -> [f32; RECENT] {
        let mut samples = self.recent;
        samples.rotate_left(self.place);
        samples
    }
}

/// What the filter of the receiver takes from mark and space, made good: 0.4 and 0.1 dB.
const MARK_LOSS: f64 = 1.09;
const SPACE_LOSS: f64 = 1.027;

impl Bits {
    /// Mean power of mark and space.
    fn powers(&self) -> Option<(f64, f64)> {
        let has_both = self.marks > 0 && self.spaces > 0;
        has_both.then(|| (MARK_LOSS * self.mark / f64::from(self.marks), SPACE_LOSS * self.space / f64::from(self.spaces)))
    }
}

fn is_pure(purity: Purity) -> bool {
    purity.sines > PURE * purity.rest
}
