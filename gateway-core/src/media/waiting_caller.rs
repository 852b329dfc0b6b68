//! A caller who waits, announced in a call: the exchange is asked who it is while the conversation is silent for a moment.
//!
//! The exchange sends its alerting signal, the subscriber answers with the digit D within 100 ms, and the exchange sends caller ID by
//! FSK up to 500 ms later (Telcordia GR-575; ETSI EN 300 659-2). Meanwhile neither side may hear the other, or the voice of one would
//! disturb the bits, and the bits the ear of the other.

use std::time::Duration;

use crate::dsp::callerid::fsk::FskReceiver;
use crate::dsp::callerid::{AlertingReceiver, CallerIdBurst};
use crate::dsp::dtmf::DtmfGenerator;
use crate::dsp::{FRAME_MS, Frame};

/// The answer: the digit D for 55 to 65 ms.
const ANSWER: &str = "D";
const ANSWER_LENGTH: Duration = Duration::from_millis(60);

/// What is sent must begin within this time after the answer, in ms: 500 of the standards, the answer itself, and the way through a
/// sound card and back.
const LONGEST_WAIT_MS: u64 = 800;

/// The longest message that anybody sends takes less, in ms.
const LONGEST_MESSAGE_MS: u64 = 3000;

/// Recognises that a caller waits, and asks who it is.
#[derive(Clone, Debug)]
pub(super) struct WaitingCaller {
    alerting: AlertingReceiver,
    answer: DtmfGenerator,
    message: FskReceiver,
    bursts: Vec<CallerIdBurst>,
    /// How long ago the exchange was answered, in ms; `None`: it asks nothing.
    asked_ms: Option<u64>,
}

impl WaitingCaller {
    /// All memory that it works with is taken now.
    pub(super) fn new() -> Self {
        WaitingCaller {
            alerting: AlertingReceiver::new(),
            answer: DtmfGenerator::default(),
            message: FskReceiver::new(),
            bursts: Vec::with_capacity(4),
            asked_ms: None,
        }
    }

    /// The call is over, or another one begins.
    pub(super) fn reset(&mut self) {
        self.alerting.reset();
        self.answer.clear();
        self.asked_ms = None;
    }

    /// Whether neither side hears the other now.
    pub(super) fn is_asking(&self) -> bool {
        self.asked_ms.is_some()
    }

    /// Takes the newest frame of the line; `is_pressed`: a digit of ours sounds on it, and must not be cut in two. Tells what was sent of
    /// who waits when it is over: `Some(None)` when nothing came.
    pub(super) fn hear(&mut self, frame: &Frame, is_pressed: bool) -> Option<Option<CallerIdBurst>> {
        let Some(asked_ms) = &mut self.asked_ms else {
            if self.alerting.process(frame) && !is_pressed {
                self.ask();
            }
            return None;
        };
        *asked_ms += FRAME_MS;
        let waited_ms = *asked_ms;
        self.bursts.clear();
        self.message.process(frame, &mut self.bursts);
        let burst = self.bursts.pop();
        let bound_ms = if self.message.is_receiving() { LONGEST_MESSAGE_MS } else { LONGEST_WAIT_MS };
        if burst.is_none() && waited_ms < bound_ms {
            return None;
        }
        self.reset();
        Some(burst)
    }

    /// What goes out on the line meanwhile, in the place of the other side: the answer, and else silence.
    pub(super) fn frame(&mut self) -> Frame {
        let mut frame = Frame::SILENCE;
        if !self.answer.is_idle() {
            self.answer.fill(&mut frame);
        }
        frame
    }

