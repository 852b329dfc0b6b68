//! Bursts of a tone, and the cadence that they repeat.

use super::looks::{HOP, HOP_MS, Look, WINDOW, hz_of};

/// A burst that is shorter than this is a click, or a syllable.
const LEAST_BURST_LOOKS: usize = 6;

/// A burst begins and ends at this part of its power (−6 dB): then its length is true whatever its level.
const EDGE: f32 = 0.25;

/// A tone that goes on for so long without a rest is continuous.
const CONTINUOUS_MS: u32 = 3000;

/// Bursts that are further apart than this are not of one cadence (call waiting tones are apart by 10 s).
const LONGEST_REST_MS: u32 = 11_000;

/// No rest of E.180 is shorter; between syllables there are such.
const LEAST_REST_MS: u32 = 50;

/// From one burst to the next an exchange keeps the power within this factor (3 dB).
const SAME_POWER: f32 = 2.0;

/// The most bursts in one round of a cadence.
const MOST_BURSTS_A_ROUND: usize = 3;

/// A length may be off by this part and this much in ms, as it may in the detector.
const TOLERANCE: f32 = 0.1;
const TOLERANCE_MS: u32 = 25;

/// A time during which the same stood out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Burst {
    first_look: usize,
    looks: usize,
    /// What stood out.
    tone: Look,
    /// Mean square in the middle.
    pub(super) power: f32,
    /// The recording may hold only its end, or only its beginning.
    is_cut: bool,
}

/// Bursts that repeat.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rhythm {
    /// All of one tone, in order.
    pub(super) bursts: Vec<Burst>,
    /// On and off times in ms; empty: continuous.
    pub(super) cadence_ms: Vec<u32>,
    /// The furthest that one was from it, in ms.
    pub(super) deviation_ms: u32,
}

impl Burst {
    fn duration_ms(&self) -> u32 {
        ms_of(self.looks)
    }

    /// Where it begins in the recording, in ms.
    pub(super) fn start_ms(&self) -> u32 {
        ms_of(self.first_look) + (WINDOW / 2 * HOP_MS as usize / HOP) as u32
    }

    /// Where it ends, in ms.
    pub(super) fn end_ms(&self) -> u32 {
        self.start_ms() + self.duration_ms()
    }

    /// The samples that are surely inside.
    pub(super) fn middle(&self) -> std::ops::Range<usize> {
        let (edge, first) = (WINDOW / 2, self.first_look * HOP + WINDOW / 2);
        let last = first + self.looks * HOP;
        if last - first > 3 * edge { first + edge / 2..last - edge / 2 } else { first..last }
    }

    /// The frequencies that stood out, in Hz: to 10 Hz or so.
    pub(super) fn about_hz(&self) -> impl Iterator<Item = f32> {
        self.tone.lines.into_iter().flat_map(|(first, second)| [Some(first), second]).flatten().map(hz_of)
    }
}

fn ms_of(looks: usize) -> u32 {
    u32::try_from(looks).unwrap_or(u32::MAX).saturating_mul(HOP_MS)
}

/// The bursts among these looks, in order.
pub(super) fn of(looks: &[Look]) -> Vec<Burst> {
    let mut bursts = Vec::new();
    let mut first = 0;
    while first < looks.len() {
        let Some(look) = looks.get(first).filter(|look| look.lines.is_some()) else {
            first += 1;
            continue;
        };
        let alike = run_of(looks, first, look);
        bursts.extend(burst(looks, first, alike));
        first += alike.max(1);
    }
    bursts
}

/// How many looks from `first` on are like it; one or two others in between do not count.
fn run_of(looks: &[Look], first: usize, look: &Look) -> usize {
    let (mut run, mut unlike) = (0, 0);
    for (n, next) in looks[first..].iter().enumerate() {
        if next.is_like(look) {
            (run, unlike) = (n + 1, 0);
        } else {
            unlike += 1;
            if unlike > 2 {
                break;
            }
        }
    }
    run
}

