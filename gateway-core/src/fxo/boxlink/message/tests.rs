use super::*;
use crate::dsp::callerid::{CallerId, CallerIdSource, Presentation};
use crate::dsp::progress::ProgressTone;
use crate::dsp::{FRAME_SAMPLES, Frame};
use crate::rng::Rng;

fn requests() -> Vec<Request> {
    let mut all = vec![
        Request::Hello { major: 1, minor: 3 },
        Request::Ping,
        Request::GetUacMap,
        Request::SetCountry { iso: u16::from_le_bytes(*b"BR") },
        Request::SetDaa { setting: DaaSetting::AcImpedance, value: 600 },
        Request::SetDaa { setting: DaaSetting::InterruptionMinMs, value: u32::MAX },
        Request::Flash { ms: 300 },
        Request::DialPulse { make_pct: 33, pps: 10, digits: "0123456789".to_owned() },
        Request::Tones(vec![ToneStep { first_hz: 697, second_hz: 1209, ms: 100, level_dbm0: -6 }; 3]),
        Request::Gain { tx: -12, rx: 4 },
        Request::Line,
        Request::Reset,
    ];
    all.extend([HookPosition::On, HookPosition::Off, HookPosition::OnListening].map(Request::Hook));
    for format in [AudioFormat::Ulaw, AudioFormat::Alaw, AudioFormat::Linear] {
        all.push(Request::Audio { run: true, format, frame_ms: 20 });
    }
    all
}

fn events() -> Vec<BoxEvent> {
    let caller = CallerId {
        number: Some("1137077801".to_owned()),
        name: Some("José".to_owned()),
        presentation: Presentation::Allowed,
        category: Some('7'),
        source: CallerIdSource::Dtmf,
    };
    let unknown =
        CallerId { number: None, name: None, presentation: Presentation::Private, category: None, source: CallerIdSource::Bell202 };
    vec![
        BoxEvent::RingOn { at_ms: 1000, frequency_hz: 25 },
        BoxEvent::RingOff { at_ms: 2000, on_ms: 1000 },
        BoxEvent::LineUp { millivolts: -48_000 },
        BoxEvent::LineDown,
        BoxEvent::Polarity { forward: false },
        BoxEvent::LoopInterruption { ms: 500 },
        BoxEvent::ExtensionPickup,
        BoxEvent::ExtensionRelease,
        BoxEvent::Hook { off_hook: true, cause: HookCause::Host },
        BoxEvent::Hook { off_hook: false, cause: HookCause::Fault },
        BoxEvent::Overload(OverloadKind::Receive),
        BoxEvent::Billing { pulses: 3 },
        BoxEvent::CallerId(caller),
        BoxEvent::CallerId(unknown),
        BoxEvent::Dtmf { digit: '#', ms: 80 },
        BoxEvent::Tone { tone: ProgressTone::SpecialInformation, cycles: 2 },
        BoxEvent::AudioStats { tx_underrun: 1, rx_overrun: 2, tx_fill_ms: 40 },
        BoxEvent::WatchdogTripped,
    ]
}

fn responses() -> Vec<(Request, Response)> {
    let hello = Hello {
        major: 1,
        minor: 0,
        ports: 2,
        capabilities: Capabilities::POLARITY.with(Capabilities::MEASURE),
        audio_in_band: true,
        audio_uac: false,
        formats: AudioFormats::ALL,
        max_frame: 1024,
        boot_id: 0xDEAD_BEEF,
        uptime_ms: 77,
        model: "Box".to_owned(),
        serial: "0001".to_owned(),
        firmware: "1.2".to_owned(),
    };
    let line = LineStatus { millivolts: -7200, tenths_ma: 231, forward: true, off_hook: true, ..LineStatus::default() };
    let ok = |body| Response { status: Status::Ok, body };
    vec![
        (Request::Hello { major: 1, minor: 0 }, ok(ResponseBody::Hello(hello))),
        (Request::Ping, ok(ResponseBody::Ping { uptime_ms: 123_456 })),
        (Request::GetUacMap, ok(ResponseBody::UacMap(vec![UacChannel { port: 0, channel: 4 }]))),
        (Request::Line, ok(ResponseBody::Line(line))),
        (Request::Reset, ok(ResponseBody::Plain)),
        (Request::Line, Response::plain(Status::NoLine)),
        (Request::Ping, Response::plain(Status::Other(99))),
    ]
}

