//! What went over the wires of the chosen box lately: a ring of raw pieces in the box thread, decoded by whoever asks for them.
//!
//! It may hold numbers of callers. Therefore it is in memory only, nothing of it is logged, and a file of it is written only by
//! order of a person.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::choice::DeviceFault;
use crate::code;
use crate::config::PortId;
use crate::fxo::trace::{Dialect, PieceKind, Tap, WireDirection, decode};
use crate::shell::calls_csv::local_time;
use crate::time::Moment;

/// Entries that are kept, of orders and of sound each. The oldest goes first; those of orders are counted when they go.
const MOST_ENTRIES: usize = 512;

/// Bytes of all entries that are kept, of orders and of sound each, by the same rule.
const MOST_BYTES: usize = 64 * 1024;

/// Frames of sound are kept for this long after somebody asked for them: the window asks about each second while it shows them.
const SOUND_FOR: Duration = Duration::from_secs(10);

/// Which part of the trace is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TraceQuery {
    /// Only lines after the one with this number.
    pub after: Option<u64>,
    /// Frames of sound too. They are kept from the first time that they are asked for, until nobody asks for ten seconds.
    pub sound: bool,
}

/// What went over the wires of the chosen box.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct DeviceTrace {
    /// Oldest first.
    pub lines: Vec<TraceLine>,
    /// No line has a smaller number since the box was chosen: one that somebody kept is of another box. A box that comes back
    /// under another name is the same one.
    pub since: u64,
    /// Lines that are not kept any more, since the box was chosen.
    pub dropped: u64,
    /// Frames of sound that passed both ways, since the box was chosen.
    pub sound_frames: u64,
}

/// One line of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TraceLine {
    /// Counts up while the gateway runs, whatever is chosen; frames of sound that were not kept leave no gap.
    pub number: u64,
    /// When, in ms since the gateway started.
    pub at_ms: u64,
    /// The port that it is about; `None`: the whole box.
    pub port: Option<PortId>,
    /// What it was.
    pub what: TraceEntry,
}

/// What a line of a trace tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TraceEntry {
    /// The wire was opened.
    Opened,
    /// The wire was lost.
    Lost {
        /// Why.
        fault: DeviceFault,
    },
    /// Something went over the wire.
    Piece {
        /// Which way.
        direction: WireDirection,
        /// It is a frame of sound.
        sound: bool,
        /// What it says, in the words of its protocol.
        text: String,
        /// Bytes that the words do not tell, in hexadecimal.
        hex: String,
    },
}

/// The ring.
#[derive(Debug, Default)]
pub(super) struct Trace {
    control: Lane,
    sound: Lane,
    next: u64,
    since: u64,
    sound_frames: u64,
    sound_until: Moment,
}

/// Entries that share a bound.
#[derive(Debug, Default)]
struct Lane {
    entries: VecDeque<Kept>,
    bytes: usize,
    dropped: u64,
}

/// An entry as it is kept. A copy shares the bytes.
#[derive(Clone, Debug)]
struct Kept {
    number: u64,
    at: Moment,
    wire: Wired,
    what: Passed,
}

/// Which ports a wire has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wired {
    /// All of them.
    Whole,
    /// This one.
    Port(PortId),
}

#[derive(Clone, Debug)]
enum Passed {
    Opened,
    Lost(DeviceFault),
    Piece { dialect: Dialect, direction: WireDirection, kind: PieceKind, bytes: Arc<[u8]> },
}

impl Passed {
    fn bytes(&self) -> usize {
        match self {
            Passed::Opened | Passed::Lost(_) => 0,
            Passed::Piece { bytes, .. } => bytes.len(),
        }
    }
}

impl Lane {
    fn push(&mut self, kept: Kept) {
        self.bytes += kept.what.bytes();
        self.entries.push_back(kept);
        while (self.entries.len() > MOST_ENTRIES || self.bytes > MOST_BYTES)
            && let Some(oldest) = self.entries.pop_front()
        {
            self.bytes = self.bytes.saturating_sub(oldest.what.bytes());
            self.dropped += 1;
        }
    }