/// The burst in a run of looks: what is much softer at its ends is cut off. `None` when too little is left.
fn burst(looks: &[Look], first: usize, length: usize) -> Option<Burst> {
    let run = looks.get(first..first + length)?;
    let loudest = run.iter().map(|look| look.power).fold(0.0, f32::max);
    let begin = run.iter().position(|look| look.power >= EDGE * loudest)?;
    let end = run.iter().rposition(|look| look.power >= EDGE * loudest)? + 1;
    let inside = run.get(begin..end).filter(|inside| inside.len() >= LEAST_BURST_LOOKS)?;
    let middle = inside.get(inside.len() / 4..inside.len() - inside.len() / 4)?;
    let tone = *middle.iter().find(|look| matches!(look.lines, Some((_, Some(_))))).or_else(|| middle.first())?;
    let power = middle.iter().map(|look| look.power).sum::<f32>() / middle.len() as f32;
    let (first_look, looks_left) = (first + begin, looks.len() - (first + end));
    Some(Burst { first_look, looks: inside.len(), tone, power, is_cut: first_look < 3 || looks_left < 3 })
}

/// The last bursts that repeat a cadence, or the last one that goes on and on.
pub(super) fn last_rhythm(bursts: &[Burst]) -> Option<Rhythm> {
    (1..=bursts.len()).rev().find_map(|end| {
        let (last, before) = bursts[..end].split_last()?;
        if last.duration_ms() >= CONTINUOUS_MS {
            return Some(Rhythm { bursts: vec![*last], cadence_ms: Vec::new(), deviation_ms: 0 });
        }
        let follows = |later: &Burst, burst: &Burst| {
            let rest_ms = later.start_ms().saturating_sub(burst.end_ms());
            let is_as_loud = (1.0 / SAME_POWER..=SAME_POWER).contains(&(burst.power / last.power.max(f32::MIN_POSITIVE)));
            burst.tone.is_like(&last.tone) && is_as_loud && (LEAST_REST_MS..=LONGEST_REST_MS).contains(&rest_ms)
        };
        let mut of_one_tone = vec![*last];
        for burst in before.iter().rev() {
            if !of_one_tone.last().is_some_and(|later| follows(later, burst)) {
                break;
            }
            of_one_tone.push(*burst);
        }
        of_one_tone.reverse();
        repeated(&of_one_tone)
    })
}

/// The longest end of these bursts that repeats, with the shortest round.
fn repeated(bursts: &[Burst]) -> Option<Rhythm> {
    (0..bursts.len()).find_map(|first| {
        let bursts = &bursts[first..];
        let mut rounds = (1..=MOST_BURSTS_A_ROUND).filter(|&round| bursts.len() > 2 * round);
        rounds.find_map(|round| in_rounds(bursts, round))
    })
}

/// The cadence of bursts that repeat every `round` bursts.
fn in_rounds(bursts: &[Burst], round: usize) -> Option<Rhythm> {
    let mut cadence_ms = Vec::with_capacity(2 * round);
    let mut deviation_ms = 0;
    for place in 0..round {
        let of_place = |n: &usize| n % round == place;
        let whole = (0..bursts.len()).filter(of_place).filter(|&n| !bursts[n].is_cut);
        let on: Vec<u32> = whole.map(|n| bursts[n].duration_ms()).collect();
        let pairs = bursts.windows(2).enumerate().filter(|(n, _)| of_place(n));
        let off: Vec<u32> = pairs.map(|(_, pair)| pair[1].start_ms().saturating_sub(pair[0].end_ms())).collect();
        for durations_ms in [on, off] {
            let (mean_ms, furthest_ms) = mean_of(&durations_ms)?;
            cadence_ms.push(mean_ms);
            deviation_ms = deviation_ms.max(furthest_ms);
        }
    }
    // What is cut off may be shorter than it would have been, and never longer.
    let too_long = bursts.iter().enumerate().any(|(n, burst)| burst.duration_ms() > longest_ms(cadence_ms[n % round * 2]));
    (!too_long).then(|| Rhythm { bursts: bursts.to_vec(), cadence_ms, deviation_ms })
}

fn longest_ms(expected_ms: u32) -> u32 {
    expected_ms + (expected_ms as f32 * TOLERANCE) as u32 + TOLERANCE_MS
}

/// The mean of durations that are alike, to 10 ms, and the furthest that one is from it. `None`: there is none, or they are not alike.
fn mean_of(durations_ms: &[u32]) -> Option<(u32, u32)> {
    let count = u32::try_from(durations_ms.len()).ok().filter(|&count| count > 0)?;
    let mean_ms = durations_ms.iter().sum::<u32>() / count;
    let furthest_ms = durations_ms.iter().map(|ms| ms.abs_diff(mean_ms)).max()?;
    let rounded_ms = (mean_ms + HOP_MS / 2) / HOP_MS * HOP_MS;
    (mean_ms > 0 && mean_ms + furthest_ms <= longest_ms(mean_ms)).then_some((rounded_ms, furthest_ms))
}