    fn ask(&mut self) {
        self.message.reset();
        // An empty generator takes a digit.
        let _ = self.answer.push(ANSWER, ANSWER_LENGTH, Duration::ZERO);
        self.asked_ms = Some(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::callerid::fsk::{FskShape, FskStandard, FskTransmitter};
    use crate::dsp::callerid::mdmf::CallData;
    use crate::dsp::callerid::{ALERTING_HZ, ALERTING_MS, CallerId, CallerIdSource, Presentation};
    use crate::dsp::dtmf::{DtmfEvent, DtmfReceiver};
    use crate::dsp::tone::{ToneGenerator, ToneSpec};

    /// What the subscriber puts on the line while it hears these frames, what is told, and for how many frames nobody hears the other.
    fn through(line: &[Frame], is_pressed: bool) -> (Vec<Frame>, Vec<Option<CallerIdBurst>>, usize) {
        let mut waiting = WaitingCaller::new();
        let (mut sent, mut told, mut silent) = (Vec::new(), Vec::new(), 0);
        for frame in line {
            told.extend(waiting.hear(frame, is_pressed));
            silent += usize::from(waiting.is_asking());
            sent.push(if waiting.is_asking() { waiting.frame() } else { Frame([7000; 160]) });
        }
        (sent, told, silent)
    }

    /// The alerting signal, and the message `after_ms` later.
    fn line(message: Option<&[u8]>, after_ms: usize) -> Vec<Frame> {
        let mut samples = vec![0_i16; 1000];
        let mut signal = vec![0; ALERTING_MS as usize * 8];
        ToneGenerator::new(&ToneSpec { frequencies_hz: ALERTING_HZ.to_vec(), level_dbm0: -18.0, cadence_ms: vec![] }).fill(&mut signal);
        samples.extend(signal);
        samples.resize(samples.len() + after_ms * 8, 0);
        if let Some(message) = message {
            let mut transmitter =
                FskTransmitter::new(FskShape { seizure_bits: 0, mark_bits: 80, ..FskShape::of(FskStandard::Bell202) }, message);
            let mut frame = Frame::SILENCE;
            while !transmitter.fill(&mut frame) {
                samples.extend(frame.0);
            }
            samples.extend(frame.0);
        }
        samples.resize(samples.len().next_multiple_of(160) + 8000 * 4, 0);
        samples.chunks_exact(160).map(|piece| Frame(piece.try_into().unwrap())).collect()
    }

    fn caller() -> CallerId {
        let number = Some("1133334444".to_owned());
        CallerId { number, name: None, presentation: Presentation::Allowed, category: None, source: CallerIdSource::Bell202 }
    }

    #[test]
    fn the_exchange_is_answered_with_one_digit_and_tells_who_it_is() {
        let message = CallData::of_caller_id(&caller()).to_mdmf();
        let (sent, told, silent) = through(&line(Some(&message), 300), false);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].as_ref().and_then(CallerIdBurst::caller), Some(&caller()));
        let (mut receiver, mut events) = (DtmfReceiver::new(), Vec::new());
        let muted: Vec<&Frame> = sent.iter().filter(|frame| frame.0[0] != 7000).collect();
        muted.iter().for_each(|frame| receiver.process(frame, &mut events));
        receiver.process(&Frame::SILENCE, &mut events);
        let digits: Vec<char> =
            events.iter().filter_map(|event| if let DtmfEvent::Begin { digit, .. } = event { Some(*digit) } else { None }).collect();
        assert_eq!((digits, muted.len()), (vec!['D'], silent));
        let sounding = muted.iter().flat_map(|frame| &frame.0).filter(|sample| sample.abs() > 100).count();
        assert!((400..=500).contains(&sounding), "{sounding} samples of answer");
        assert!(silent * 20 < 1000, "{} ms of silence", silent * 20);
    }

    #[test]
    fn where_nothing_comes_or_something_broken_the_conversation_goes_on() {
        let (sent, told, silent) = through(&line(None, 0), false);
        assert_eq!((told, silent), (vec![None], 40));
        assert_eq!(sent.last().unwrap().0[0], 7000);
        let mut message = CallData::of_caller_id(&caller()).to_mdmf();
        message[4] ^= 0x10;
        let (_, told, _) = through(&line(Some(&message), 300), false);
        assert!(matches!(&told[..], [Some(burst)] if burst.caller().is_none()), "{told:?}");
    }

    #[test]
    fn a_digit_that_sounds_is_not_cut_in_two() {
        assert_eq!(through(&line(None, 0), true).1, []);
    }

    #[test]
    fn a_message_that_never_ends_does_not_keep_the_sides_apart() {
        // A length that the rest never comes to, with bytes that go on for ten seconds.
        let mut message = vec![0x80, 0xff];
        message.extend([0x55; 1200]);
        let (_, told, silent) = through(&line(Some(&message), 300), false);
        assert!(told.len() <= 2 && silent * 20 <= 3020, "{told:?} {silent}");
    }
}