    fn after(&self, after: Option<u64>) -> impl Iterator<Item = &Kept> {
        let first = after.map_or(0, |after| self.entries.partition_point(|kept| kept.number <= after));
        self.entries.range(first..)
    }
}

impl Trace {
    /// An empty one whose numbers go on, so that whoever asks for what is new misses nothing.
    pub(super) fn begun_anew(&self) -> Trace {
        Trace { next: self.next, since: self.next, ..Trace::default() }
    }

    /// The wire was opened.
    pub(super) fn opened(&mut self, wire: Wired, now: Moment) {
        self.push(wire, Passed::Opened, now);
    }

    /// The wire was lost.
    pub(super) fn lost(&mut self, wire: Wired, fault: DeviceFault, now: Moment) {
        self.push(wire, Passed::Lost(fault), now);
    }

    /// Bytes pass on a wire. Its tap finds what is to be kept of them.
    pub(super) fn pass(&mut self, wire: Wired, tap: &mut Tap, direction: WireDirection, bytes: &[u8], now: Moment) {
        let dialect = tap.dialect();
        tap.pass(direction, bytes, &mut |kind, piece| {
            if kind == PieceKind::Sound {
                self.sound_frames += 1;
                // A frame that only counts is not copied, and a wire of mere samples has none to show.
                if now >= self.sound_until || piece.is_empty() {
                    return;
                }
            }
            self.push(wire, Passed::Piece { dialect, direction, kind, bytes: piece.into() }, now);
        });
    }

    fn push(&mut self, wire: Wired, what: Passed, now: Moment) {
        let lane = match what {
            Passed::Piece { kind: PieceKind::Sound, .. } => &mut self.sound,
            Passed::Piece { kind: PieceKind::Control, .. } | Passed::Opened | Passed::Lost(_) => &mut self.control,
        };
        lane.push(Kept { number: self.next, at: now, wire, what });
        self.next += 1;
    }

    /// What is asked for, still raw: the box thread decodes nothing.
    pub(super) fn answer(&mut self, query: TraceQuery, now: Moment) -> RawTrace {
        let mut kept: Vec<Kept> = self.control.after(query.after).cloned().collect();
        if query.sound {
            self.sound_until = now + SOUND_FOR;
            kept.extend(self.sound.after(query.after).cloned());
            kept.sort_by_key(|kept| kept.number);
        }
        RawTrace { kept, since: self.since, dropped: self.control.dropped, sound_frames: self.sound_frames }
    }
}

/// A part of a trace on its way to whoever asked.
#[derive(Debug)]
pub(crate) struct RawTrace {
    kept: Vec<Kept>,
    since: u64,
    dropped: u64,
    sound_frames: u64,
}

impl RawTrace {
    /// Puts it into words.
    pub(crate) fn decoded(&self) -> DeviceTrace {
        let lines = self.kept.iter().map(line).collect();
        DeviceTrace { lines, since: self.since, dropped: self.dropped, sound_frames: self.sound_frames }
    }
}

fn line(kept: &Kept) -> TraceLine {
    let of_wire = match kept.wire {
        Wired::Whole => None,
        Wired::Port(port) => Some(port),
    };
    let (port, what) = match &kept.what {
        Passed::Opened => (of_wire, TraceEntry::Opened),
        Passed::Lost(fault) => (of_wire, TraceEntry::Lost { fault: *fault }),
        Passed::Piece { dialect, direction, kind, bytes } => {
            let decoded = decode(*dialect, *direction, bytes);
            let sound = *kind == PieceKind::Sound;
            let entry = TraceEntry::Piece { direction: *direction, sound, text: decoded.text, hex: decoded.hex };
            (of_wire.or(decoded.port.map(PortId)), entry)
        }
    };
    TraceLine { number: kept.number, at_ms: kept.at.as_millis(), port, what }
}

