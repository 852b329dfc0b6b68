use super::*;
use crate::fxo::boxlink::message::{AudioFormats, HookCause, LineStatus};
use crate::rng::Rng;

const PORT: PortId = PortId(0);

/// A driver and a box played by hand.
struct Desk {
    driver: BoxDriver,
    now: Moment,
    asked: Vec<Packet>,
    told: Vec<DeviceOutput>,
    deframer: Deframer,
    wire: Vec<u8>,
}

fn hello(boot_id: u32) -> Hello {
    Hello {
        major: 1,
        ports: 2,
        audio_in_band: true,
        formats: AudioFormats::ALL,
        capabilities: Capabilities::MEASURE,
        boot_id,
        uptime_ms: 5000,
        model: "Box".to_owned(),
        ..Hello::default()
    }
}

impl Desk {
    fn open() -> Self {
        Desk::open_with(BoxOptions { audio: None, ..BoxOptions::default() })
    }

    fn open_with(options: BoxOptions) -> Self {
        let mut desk = Desk {
            driver: BoxDriver::new(options),
            now: Moment::from_secs(1),
            asked: Vec::new(),
            told: Vec::new(),
            deframer: Deframer::new(),
            wire: Vec::new(),
        };
        desk.with(|driver, now, out| driver.open(now, out));
        desk
    }

    /// The box answered, and its lines were queried.
    fn up() -> Self {
        let mut desk = Desk::open();
        let request = desk.asked.remove(0);
        desk.answer(&request, ResponseBody::Hello(hello(7)));
        for query in std::mem::take(&mut desk.asked) {
            assert_eq!(query.op, Request::Line.op());
            desk.answer(&query, ResponseBody::Line(on_hook()));
        }
        assert!(desk.asked.is_empty());
        desk.told.clear();
        desk
    }

    fn with(&mut self, act: impl FnOnce(&mut BoxDriver, Moment, &mut Vec<DeviceOutput>)) {
        let mut out = Vec::new();
        act(&mut self.driver, self.now, &mut out);
        for output in out {
            match output {
                DeviceOutput::Write(bytes) => {
                    self.deframer.push(&bytes, &mut self.asked);
                    self.wire.extend(bytes);
                }
                DeviceOutput::Up(_)
                | DeviceOutput::Rebooted
                | DeviceOutput::Silent
                | DeviceOutput::Unfit
                | DeviceOutput::Card(_)
                | DeviceOutput::Line(..)
                | DeviceOutput::Audio(..) => self.told.push(output),
            }
        }
    }

    fn send(&mut self, packet: &Packet) {
        self.with(|driver, now, out| driver.receive(&packet.to_wire(), now, out));
    }

    fn answer(&mut self, request: &Packet, body: ResponseBody) {
        let payload = Response { status: Status::Ok, body }.payload();
        self.send(&Packet { class: Class::Response, payload, ..request.clone() });
    }

    fn refuse(&mut self, request: &Packet, status: Status) {
        self.send(&Packet { class: Class::Response, payload: Response::plain(status).payload(), ..request.clone() });
    }

    fn event(&mut self, seq: u8, event: &BoxEvent) {
        self.send(&Packet { class: Class::Event, port: 0, seq, op: event.op(), payload: event.payload() });
    }

    fn command(&mut self, command: LineCommand) {
        self.with(|driver, now, out| driver.command(PORT, command, now, out));
    }

    fn wait_ms(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(due) = self.driver.deadline().filter(|due| *due <= end) {
            assert!(due >= self.now);
            self.now = due;
            self.with(|driver, now, out| driver.handle_timeout(now, out));
        }
        self.now = end;
    }

    /// What was asked of port 0 and not taken yet.
    fn take_asked(&mut self) -> Vec<Packet> {
        std::mem::take(&mut self.asked).into_iter().filter(|packet| packet.port == 0).collect()
    }

    fn events(&mut self) -> Vec<LineEvent> {
        let told = std::mem::take(&mut self.told).into_iter();
        told.filter_map(|output| match output {
            DeviceOutput::Line(PORT, event) => Some(event),
            _ => None,
        })
        .collect()
    }
}

