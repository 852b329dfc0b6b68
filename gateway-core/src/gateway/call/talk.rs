//! Talking: what happens between answer and end, the same whichever way the call went.

use std::time::Duration;

use super::moves::Side;
use super::{Audio, Bridge, CallEvent, Ending, Step, recall};
use crate::config::settings::DtmfToSip;
use crate::fxo::line::{HangUpEvidence, LineReport};
use crate::gateway::record::EndCause;
use crate::media::{Digit, MediaCommand, MediaEvent};
use crate::sdp::SdpError;
use crate::sip::agent::{SessionEnd, SessionId};

/// How long a digit from SIP INFO sounds when the INFO does not say.
const INFO_DIGIT: Duration = Duration::from_millis(100);

/// Longest digit that an INFO can ask for: a hostile duration must not hold the line's audio.
const LONGEST_INFO_DIGIT: Duration = Duration::from_millis(2000);

/// What an INFO body asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InfoSignal {
    /// A digit.
    Digit(Digit, Duration),
    /// A hook flash.
    Flash,
}

/// Handles an event of an answered call: first evidence of an end wins.
pub(super) fn handle(event: CallEvent, side: Side<'_>, bridge: &mut Bridge<'_>) -> Step {
    let Side { session: &mut session, audio, timers } = side;
    match event {
        CallEvent::Line(report) => line(report, session, bridge),
        CallEvent::Media(MediaEvent::Flash) => {
            recall::flash(timers, bridge);
            Step::Continue
        }
        CallEvent::Media(event) => media(event, session, bridge),
        CallEvent::Acknowledged(body) => acknowledged(&body, session, audio, bridge),
        CallEvent::Offer(body) => offer(&body, session, audio, bridge),
        CallEvent::Reanswered(body) => {
            // An answer that cannot be read changes nothing: what was agreed still holds, and the peer lives.
            if audio.accept_again(&body) {
                bridge.attach(session, audio);
            }
            Step::Continue
        }
        CallEvent::Info { content_type, body } => {
            match parse_info(&content_type, &body) {
                Some(InfoSignal::Digit(digit, duration)) => bridge.media.push(MediaCommand::Digit { digit, duration }),
                Some(InfoSignal::Flash) => recall::flash(timers, bridge),
                None => {}
            }
            Step::Continue
        }
        CallEvent::SessionEnded(end) => Step::End(Ending::new(match end {
            SessionEnd::Bye { .. } => EndCause::SipHungUp,
            SessionEnd::NoAck | SessionEnd::Gone => EndCause::SipLost,
            SessionEnd::Expired => EndCause::SessionExpired,
        })),
        CallEvent::End(cause) => hang_up(cause, session, bridge),
        // The line has answered, and our answer still waits for the PRACK of what was said before it.
        CallEvent::Cancelled { .. } => Step::End(Ending::new(EndCause::SipCancelled).with_status(487)),
        CallEvent::Referred(_)
        | CallEvent::Replaced(_)
        | CallEvent::LegProgress { .. }
        | CallEvent::LegAnswered { .. }
        | CallEvent::LegRefused { .. }
        | CallEvent::LegRedirected { .. }
        | CallEvent::Measured { .. }
        | CallEvent::Targets(_) => Step::Continue,
    }
}

/// Ends an answered call from our side.
pub(super) fn hang_up(cause: EndCause, session: SessionId, bridge: &mut Bridge<'_>) -> Step {
    bridge.hang_up(session, Some(q850_of(cause)));
    Step::End(Ending::new(cause))
}

fn line(report: LineReport, session: SessionId, bridge: &mut Bridge<'_>) -> Step {
    let evidence = match report {
        LineReport::HungUp(evidence) => evidence,
        LineReport::Progress(_)
        | LineReport::Ringing
        | LineReport::Caller(_)
        | LineReport::RingingEnded
        | LineReport::Seized
        | LineReport::SeizeFailed(_)
        | LineReport::Dialed
        | LineReport::Released
        | LineReport::Available
        | LineReport::StuckOffHook
        | LineReport::State(_) => return Step::Continue,
    };
    let cause = match evidence {
        HangUpEvidence::DeviceGone => EndCause::DeviceGone,
        HangUpEvidence::LoopInterruption { .. }
        | HangUpEvidence::PolarityReversal
        | HangUpEvidence::DisconnectTone(_)
        | HangUpEvidence::DialTone(_)
        | HangUpEvidence::BatteryLost
        | HangUpEvidence::Together { .. } => EndCause::LineHungUp,
    };
    bridge.hang_up(session, Some(q850_of(cause)));
    Step::End(Ending { evidence: Some(evidence), ..Ending::new(cause) })
}

fn media(event: MediaEvent, session: SessionId, bridge: &mut Bridge<'_>) -> Step {
    match event {
        MediaEvent::RtpLost { .. } => return hang_up(EndCause::NoRtp, session, bridge),
        MediaEvent::Silence { .. } => return hang_up(EndCause::Silence, session, bridge),
        MediaEvent::LineDigit(digit) if bridge.settings.dtmf_to_sip == DtmfToSip::Info => {
            let body = format!("Signal={digit}\r\nDuration=100\r\n").into_bytes();
            bridge.info(session, "application/dtmf-relay", body);
        }
        MediaEvent::LineDigit(_)
        | MediaEvent::Flash
        | MediaEvent::NetDigit(_)
        | MediaEvent::Tone(_)
        | MediaEvent::Voice
        | MediaEvent::CallerIdBurst(_)
        | MediaEvent::WaitingCaller(_)
        | MediaEvent::CallerId(_)
        | MediaEvent::Dialed
        | MediaEvent::RtpStarted { .. }
        | MediaEvent::RtpMissing { .. }
        | MediaEvent::SoundTested(_)
        | MediaEvent::Meter(_)
        | MediaEvent::Analysis(_) => {}
    }
    Step::Continue
}

