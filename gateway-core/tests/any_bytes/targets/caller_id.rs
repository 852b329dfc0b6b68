//! Any bytes as what a line sends to tell who calls: as a message, as the same message in sound, as digits, as the sound itself,
//! and as what follows an alerting signal in a call.

use gateway_core::config::country;
use gateway_core::config::settings::PortSettings;
use gateway_core::dsp::callerid::dtmf::{self, CategoryDigit, DtmfCallerIdReceiver};
use gateway_core::dsp::callerid::fsk::{FskReceiver, FskShape, FskStandard, FskTransmitter};
use gateway_core::dsp::callerid::mdmf::{self, CallData};
use gateway_core::dsp::callerid::{
    ALERTING_HZ, BurstContent, BurstFault, BurstReading, CallerId, CallerIdBurst, CallerIdReceiver, Checksum, MessageType, Presentation,
};
use gateway_core::dsp::tone::{ToneGenerator, ToneSpec};
use gateway_core::dsp::{FRAME_SAMPLES, Frame, g711};
use gateway_core::gateway::plan;
use gateway_core::media::{Channel, Ear, MediaCommand, MediaEvent, MediaOutput, MediaPlan};
use gateway_core::sdp::{Agreed, Codec};
use gateway_core::time::Moment;

/// Bytes of an input that are sent as a message: a second of sound.
const MOST_SENT: usize = 96;

/// Silence after a burst, in frames: longer than the pause that ends a string of digits.
const AFTERWARDS: usize = 50;

/// For so many frames at most the two sides of a call are kept apart.
const LONGEST_SILENCE: usize = 151;

/// The sixteen signs by the half of a byte.
const SIGNS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

pub fn holds(bytes: &[u8]) {
    if let Ok(data) = mdmf::parse(bytes) {
        data_holds(data);
    }
    for standard in [FskStandard::Bell202, FskStandard::V23] {
        // What follows a whole message is another burst.
        let total = bytes.get(1).map_or(usize::MAX, |&length| usize::from(length) + 3);
        sent_is_heard(standard, &bytes[..bytes.len().min(total).min(MOST_SENT)]);
    }
    digits_hold(bytes);
    sound_holds(bytes);
    conversation_holds(bytes);
}

fn data_holds(data: CallData) {
    assert!(data.number.as_ref().is_none_or(|number| !number.is_empty() && number.len() <= 32 && number.is_ascii()));
    assert!(data.name.as_ref().is_none_or(|name| name.chars().count() <= 50 && !name.chars().any(char::is_control)));
    // What is written again is read as the same, but for a reason why a number or name is missing that is there.
    let plain = CallData {
        number_absence: data.number_absence.filter(|_| data.number.is_none()),
        name_absence: data.name_absence.filter(|_| data.name.is_none()),
        ..data
    };
    assert_eq!(mdmf::parse(&plain.to_mdmf()), Ok(plain));
}

/// On a clean line every byte that is sent arrives, whatever it says, and the burst tells what it was.
fn sent_is_heard(standard: FskStandard, message: &[u8]) {
    let mut transmitter = FskTransmitter::new(FskShape { seizure_bits: 120, mark_bits: 120, ..FskShape::of(standard) }, message);
    let (mut receiver, mut bursts, mut frame) = (FskReceiver::new(), Vec::new(), Frame::SILENCE);
    while !transmitter.fill(&mut frame) {
        receiver.process(&frame, &mut bursts);
    }
    receiver.process(&frame, &mut bursts);
    for _ in 0..AFTERWARDS {
        receiver.process(&Frame::SILENCE, &mut bursts);
    }
    let [CallerIdBurst { content, reading, .. }] = &bursts[..] else { panic!("{bursts:?}") };
    let BurstContent::Fsk { bytes, checksum, message_type, .. } = content else { panic!("{content:?}") };
    let total = message.get(1).map_or(usize::MAX, |&length| usize::from(length) + 3);
    assert_eq!(bytes[..], *message);
    assert_eq!(*message_type, message.first().map(|&first| MessageType::of(first)));
    if message.len() < total {
        let fault = if message.is_empty() { BurstFault::NoMessage } else { BurstFault::CutShort };
        assert_eq!((*checksum, reading), (Checksum::Missing, &BurstReading::NotUnderstood { fault }));
    } else {
        match (mdmf::parse(bytes), reading) {
            (Ok(data), BurstReading::Understood { caller, .. }) => assert_eq!(*caller, data.into_caller_id(standard.source())),
            (Err(error), BurstReading::NotUnderstood { fault }) => assert_eq!(BurstFault::from(error), *fault),
            (parsed, reading) => panic!("{parsed:?} {reading:?}"),
        }
    }
}