fn on_hook() -> LineStatus {
    LineStatus { millivolts: 48_000, forward: true, ..LineStatus::default() }
}

fn off_hook() -> LineStatus {
    LineStatus { millivolts: 7_000, tenths_ma: 230, forward: true, off_hook: true, ..LineStatus::default() }
}

#[test]
fn it_opens_with_two_delimiters_and_hello_until_somebody_answers() {
    let mut desk = Desk::open();
    let hello = [0x00, 0x00, 0x06, 0x10, 0xFF, 0x01, 0x01, 0x01, 0x03, 0xDA, 0x1F, 0x00];
    assert_eq!(desk.wire, hello);
    desk.wait_ms(1600);
    assert_eq!(desk.asked.len(), 4);
    assert!(desk.told.is_empty());
}

#[test]
fn an_answer_brings_it_up_and_the_lines_are_queried() {
    let mut desk = Desk::open();
    let request = desk.asked.remove(0);
    desk.answer(&request, ResponseBody::Hello(hello(7)));
    let [DeviceOutput::Up(identity)] = &desk.told[..] else { panic!("{:?}", desk.told) };
    assert_eq!((identity.model.as_str(), identity.ports), ("Box", 2));
    let query = desk.take_asked().remove(0);
    desk.answer(&query, ResponseBody::Line(on_hook()));
    let told = desk.events();
    assert!(told.contains(&LineEvent::BatteryUp { millivolts: Some(48_000) }));
    assert!(told.contains(&LineEvent::Hook { off_hook: false }));
    assert!(told.contains(&LineEvent::Polarity { forward: true }));
}

/// What the driver asks for once a box with such sound has answered: of the whole box, and of port 0.
fn asked_of(options: BoxOptions, hello: Hello) -> (Desk, Vec<u8>) {
    let mut desk = Desk::open_with(options);
    let request = desk.asked.remove(0);
    desk.answer(&request, ResponseBody::Hello(hello));
    let asked = desk.asked.iter().filter(|packet| packet.port != 1).map(|packet| packet.op).collect();
    (desk, asked)
}

#[test]
fn sound_comes_in_band_where_it_does_and_from_a_card_where_it_must_or_shall() {
    let (in_band, card) = (BoxOptions::default(), BoxOptions { card: true, ..BoxOptions::default() });
    let both = Hello { audio_uac: true, ..hello(7) };
    let card_only = Hello { audio_in_band: false, audio_uac: true, ..hello(7) };
    let (map, hook, audio, line) = (0x03, 0x20, 0x25, 0x26);
    assert_eq!(asked_of(in_band, both.clone()).1, [audio]);
    assert_eq!(asked_of(in_band, card_only.clone()).1, [map, hook]);
    assert_eq!(asked_of(card, both).1, [map, hook]);
    // A box without a card keeps to what it has, whatever was chosen.
    assert_eq!(asked_of(card, hello(7)).1, [audio]);
    assert_eq!(asked_of(BoxOptions { audio: None, card: true, country: None }, card_only).1, [line]);
}

#[test]
fn a_box_with_a_card_is_up_once_its_sound_is() {
    let (mut desk, _) = asked_of(BoxOptions::default(), Hello { audio_in_band: false, audio_uac: true, ..hello(7) });
    let asked = desk.asked.remove(0);
    desk.answer(&asked, ResponseBody::UacMap(Vec::new()));
    // A line that somebody left seized is let go meanwhile, and nothing is told of it.
    let hooks: Vec<Packet> = desk.asked.iter().filter(|packet| packet.op == 0x20).cloned().collect();
    assert_eq!(hooks.iter().map(|packet| (packet.port, &packet.payload[..])).collect::<Vec<_>>(), [(0, &[0][..]), (1, &[0][..])]);
    hooks.iter().for_each(|hook| desk.answer(hook, ResponseBody::Plain));
    desk.event(0, &BoxEvent::RingOn { at_ms: 0, frequency_hz: 25 });
    desk.wait_ms(1500);
    assert!(desk.events().is_empty());
    assert!(!desk.asked.iter().any(|packet| packet.op == Request::Line.op()));
    assert!(!desk.told.iter().any(|told| matches!(told, DeviceOutput::Up(_))));
    desk.with(BoxDriver::card_up);
    assert!(desk.told.iter().any(|told| matches!(told, DeviceOutput::Up(_))));
    assert_eq!(desk.take_asked().last().map(|packet| packet.op), Some(Request::Line.op()));
    desk.told.clear();
    desk.with(BoxDriver::card_up);
    assert!(desk.told.is_empty() && desk.asked.is_empty());
}