/// A trace as a file: a remark, then a line each with local time, direction, port (from 1), what was said and its bytes, with tabs between.
#[must_use]
pub fn as_text(trace: &DeviceTrace, remark: &str, started_epoch_ms: u64, zone: &TimeZone) -> String {
    let mut text = String::new();
    for line in remark.lines() {
        text.push_str(&format!("# {line}\n"));
    }
    for TraceLine { at_ms, port, what, .. } in &trace.lines {
        let at = local_time(started_epoch_ms.saturating_add(*at_ms), zone);
        let port = port.map_or_else(|| "-".to_owned(), |port| (u32::from(port.0) + 1).to_string());
        let (way, said, hex) = match what {
            TraceEntry::Opened => ("=", "opened".to_owned(), ""),
            TraceEntry::Lost { fault } => ("=", format!("lost {}", code::of(fault)), ""),
            TraceEntry::Piece { direction: WireDirection::ToDevice, text, hex, .. } => (">", text.clone(), hex.as_str()),
            TraceEntry::Piece { direction: WireDirection::FromDevice, text, hex, .. } => ("<", text.clone(), hex.as_str()),
        };
        text.push_str([at.as_str(), way, &port, &said, hex].join("\t").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fxo::boxlink::frame::{Class, Packet};

    const NOW: Moment = Moment::from_secs(1);

    fn packet(class: Class, seq: u8, length: usize) -> Vec<u8> {
        Packet { class, port: 0, seq, op: 0x02, payload: vec![1; length] }.to_wire()
    }

    fn numbers(trace: &DeviceTrace) -> Vec<u64> {
        trace.lines.iter().map(|line| line.number).collect()
    }

    struct Scene {
        trace: Trace,
        tap: Tap,
    }

    impl Scene {
        fn new() -> Self {
            Scene { trace: Trace::default(), tap: Tap::new(Dialect::Boxlink) }
        }

        fn say(&mut self, class: Class, length: usize, now: Moment) {
            self.trace.pass(Wired::Whole, &mut self.tap, WireDirection::FromDevice, &packet(class, 3, length), now);
        }

        fn ask(&mut self, query: TraceQuery, now: Moment) -> DeviceTrace {
            self.trace.answer(query, now).decoded()
        }
    }

    #[test]
    fn the_oldest_of_too_many_entries_go_and_are_counted() {
        let mut scene = Scene::new();
        for _ in 0..MOST_ENTRIES + 3 {
            scene.say(Class::Event, 0, NOW);
        }
        let trace = scene.ask(TraceQuery::default(), NOW);
        assert_eq!((trace.lines.len(), trace.dropped, trace.lines[0].number), (MOST_ENTRIES, 3, 3));
        let newer = scene.ask(TraceQuery { after: Some(512), sound: false }, NOW);
        assert_eq!(numbers(&newer), [513, 514]);
        assert!(scene.ask(TraceQuery { after: Some(514), sound: false }, NOW).lines.is_empty());
    }

    #[test]
    fn the_oldest_of_too_many_bytes_go_however_few_entries_those_are() {
        let mut scene = Scene::new();
        for _ in 0..100 {
            scene.say(Class::Log, 1000, NOW);
        }
        let trace = scene.ask(TraceQuery::default(), NOW);
        assert_eq!(u64::try_from(trace.lines.len()).unwrap() + trace.dropped, 100);
        assert!(scene.trace.control.bytes <= MOST_BYTES && trace.lines.len() >= 60, "{}", trace.lines.len());
    }

    #[test]
    fn sound_is_counted_and_kept_only_while_somebody_asks_for_it() {
        let mut scene = Scene::new();
        scene.say(Class::Event, 0, NOW);
        scene.say(Class::Audio, 165, NOW);
        let with_sound = TraceQuery { after: None, sound: true };
        let trace = scene.ask(with_sound, NOW);
        assert_eq!((numbers(&trace), trace.sound_frames), (vec![0], 1));
        scene.say(Class::Audio, 165, NOW);
        scene.say(Class::Event, 0, NOW);
        let trace = scene.ask(with_sound, NOW);
        assert_eq!((numbers(&trace), trace.sound_frames), (vec![0, 1, 2], 2));
        assert!(matches!(&trace.lines[1].what, TraceEntry::Piece { sound: true, text, .. } if text == "audio seq 3 160 bytes"));
        assert_eq!(numbers(&scene.ask(TraceQuery::default(), NOW)), [0, 2]);
        scene.say(Class::Audio, 165, NOW + SOUND_FOR);
        let trace = scene.ask(with_sound, NOW + SOUND_FOR);
        assert_eq!((numbers(&trace), trace.sound_frames, trace.dropped), (vec![0, 1, 2], 3, 0));
    }

    #[test]
    fn a_flood_of_sound_drops_no_order() {
        let mut scene = Scene::new();
        scene.say(Class::Event, 0, NOW);
        scene.ask(TraceQuery { after: None, sound: true }, NOW);
        for _ in 0..5000 {
            scene.say(Class::Audio, 165, NOW);
        }
        let trace = scene.ask(TraceQuery { after: None, sound: true }, NOW);
        assert_eq!((trace.lines[0].number, trace.dropped), (0, 0));
        assert!(scene.trace.sound.bytes <= MOST_BYTES);
    }

    #[test]
    fn the_trace_of_another_box_begins_with_the_number_that_it_tells() {
        let mut scene = Scene::new();
        scene.say(Class::Event, 0, NOW);
        scene.say(Class::Event, 0, NOW);
        assert_eq!(scene.ask(TraceQuery::default(), NOW).since, 0);
        scene.trace = scene.trace.begun_anew();
        assert_eq!(scene.ask(TraceQuery::default(), NOW), DeviceTrace { since: 2, ..DeviceTrace::default() });
        scene.say(Class::Event, 0, NOW);
        let trace = scene.ask(TraceQuery::default(), NOW);
        assert_eq!((numbers(&trace), trace.since), (vec![2], 2));
    }

    #[test]
    fn ports_are_those_of_the_gateway() {
        let mut trace = Trace::default();
        let mut tap = Tap::new(Dialect::Modem);
        trace.opened(Wired::Port(PortId(4)), NOW);
        trace.pass(Wired::Port(PortId(4)), &mut tap, WireDirection::ToDevice, b"ATZ\r", NOW);
        let mut tap = Tap::new(Dialect::Boxlink);
        trace.pass(Wired::Whole, &mut tap, WireDirection::ToDevice, &packet(Class::Request, 1, 0), NOW);
        trace.lost(Wired::Whole, DeviceFault::Unplugged, NOW);
        let ports: Vec<_> = trace.answer(TraceQuery::default(), NOW).decoded().lines.iter().map(|line| line.port).collect();
        assert_eq!(ports, [Some(PortId(4)), Some(PortId(4)), Some(PortId(0)), None]);
    }

    #[test]
    fn a_file_says_what_it_may_hold_and_then_a_line_each() {
        let mut trace = Trace::default();
        let mut tap = Tap::new(Dialect::Boxlink);
        trace.opened(Wired::Whole, NOW);
        trace.pass(Wired::Whole, &mut tap, WireDirection::ToDevice, &packet(Class::Request, 1, 1), NOW);
        trace.pass(Wired::Whole, &mut tap, WireDirection::FromDevice, &packet(Class::Response, 1, 0), NOW);
        trace.lost(Wired::Whole, DeviceFault::Unplugged, NOW);
        let text = as_text(&trace.answer(TraceQuery::default(), NOW).decoded(), "May hold numbers.\nKeep it.", 0, &TimeZone::UTC);
        let expected = "# May hold numbers.\n# Keep it.\n\
            1970-01-01T00:00:01.000+00:00\t=\t-\topened\n\
            1970-01-01T00:00:01.000+00:00\t>\t1\trequest PING seq 1\t01\n\
            1970-01-01T00:00:01.000+00:00\t<\t1\tresponse PING seq 1 without status\n\
            1970-01-01T00:00:01.000+00:00\t=\t-\tlost unplugged\n";
        assert_eq!(text, expected);
    }
}
