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

/// The first byte of the message must be there within this time, in ms: 500 of the standards after the answer, the answer itself, 88 of
/// mark before the byte; the rest is for the way through a sound card and back.
const LONGEST_WAIT_MS: u64 = 1000;

/// The longest message that anybody sends takes less, in ms.
const LONGEST_MESSAGE_MS: u64 = 3000;

/// What follows on a break in a message takes no longer, in ms.
const LONGEST_REST_MS: u64 = 1000;

/// The echo of what goes out is back within this time, in ms, and an alerting signal is recognised after its end on either way.
const LONGEST_ECHO_MS: u64 = 350;

/// Recognises that a caller waits, and asks who it is.
#[derive(Clone, Debug)]
pub(super) struct WaitingCaller {
    alerting: AlertingReceiver,
    /// The same for what goes out on the line: its echo announces nobody.
    ours: AlertingReceiver,
    since_ours_ms: u64,
    answer: DtmfGenerator,
    message: FskReceiver,
    bursts: Vec<CallerIdBurst>,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Listening,
    /// The exchange was answered so long ago.
    Asking {
        for_ms: u64,
    },
    /// This came and is broken; the rest of it is for nobody's ear.
    Broken {
        burst: CallerIdBurst,
        for_ms: u64,
    },
}

impl WaitingCaller {
    /// All memory for listening and asking is taken now.
    pub(super) fn new() -> Self {
        WaitingCaller {
            alerting: AlertingReceiver::new(),
            ours: AlertingReceiver::new(),
            since_ours_ms: LONGEST_ECHO_MS,
            answer: DtmfGenerator::default(),
            message: FskReceiver::new(),
            bursts: Vec::with_capacity(4),
            stage: Stage::Listening,
        }
    }

    /// The call is over, or another one begins.
    pub(super) fn reset(&mut self) {
        self.alerting.reset();
        self.ours.reset();
        self.since_ours_ms = LONGEST_ECHO_MS;
        self.answer.clear();
        self.stage = Stage::Listening;
    }

    /// Whether neither side hears the other now.
    pub(super) fn is_asking(&self) -> bool {
        !matches!(self.stage, Stage::Listening)
    }

    /// Takes a frame that goes out on the line.
    pub(super) fn put_on_line(&mut self, frame: &Frame) {
        if self.ours.process(frame) {
            self.since_ours_ms = 0;
        }
    }

    /// Takes the newest frame of the line; `is_pressed`: a digit of ours sounds on it, and must not be cut in two. Tells what was sent of
    /// who waits when it is over: `Some(None)` when nothing came.
    pub(super) fn hear(&mut self, frame: &Frame, is_pressed: bool) -> Option<Option<CallerIdBurst>> {
        self.since_ours_ms = self.since_ours_ms.saturating_add(FRAME_MS);
        if !self.is_asking() {
            if self.alerting.process(frame) && !is_pressed && self.since_ours_ms > LONGEST_ECHO_MS {
                self.ask();
            }
            return None;
        }
        self.bursts.clear();
        self.message.process(frame, &mut self.bursts);
        let told = self.wait();
        if told.is_some() {
            self.reset();
        }
        told
    }