#[test]
fn a_box_is_told_its_country_when_it_comes_up_and_when_it_changes() {
    let told = |desk: &mut Desk| {
        let asked = std::mem::take(&mut desk.asked).into_iter().filter(|packet| packet.op == 0x10);
        asked.map(|packet| (packet.port, packet.payload)).collect::<Vec<_>>()
    };
    let mut desk = Desk::open_with(BoxOptions { audio: None, country: Some("BR"), ..BoxOptions::default() });
    let request = desk.asked.remove(0);
    desk.answer(&request, ResponseBody::Hello(hello(7)));
    let country = desk.asked.iter().find(|packet| packet.op == 0x10).cloned().unwrap();
    assert_eq!(told(&mut desk), [(WHOLE_BOX, b"BR".to_vec())]);
    // That a box knows no countries is no fault.
    desk.refuse(&country, Status::UnknownOperation);
    desk.with(|driver, now, out| {
        assert!(driver.stand_in(crate::config::country::country("DE").unwrap(), now, out));
    });
    assert_eq!(told(&mut desk), [(WHOLE_BOX, b"DE".to_vec())]);
    assert_eq!(desk.driver.counters(), LinkCounters::default());
}

#[test]
fn a_box_that_refuses_20_ms_is_asked_for_10() {
    let mut desk = Desk::open_with(BoxOptions::default());
    let request = desk.asked.remove(0);
    desk.answer(&request, ResponseBody::Hello(hello(7)));
    let periods = |desk: &mut Desk| {
        let asked = desk.take_asked().into_iter().filter(|packet| packet.op == 0x25).collect::<Vec<_>>();
        (asked.iter().map(|packet| packet.payload[2]).collect::<Vec<_>>(), asked.into_iter().next())
    };
    let (asked, Some(first)) = periods(&mut desk) else { panic!("no sound is asked for") };
    assert_eq!(asked, [20]);
    desk.refuse(&first, Status::BadArgument);
    let mut seen = Vec::new();
    for _ in 0..3 {
        for query in desk.asked.clone().iter().filter(|packet| packet.op == Request::Line.op()) {
            desk.answer(query, ResponseBody::Line(on_hook()));
        }
        let (asked, next) = periods(&mut desk);
        seen.extend(asked);
        if let Some(next) = next {
            desk.refuse(&next, Status::BadArgument);
        }
    }
    assert_eq!(seen, [10], "what refuses both is not asked in a hurry");
}

#[test]
fn the_card_is_told_with_its_channels_or_with_those_that_are_likely() {
    let card_only = Hello { audio_in_band: false, audio_uac: true, ..hello(7) };
    let channels = |desk: &Desk| -> Vec<(u16, u16)> {
        match desk.told.last() {
            Some(DeviceOutput::Card(map)) => map.iter().map(|(port, channel)| (port.0, channel)).collect(),
            told => panic!("{told:?}"),
        }
    };
    let mut desk = asked_of(BoxOptions::default(), card_only.clone()).0;
    let asked = desk.asked.remove(0);
    desk.answer(&asked, ResponseBody::UacMap(vec![UacChannel { port: 0, channel: 1 }, UacChannel { port: 1, channel: 0 }]));
    assert_eq!(channels(&desk), [(0, 1), (1, 0)]);
    let mut desk = asked_of(BoxOptions::default(), card_only.clone()).0;
    let asked = desk.asked.remove(0);
    desk.refuse(&asked, Status::UnknownOperation);
    assert_eq!(channels(&desk), [(0, 0), (1, 1)]);
    // One that never answers that question, but others.
    let mut desk = asked_of(BoxOptions::default(), card_only).0;
    desk.wait_ms(700);
    assert_eq!(channels(&desk), [(0, 0), (1, 1)]);
}

