//! Whether a line sends caller ID at all, by what its last calls heard: a pure function of their timelines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::mark::MarkKind;
use crate::dsp::callerid::{BurstContent, BurstFault, BurstReading, CallerIdBurst, CallerIdSource};

/// How many incoming calls are looked at, the newest first.
pub const CALLS_LOOKED_AT: u32 = 10;

/// Calls in which nothing was heard before a line is said to send nothing.
const LEAST_SILENT: u32 = 3;

/// Caller ID after the first ring is over by then, counted from the end of the ring (Telcordia GR-30 and ETSI EN 300 659-1 begin it 0.5
/// to 1.5 s after the ring; it lasts a second at most).
const WAITED_MS: i64 = 2000;

/// What can be said of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum CallerIdVerdict {
    /// It sends caller ID, which is understood.
    Works {
        /// How, in most of the calls.
        source: CallerIdSource,
        /// Calls in which it was understood.
        understood: u32,
        /// Calls that tell anything.
        of: u32,
    },
    /// It sends something, and that was not understood in most of the calls.
    Unreadable {
        /// Calls in which it was not understood.
        unread: u32,
        /// Calls that tell anything.
        of: u32,
    },
    /// It sends none: enough rings were waited for, and nothing was heard.
    SendsNone {
        /// Calls in which nothing was heard.
        of: u32,
    },
    /// Too few calls tell anything.
    Unknown {
        /// Calls that do.
        of: u32,
        /// Calls that it takes.
        least: u32,
    },
}

/// What one call tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Understood(CallerIdSource),
    Unread,
    Nothing,
}

/// Judges a line by the timelines of its incoming calls: of each the marks, with their times in ms from any zero, oldest first.
#[must_use]
pub fn caller_id_verdict<'a, C>(calls: impl IntoIterator<Item = C>) -> CallerIdVerdict
where
    C: IntoIterator<Item = (i64, &'a MarkKind)>,
{
    let (mut sources, mut understood, mut unread, mut silent) = (BTreeMap::new(), 0, 0, 0);
    for told in calls.into_iter().filter_map(told_by) {
        match told {
            Told::Understood(source) => {
                understood += 1;
                *sources.entry(source).or_insert(0) += 1;
            }
            Told::Unread => unread += 1,
            Told::Nothing => silent += 1,
        }
    }
    let of = understood + unread + silent;
    let usual = sources.into_iter().max_by_key(|&(_, calls)| calls).map(|(source, _): (_, u32)| source);
    match usual {
        Some(source) if understood >= unread => CallerIdVerdict::Works { source, understood, of },
        Some(_) | None if unread > 0 => CallerIdVerdict::Unreadable { unread, of },
        Some(_) | None if silent >= LEAST_SILENT => CallerIdVerdict::SendsNone { of },
        Some(_) | None => CallerIdVerdict::Unknown { of, least: LEAST_SILENT },
    }
}

/// What a call tells; `None`: it was answered or given up before caller ID could have come.
fn told_by<'a>(marks: impl IntoIterator<Item = (i64, &'a MarkKind)>) -> Option<Told> {
    let (mut rung_ms, mut is_waited, mut unread, mut off_hook) = (None, false, false, false);
    for (at_ms, what) in marks {
        if let MarkKind::CallerId(caller) = what {
            return Some(Told::Understood(caller.source));
        }
        unread |= matches!(what, MarkKind::CallerIdBurst(burst) if is_attempt(burst));
        if let Some(rung_ms) = rung_ms {
            // The second ring ends the pause in which caller ID comes.
            let is_rung_again = matches!(what, MarkKind::RingOn { .. });
            is_waited |= !off_hook && (is_rung_again || at_ms - rung_ms >= WAITED_MS);
        } else if let MarkKind::RingOff { .. } = what {
            rung_ms = Some(at_ms);
        }
        off_hook |= matches!(what, MarkKind::Seizing);
    }
    match (unread, is_waited) {
        (true, _) => Some(Told::Unread),
        (false, true) => Some(Told::Nothing),
        (false, false) => None,
    }
}