#[test]
fn every_message_comes_back_as_it_went() {
    for request in requests() {
        assert_eq!(Request::decode(request.op(), &request.payload()), Ok(request));
    }
    for event in events() {
        assert_eq!(BoxEvent::decode(event.op(), &event.payload()), Ok(event));
    }
    for (request, response) in responses() {
        assert_eq!(Response::decode(&request, &response.payload()), Ok(response));
    }
}

#[test]
fn bytes_appended_by_a_newer_box_are_ignored() {
    for event in events() {
        let mut payload = event.payload();
        payload.extend([0, 0xAA]);
        assert_eq!(BoxEvent::decode(event.op(), &payload), Ok(event));
    }
    for (request, response) in responses().into_iter().filter(|(request, _)| *request != Request::GetUacMap) {
        let mut payload = response.payload();
        payload.extend([1, 2, 3]);
        assert_eq!(Response::decode(&request, &payload), Ok(response));
    }
}

#[test]
fn the_published_payloads_are_met() {
    assert_eq!(BoxEvent::RingOn { at_ms: 1000, frequency_hz: 25 }.payload(), [0xE8, 3, 0, 0, 25]);
    assert_eq!((Request::Hook(HookPosition::Off).op(), Request::Hook(HookPosition::Off).payload()), (0x20, vec![1]));
    assert_eq!(Request::decode(0x7F, &[]), Err(MessageError::UnknownOperation(0x7F)));
    assert_eq!(Request::decode(0x22, b"\x21\x0a12x"), Err(MessageError::Value));
    assert_eq!(Request::decode(0x21, &[1]), Err(MessageError::Short));
}

#[test]
fn sound_survives_each_format_within_its_precision() {
    let mut frame = Frame::SILENCE;
    for (at, sample) in frame.0.iter_mut().enumerate() {
        *sample = i16::try_from(i32::try_from(at).unwrap() * 397 - 31_000).unwrap();
    }
    for (format, bytes) in [(AudioFormat::Ulaw, 165), (AudioFormat::Alaw, 165), (AudioFormat::Linear, 325)] {
        let payload = SoundPacket { timestamp: 160, samples: frame.0.to_vec() }.payload(format);
        assert_eq!(payload.len(), bytes);
        let back = SoundPacket::decode(SoundPacket::OP, &payload).unwrap();
        assert_eq!(back.timestamp, 160);
        for (was, is) in frame.0.iter().zip(back.samples) {
            let allowed = if format == AudioFormat::Linear { 0 } else { 20 + i32::from(*was).abs() / 20 };
            assert!((i32::from(*was) - i32::from(is)).abs() <= allowed, "{was} became {is} as {format:?}");
        }
        let half = SoundPacket { timestamp: 0, samples: frame.0[..FRAME_SAMPLES / 2].to_vec() };
        let read = SoundPacket::decode(SoundPacket::OP, &half.payload(format)).unwrap();
        assert_eq!((read.samples.len(), half.payload(format).len()), (80, (bytes - 5) / 2 + 5));
        assert_eq!(SoundPacket::decode(SoundPacket::OP, &payload[..100]), Err(MessageError::Short));
        assert_eq!(SoundPacket::decode(SoundPacket::OP, &payload[..5]), Err(MessageError::Short));
    }
}

#[test]
fn no_payload_makes_a_decoder_panic() {
    let mut rng = Rng::from_seed(5);
    for _ in 0..20_000 {
        let length = usize::try_from(rng.below(40)).unwrap();
        let payload: Vec<u8> = (0..length).map(|_| rng.next_u32().to_le_bytes()[0]).collect();
        let op = rng.next_u32().to_le_bytes()[0];
        let _ = Request::decode(op, &payload);
        let _ = BoxEvent::decode(op, &payload);
        let _ = SoundPacket::decode(op & 1, &payload);
        for (request, _) in responses() {
            let _ = Response::decode(&request, &payload);
        }
    }
}