#[test]
fn a_box_of_another_major_version_is_not_taken() {
    let mut desk = Desk::open();
    let request = desk.asked.remove(0);
    desk.answer(&request, ResponseBody::Hello(Hello { major: 2, ..hello(7) }));
    assert!(desk.told.is_empty());
    assert_eq!(desk.driver.counters().malformed, 1);
}

#[test]
fn an_order_before_the_box_answered_fails_at_once() {
    let mut desk = Desk::open();
    desk.command(LineCommand::Seize);
    assert_eq!(desk.events(), [LineEvent::CommandFailed { status: LineEvent::NOT_ANSWERED }]);
}

#[test]
fn a_hook_order_is_proven_by_its_answer_and_queried() {
    let mut desk = Desk::up();
    desk.command(LineCommand::Seize);
    let asked = desk.take_asked();
    assert_eq!((asked[0].op, &asked[0].payload[..]), (0x20, &[1][..]));
    desk.answer(&asked[0], ResponseBody::Plain);
    assert_eq!(desk.events(), [LineEvent::Hook { off_hook: true }]);
    // The event about the same movement is no news.
    desk.event(0, &BoxEvent::Hook { off_hook: true, cause: HookCause::Host });
    assert_eq!(desk.events(), []);
    let query = desk.take_asked();
    assert_eq!(query[0].op, Request::Line.op());
    desk.answer(&query[0], ResponseBody::Line(off_hook()));
    assert_eq!(desk.events(), [LineEvent::Measured { millivolts: 7000, microamps: Some(23_000), off_hook: true }]);
}

#[test]
fn an_unanswered_request_is_sent_once_more_with_the_same_number_and_then_fails() {
    let mut desk = Desk::up();
    desk.command(LineCommand::Seize);
    let first = desk.take_asked();
    desk.wait_ms(299);
    assert!(desk.take_asked().is_empty());
    desk.wait_ms(1);
    assert_eq!(desk.take_asked(), first);
    desk.wait_ms(300);
    assert_eq!(desk.events(), [LineEvent::CommandFailed { status: LineEvent::NOT_ANSWERED }]);
    let counters = desk.driver.counters();
    assert_eq!((counters.retries, counters.timeouts), (1, 1));
    // The late answer is nobody's.
    desk.answer(&first[0], ResponseBody::Plain);
    assert_eq!(desk.events(), []);
}

#[test]
fn a_refusal_is_told_with_the_status_of_the_box() {
    let mut desk = Desk::up();
    desk.command(LineCommand::Seize);
    let asked = desk.take_asked();
    desk.refuse(&asked[0], Status::NoLine);
    assert_eq!(desk.events(), [LineEvent::CommandFailed { status: 4 }]);
}

#[test]
fn one_request_is_outstanding_and_the_queue_is_bounded() {
    let mut desk = Desk::up();
    desk.command(LineCommand::Measure);
    for _ in 0..40 {
        desk.command(LineCommand::Flash { duration: Duration::from_millis(100) });
    }
    assert_eq!(desk.take_asked().len(), 1);
    let refused = desk.events();
    assert_eq!(refused.len(), 24);
    assert!(refused.iter().all(|event| *event == LineEvent::CommandFailed { status: 1 }));
}

#[test]
fn a_release_goes_first_and_does_not_wait_for_digits() {
    let mut desk = Desk::up();
    desk.command(LineCommand::DialPulse { digits: "0000000000".to_owned() });
    desk.command(LineCommand::Flash { duration: Duration::from_secs(1) });
    desk.command(LineCommand::Release);
    let asked = desk.take_asked();
    assert_eq!(asked.iter().map(|packet| packet.op).collect::<Vec<_>>(), [0x22, 0x20]);
    desk.answer(&asked[1], ResponseBody::Plain);
    assert_eq!(desk.events(), [LineEvent::Hook { off_hook: false }]);
}

#[test]
fn a_flash_may_take_its_time() {
    let mut desk = Desk::up();
    desk.command(LineCommand::Flash { duration: Duration::from_millis(1500) });
    let asked = desk.take_asked();
    desk.wait_ms(1600);
    assert_eq!(desk.events(), []);
    desk.answer(&asked[0], ResponseBody::Plain);
    assert_eq!(desk.events(), [LineEvent::SignalDone]);
}