    /// Another frame has passed since the answer.
    fn wait(&mut self) -> Option<Option<CallerIdBurst>> {
        match &mut self.stage {
            Stage::Listening => None,
            Stage::Asking { for_ms } => {
                *for_ms += FRAME_MS;
                let bound_ms = if self.message.is_receiving() { LONGEST_MESSAGE_MS } else { LONGEST_WAIT_MS };
                match self.bursts.pop() {
                    Some(burst) if burst.caller().is_some() => Some(Some(burst)),
                    Some(burst) => {
                        self.stage = Stage::Broken { burst, for_ms: 0 };
                        None
                    }
                    None => (*for_ms >= bound_ms).then_some(None),
                }
            }
            Stage::Broken { burst, for_ms } => {
                *for_ms += FRAME_MS;
                let is_over = !self.message.has_carrier() || *for_ms >= LONGEST_REST_MS;
                is_over.then(|| Some(burst.clone()))
            }
        }
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
        self.stage = Stage::Asking { for_ms: 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::callerid::fsk::{FskShape, FskStandard, FskTransmitter};
    use crate::dsp::callerid::mdmf::CallData;
    use crate::dsp::callerid::{ALERTING_HZ, ALERTING_MS, BurstFault, BurstReading, CallerId, CallerIdSource, Presentation};
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
        line_with(message, after_ms, 0)
    }

    /// As [`line`], with a message whose bytes are as far apart as they may be.
    fn slow_line(message: &[u8]) -> Vec<Frame> {
        line_with(Some(message), 300, 10)
    }

    fn line_with(message: Option<&[u8]>, after_ms: usize, stuffing_bits: u32) -> Vec<Frame> {
        let mut samples = vec![0_i16; 1000];
        let mut signal = vec![0; ALERTING_MS as usize * 8];
        ToneGenerator::new(&ToneSpec { frequencies_hz: ALERTING_HZ.to_vec(), level_dbm0: -18.0, cadence_ms: vec![] }).fill(&mut signal);
        samples.extend(signal);
        samples.resize(samples.len() + after_ms * 8, 0);
        if let Some(message) = message {
            let mut transmitter = FskTransmitter::new(
                FskShape { seizure_bits: 0, mark_bits: 80, stuffing_bits, ..FskShape::of(FskStandard::Bell202) },
                message,
            );
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
        assert!(silent * 20 < 1100, "{} ms of silence", silent * 20);
    }

    #[test]
    fn where_nothing_comes_the_conversation_goes_on() {
        let (sent, told, silent) = through(&line(None, 0), false);
        assert_eq!((told, silent), (vec![None], 50));
        assert_eq!(sent.last().unwrap().0[0], 7000);
    }

    #[test]
    fn the_rest_of_a_broken_message_is_for_nobodys_ear() {
        let message = CallData::of_caller_id(&caller()).to_mdmf();
        let mut wrong_sum = message.clone();
        wrong_sum[4] ^= 0x10;
        let mut noisy = line(Some(&message), 300);
        // Fifteen bits of space in the middle: a byte without stop bit.
        let middle = 125 + 80 + 300 + 67 + 60;
        let (mut phase, turn) = (0.0_f32, std::f32::consts::TAU * 2200.0 / 8000.0);
        for n in middle * 8..(middle + 13) * 8 {
            noisy[n / 160].0[n % 160] = (2000.0 * phase.sin()) as i16;
            phase += turn;
        }
        for (frames, fault) in [(line(Some(&wrong_sum), 300), BurstFault::Checksum), (noisy, BurstFault::Framing)] {
            let mut waiting = WaitingCaller::new();
            let (mut told, mut heard) = (Vec::new(), 0);
            for (n, frame) in frames.iter().enumerate() {
                let was_asking = waiting.is_asking();
                told.extend(waiting.hear(frame, false));
                let is_apart = was_asking || waiting.is_asking();
                // The announcement itself is for the ear of who talks.
                heard += usize::from(n > 15 && !is_apart && frame.0.iter().any(|sample| sample.abs() > 500));
            }
            let reading = told.first().and_then(Option::as_ref).map(|burst| &burst.reading);
            assert_eq!((told.len(), reading), (1, Some(&BurstReading::NotUnderstood { fault })));
            assert_eq!(heard, 0, "frames of {fault:?}");
        }
    }

    #[test]
    fn a_digit_that_sounds_is_not_cut_in_two() {
        assert_eq!(through(&line(None, 0), true).1, []);
    }

    #[test]
    fn the_echo_of_a_signal_of_ours_announces_nobody() {
        for (echo_frames, asks) in [(1, false), (5, false), (30, true)] {
            let mut waiting = WaitingCaller::new();
            let ours = line(None, 0);
            let mut told = Vec::new();
            for n in 0..ours.len() {
                waiting.put_on_line(&ours[n]);
                let echo = n.checked_sub(echo_frames).map_or(Frame::SILENCE, |n| Frame(ours[n].0.map(|sample| sample / 4)));
                told.extend(waiting.hear(&echo, false));
            }
            assert_eq!(!told.is_empty(), asks, "{echo_frames} frames later");
        }
    }

    #[test]
    fn a_message_that_never_ends_does_not_keep_the_sides_apart() {
        // Ten ones more after each byte make the longest message take more than four seconds.
        let message = [&[0x80, 0xfc][..], &[0x55; 253]].concat();
        let (_, told, silent) = through(&slow_line(&message), false);
        assert_eq!(told, [None]);
        assert!((145..=155).contains(&silent), "{silent} frames");
    }
}