fn digits_hold(bytes: &[u8]) {
    let signs = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| SIGNS[usize::from(half)]);
    let signs: String = signs.take(4 * DtmfCallerIdReceiver::LONGEST).collect();
    for category_digit in [CategoryDigit::Never, CategoryDigit::Brazil] {
        if let Some(caller) = dtmf::parse(&signs, category_digit) {
            assert_eq!(caller.number.is_some(), caller.presentation == Presentation::Allowed);
            // What an exchange would send for this caller says the same.
            let again = dtmf::parse(&dtmf::to_digits(&caller), category_digit).expect("what is sent is understood");
            assert_eq!((again.presentation, again.number.is_some()), (caller.presentation, caller.number.is_some()));
        }
        let mut receiver = DtmfCallerIdReceiver::new(category_digit);
        for (n, sign) in signs.chars().enumerate() {
            let over = receiver.digit(sign, Moment::from_millis(n as u64 * 100));
            let Some(over) = over else { continue };
            assert!(!over.digits.is_empty() && over.digits.len() <= DtmfCallerIdReceiver::LONGEST);
            over.caller.iter().for_each(caller_holds);
        }
    }
}

/// Samples from the lower byte to the higher, with silence afterwards: a burst is bounded, and nothing is received for ever.
fn sound_holds(bytes: &[u8]) {
    let (mut receiver, mut callers) = (CallerIdReceiver::default(), Vec::new());
    for frame in frames_of(&samples_of(bytes)).chain(std::iter::repeat_n(Frame::SILENCE, AFTERWARDS)) {
        receiver.process(&frame, &mut callers);
        receiver.bursts().iter().for_each(burst_holds);
    }
    callers.iter().for_each(caller_holds);
    assert!(!receiver.is_receiving());
}

/// After an alerting signal whatever comes keeps the two sides of a call apart for three seconds at most, and what is told is bounded.
fn conversation_holds(bytes: &[u8]) {
    let mut port = PortSettings::default();
    port.line.waiting_caller_id = true;
    let mut channel = Channel::new(plan::media_config(&port, country::brazil()));
    let (mut now, mut out) = (Moment::ZERO, Vec::new());
    channel.command(MediaCommand::Listen(Ear::OffHook), now, &mut out);
    let agreed = Agreed::plain(([192, 0, 2, 1], 4000).into(), Codec::Pcma);
    channel.command(MediaCommand::Attach(Box::new(MediaPlan::new(agreed, 1, "any bytes"))), now, &mut out);
    let mut alerting = vec![0; FRAME_SAMPLES * 4];
    ToneGenerator::new(&ToneSpec { frequencies_hz: ALERTING_HZ.to_vec(), level_dbm0: -15.0, cadence_ms: Vec::new() }).fill(&mut alerting);
    let mut hear = |frame: &Frame, out: &mut Vec<MediaOutput>| {
        now = Moment::from_millis(now.as_millis() + 20);
        channel.line_frame(frame, now, out);
        channel.to_line(now)
    };
    for frame in std::iter::once(Frame::SILENCE).chain(frames_of(&alerting)) {
        hear(&frame, &mut out);
    }
    let answers: Vec<Frame> = (0..3).map(|_| hear(&Frame::SILENCE, &mut out)).collect();
    assert!(answers.iter().any(|frame| *frame != Frame::SILENCE), "the exchange is answered");
    for frame in frames_of(&samples_of(bytes)).chain(std::iter::repeat_n(Frame::SILENCE, LONGEST_SILENCE)) {
        hear(&frame, &mut out);
    }
    let mut told = 0;
    for output in out.drain(..) {
        if let MediaOutput::Event(MediaEvent::WaitingCaller(burst)) = output {
            told += 1;
            burst.iter().for_each(|burst| burst_holds(burst));
        }
    }
    assert!(told > 0, "what was asked is answered, or told to be nothing");
    for _ in 0..5 {
        hear(&Frame([9000; FRAME_SAMPLES]), &mut out);
    }
    let silence = g711::alaw_encode(0);
    let is_heard =
        |output: &MediaOutput| matches!(output, MediaOutput::Rtp { bytes, .. } if bytes[12..].iter().any(|&code| code != silence));
    assert!(out.iter().any(is_heard), "the conversation goes on");
}

fn samples_of(bytes: &[u8]) -> Vec<i16> {
    bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

/// The last frame is filled up with silence.
fn frames_of(samples: &[i16]) -> impl Iterator<Item = Frame> {
    samples.chunks(FRAME_SAMPLES).map(|piece| {
        let mut frame = Frame::SILENCE;
        frame.0[..piece.len()].copy_from_slice(piece);
        frame
    })
}

fn burst_holds(burst: &CallerIdBurst) {
    assert!(burst.level_dbm0.is_finite() && burst.snr_db.is_none_or(|snr_db| snr_db.abs() <= 99.0));
    match &burst.content {
        BurstContent::Fsk { bytes, twist_db, .. } => {
            assert!(bytes.len() <= mdmf::LONGEST && twist_db.is_none_or(|twist_db| twist_db.abs() <= 99.0));
        }
        BurstContent::Dtmf { digits } => assert!(!digits.is_empty() && digits.len() <= DtmfCallerIdReceiver::LONGEST),
    }
}

fn caller_holds(caller: &CallerId) {
    assert!(caller.number.as_ref().is_none_or(|number| !number.is_empty() && number.len() <= DtmfCallerIdReceiver::LONGEST));
}