#[test]
fn lost_events_are_counted_and_made_good_by_a_query() {
    let mut desk = Desk::up();
    desk.event(0, &BoxEvent::Billing { pulses: 1 });
    desk.event(0, &BoxEvent::ExtensionPickup);
    assert_eq!(desk.events(), [], "the same number again is the same packet again");
    desk.event(3, &BoxEvent::RingOn { at_ms: 0, frequency_hz: 25 });
    assert_eq!(desk.driver.counters().lost, 2);
    assert_eq!(desk.events(), [LineEvent::RingOn { frequency_hz: 25 }]);
    let query = desk.take_asked();
    desk.answer(&query[0], ResponseBody::Line(LineStatus { forward: false, ringing: true, ..on_hook() }));
    let told = desk.events();
    assert!(told.contains(&LineEvent::Polarity { forward: false }));
    assert!(!told.contains(&LineEvent::RingOn { frequency_hz: 0 }));
}

#[test]
fn it_pings_every_second_and_greets_again_after_five_of_silence() {
    let mut desk = Desk::up();
    desk.wait_ms(4999);
    let pings = desk.asked.iter().filter(|packet| packet.op == Request::Ping.op()).count();
    assert_eq!(pings, 8, "four, each sent twice");
    assert!(desk.told.is_empty());
    desk.wait_ms(1);
    assert_eq!(desk.told, [DeviceOutput::Silent]);
    let request = desk.asked.pop().unwrap();
    assert_eq!(request.op, 0x01);
    desk.told.clear();
    desk.answer(&request, ResponseBody::Hello(hello(7)));
    assert!(matches!(desk.told[..], [DeviceOutput::Up(_)]), "{:?}", desk.told);
}

#[test]
fn a_clock_that_runs_backwards_is_a_restart() {
    let mut desk = Desk::up();
    desk.wait_ms(1000);
    let ping = desk.asked.pop().unwrap();
    desk.answer(&ping, ResponseBody::Ping { uptime_ms: 100 });
    let request = desk.asked.pop().unwrap();
    assert_eq!(request.op, 0x01);
    desk.answer(&request, ResponseBody::Hello(hello(8)));
    assert!(matches!(desk.told[..], [DeviceOutput::Rebooted, DeviceOutput::Up(_)]), "{:?}", desk.told);
}

#[test]
fn a_tripped_watchdog_puts_every_line_on_hook() {
    let mut desk = Desk::up();
    desk.command(LineCommand::Seize);
    let asked = desk.take_asked();
    desk.answer(&asked[0], ResponseBody::Plain);
    desk.events();
    let event = BoxEvent::WatchdogTripped;
    desk.send(&Packet { class: Class::Event, port: WHOLE_BOX, seq: 0, op: event.op(), payload: Vec::new() });
    assert_eq!(desk.events(), [LineEvent::Hook { off_hook: false }]);
}

#[test]
fn no_bytes_and_no_packets_make_it_panic() {
    let mut rng = Rng::from_seed(3);
    let mut desk = Desk::up();
    for _ in 0..5000 {
        let byte = |rng: &mut Rng| rng.next_u32().to_le_bytes()[0];
        let length = usize::try_from(rng.below(30)).unwrap();
        let class = [Class::Response, Class::Event, Class::Audio, Class::Log, Class::Request];
        let packet = Packet {
            class: class[usize::try_from(rng.below(5)).unwrap()],
            port: [0, 1, 2, WHOLE_BOX][usize::try_from(rng.below(4)).unwrap()],
            seq: byte(&mut rng) % 8,
            op: [0x01, 0x02, 0x20, 0x26, byte(&mut rng)][usize::try_from(rng.below(5)).unwrap()],
            payload: (0..length).map(|_| byte(&mut rng) % 64).collect(),
        };
        desk.send(&packet);
        if rng.chance(200) {
            desk.command(LineCommand::Measure);
        }
        desk.wait_ms(rng.below(400));
        assert!(desk.driver.deadline().is_some());
        desk.told.clear();
        desk.asked.clear();
        desk.wire.clear();
    }
}