/// Whether the exchange sent this: a parallel telephone that dials is none of its doing.
fn is_attempt(burst: &CallerIdBurst) -> bool {
    let is_dialled =
        matches!((&burst.content, &burst.reading), (BurstContent::Dtmf { .. }, BurstReading::NotUnderstood { fault: BurstFault::NoStart }));
    !is_dialled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::callerid::{CallerId, Checksum, Presentation};
    use crate::gateway::record::EndCause;

    type Call = Vec<(i64, MarkKind)>;

    fn verdict(calls: &[Call]) -> CallerIdVerdict {
        caller_id_verdict(calls.iter().map(|call| call.iter().map(|(at_ms, what)| (*at_ms, what))))
    }

    fn ring(at_ms: i64) -> Call {
        vec![(at_ms, MarkKind::RingOn { frequency_hz: None }), (at_ms + 1000, MarkKind::RingOff { on_ms: 1000 })]
    }

    fn rings(marks: Call, end: (i64, MarkKind)) -> Call {
        let mut call = [ring(0), marks].concat();
        call.push(end);
        call.sort_by_key(|(at_ms, _)| *at_ms);
        call
    }

    fn over(at_ms: i64) -> (i64, MarkKind) {
        (at_ms, MarkKind::Ended { cause: EndCause::CallerGaveUp })
    }

    fn understood(source: CallerIdSource) -> Call {
        let caller = CallerId { number: None, name: None, presentation: Presentation::Private, category: None, source };
        rings(vec![(1800, MarkKind::CallerId(caller))], over(9000))
    }

    fn unread(content: BurstContent, fault: BurstFault) -> Call {
        let burst = CallerIdBurst { level_dbm0: -20.0, snr_db: None, content, reading: BurstReading::NotUnderstood { fault } };
        rings(vec![(1800, MarkKind::CallerIdBurst(Box::new(burst)))], over(9000))
    }

    fn fsk() -> BurstContent {
        BurstContent::Fsk { standard: None, bytes: vec![0x80], twist_db: None, checksum: Checksum::Missing, message_type: None }
    }

    #[test]
    fn a_line_that_sends_it_works_also_where_some_calls_have_none() {
        let calls = [understood(CallerIdSource::V23), rings(vec![], over(9000)), understood(CallerIdSource::V23)];
        assert_eq!(verdict(&calls), CallerIdVerdict::Works { source: CallerIdSource::V23, understood: 2, of: 3 });
        let mixed = [understood(CallerIdSource::Dtmf), unread(fsk(), BurstFault::Checksum)];
        assert_eq!(verdict(&mixed), CallerIdVerdict::Works { source: CallerIdSource::Dtmf, understood: 1, of: 2 });
    }

    #[test]
    fn what_is_never_or_seldom_understood_is_unreadable() {
        assert_eq!(verdict(&[unread(fsk(), BurstFault::CutShort)]), CallerIdVerdict::Unreadable { unread: 1, of: 1 });
        let mostly = [understood(CallerIdSource::Bell202), unread(fsk(), BurstFault::Framing), unread(fsk(), BurstFault::Checksum)];
        assert_eq!(verdict(&mostly), CallerIdVerdict::Unreadable { unread: 2, of: 3 });
    }

    #[test]
    fn a_line_sends_none_when_three_calls_were_waited_for_in_vain() {
        let silent = || rings(vec![], over(3000));
        assert_eq!(verdict(&[silent(), silent()]), CallerIdVerdict::Unknown { of: 2, least: 3 });
        assert_eq!(verdict(&[silent(), silent(), silent()]), CallerIdVerdict::SendsNone { of: 3 });
        // A telephone beside us that dials is no caller ID.
        let dialled = || unread(BurstContent::Dtmf { digits: "190".into() }, BurstFault::NoStart);
        assert_eq!(verdict(&[dialled(), dialled(), dialled()]), CallerIdVerdict::SendsNone { of: 3 });
        // Nor is a second ring waited longer for.
        let second = || rings(ring(2500), (2600, MarkKind::Seizing));
        assert_eq!(verdict(&[second(), second(), second()]), CallerIdVerdict::SendsNone { of: 3 });
    }

    #[test]
    fn calls_that_were_answered_or_given_up_too_early_tell_nothing() {
        let answered = || rings(vec![(1500, MarkKind::Seizing), (1500, MarkKind::Hook { off_hook: true })], over(60_000));
        let given_up = || rings(vec![], over(2900));
        let bare = || vec![over(0)];
        assert_eq!(verdict(&[answered(), given_up(), bare(), vec![]]), CallerIdVerdict::Unknown { of: 0, least: 3 });
        assert_eq!(verdict(&[]), CallerIdVerdict::Unknown { of: 0, least: 3 });
    }
}