fn acknowledged(body: &[u8], session: SessionId, audio: &mut Audio, bridge: &mut Bridge<'_>) -> Step {
    // Without an offer in the INVITE the ACK must bring the answer to ours (RFC 3261 §13.2.1): without it no audio ever flows,
    // and nothing would watch over the call.
    if !audio.awaits_answer() {
        return Step::Continue;
    }
    match audio.accept(body) {
        Ok(()) => {
            bridge.attach(session, audio);
            Step::Continue
        }
        Err(_) => hang_up(EndCause::NoCommonCodec, session, bridge),
    }
}

pub(super) fn offer(body: &[u8], session: SessionId, audio: &mut Audio, bridge: &mut Bridge<'_>) -> Step {
    let answer = if body.is_empty() { Ok(audio.offer()) } else { audio.answer(body) };
    let answered = answer.map_err(|error| match error {
        SdpError::Malformed => 400,
        SdpError::NoCommonCodec | SdpError::NoAudio | SdpError::NoAddress | SdpError::NotSecured => 488,
    });
    if answered.is_ok() {
        bridge.attach(session, audio);
    }
    bridge.answer_offer(session, answered);
    Step::Continue
}

/// The Q.850 cause that goes with a BYE.
fn q850_of(cause: EndCause) -> u8 {
    match cause {
        EndCause::DeviceGone | EndCause::SeizeFailed => 27,
        EndCause::NoRtp | EndCause::Silence | EndCause::LongestCall | EndCause::BudgetSpent => 102,
        EndCause::Operator | EndCause::Stopped | EndCause::Asleep => 31,
        EndCause::NoCommonCodec => 65,
        EndCause::CollectRefused | EndCause::NumberBlocked => 21,
        EndCause::SipHungUp
        | EndCause::SipCancelled
        | EndCause::SipLost
        | EndCause::SessionExpired
        | EndCause::LineHungUp
        | EndCause::CallerGaveUp
        | EndCause::TargetRefused
        | EndCause::TransferFailed
        | EndCause::Transferred
        | EndCause::NoTarget
        | EndCause::Glare
        | EndCause::NoDialTone
        | EndCause::Busy
        | EndCause::Congestion
        | EndCause::Unobtainable
        | EndCause::NoAnswer
        | EndCause::TestOver => 16,
    }
}

/// Reads `application/dtmf-relay` (`Signal=5`, `Duration=160`) and `application/dtmf` (`5`). Event 16 and `hf` are a flash.
pub(super) fn parse_info(content_type: &str, body: &[u8]) -> Option<InfoSignal> {
    let text = std::str::from_utf8(body).ok()?;
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (signal, duration) = match kind.as_str() {
        "application/dtmf-relay" => {
            let value = |name: &str| {
                let pair = text.lines().filter_map(|line| line.split_once('=')).find(|(key, _)| key.trim().eq_ignore_ascii_case(name));
                pair.map(|(_, value)| value.trim())
            };
            let millis = value("duration").and_then(|text| text.parse().ok()).map(Duration::from_millis);
            (value("signal")?, millis.unwrap_or(INFO_DIGIT))
        }
        "application/dtmf" => (text.trim(), INFO_DIGIT),
        _ => return None,
    };
    if signal.eq_ignore_ascii_case("hf") || signal == "16" {
        return Some(InfoSignal::Flash);
    }
    let digit = match signal {
        "10" => '*',
        "11" => '#',
        other => other.chars().next().filter(|_| other.len() == 1)?.to_ascii_uppercase(),
    };
    let known = digit.is_ascii_digit() || matches!(digit, '*' | '#' | 'A'..='D');
    known.then_some(InfoSignal::Digit(digit, duration.clamp(INFO_DIGIT / 2, LONGEST_INFO_DIGIT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn info_bodies_become_digits_and_flashes() {
        let relay = |body: &str| parse_info("application/dtmf-relay", body.as_bytes());
        assert_eq!(relay("Signal=5\r\nDuration=160\r\n"), Some(InfoSignal::Digit('5', Duration::from_millis(160))));
        assert_eq!(relay("Signal= *\nDuration= 99999999"), Some(InfoSignal::Digit('*', LONGEST_INFO_DIGIT)));
        assert_eq!(relay("signal=hf"), Some(InfoSignal::Flash));
        assert_eq!(parse_info("application/dtmf", b"#"), Some(InfoSignal::Digit('#', INFO_DIGIT)));
        assert_eq!(parse_info("application/dtmf; x=y", b"16"), Some(InfoSignal::Flash));
        assert_eq!(parse_info("application/dtmf", b"\xff"), None);
        assert_eq!(parse_info("text/plain", b"5"), None);
        assert_eq!(relay("Signal=55"), None);
    }
}
