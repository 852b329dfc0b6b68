//! DTMF and flash during a call.

use gateway_core::config::PortId;
use gateway_core::config::settings::DtmfToSip;
use gateway_core::fxo::simulator::act::ExchangeEvent;
use gateway_core::gateway::io::Event;
use gateway_core::gateway::view::PortState;
use gateway_core::media::MediaEvent;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;

use super::cast::*;

fn count(world: &World, wanted: &ExchangeEvent) -> usize {
    world.lines.noted.iter().filter(|(_, _, event)| event == wanted).count()
}

#[test]
fn each_info_digit_is_heard_once_on_the_line() {
    let mut world = server_with_phone(Habits::default());
    let session = talk(&mut world, "100");
    let digits = |world: &World| world.digits_at_exchange(0);
    assert_eq!(digits(&world), "100");
    for (kind, body) in [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"),
        ("application/dtmf", "#"),
        ("application/dtmf-relay", "Signal=10\r\nDuration=100\r\n"),
    ] {
        world.with_party(0, |party, now| party.info(session, kind, body, now));
        world.run_for(s(1));
    }
    assert_eq!(digits(&world), "1005#*");
    end_well(&mut world);
}

#[test]
fn info_digits_sent_together_come_one_after_the_other() {
    let mut world = server_with_phone(Habits::default());
    let session = talk(&mut world, "100");
    for digit in ["7", "7", "8"] {
        world.with_party(0, |party, now| party.info(session, "application/dtmf", digit, now));
    }
    world.run_for(s(2));
    assert_eq!(world.digits_at_exchange(0), "100778");
    end_well(&mut world);
}

#[test]
fn a_flash_from_info_or_rtp_is_a_hook_flash_and_ends_nothing() {
    let mut world = server_with_phone(Habits::default());
    let session = talk(&mut world, "100");
    for kind in ["application/dtmf-relay", "application/dtmf"] {
        let body = if kind == "application/dtmf" { "hf" } else { "Signal=hf\r\n" };
        world.with_party(0, |party, now| party.info(session, kind, body, now));
        world.run_for(s(3));
    }
    world.tell(Event::Media { port: PortId(0), event: MediaEvent::Flash });
    world.run_for(s(3));
    assert_eq!(count(&world, &ExchangeEvent::Flash), 3);
    assert_eq!(world.port(0).state, PortState::Talking);
    end_well(&mut world);
}

#[test]
fn a_digit_on_the_line_goes_out_as_info_where_the_setting_says_so() {
    for (setting, infos) in [(DtmfToSip::Info, 1), (DtmfToSip::Rfc4733, 0), (DtmfToSip::InBand, 0)] {
        let settings = with(server(), |settings| settings.ports[0].line.dtmf_to_sip = setting);
        let mut world = phone_with(settings, Habits::default());
        let session = talk(&mut world, "100");
        world.tell(Event::Media { port: PortId(0), event: MediaEvent::LineDigit('9') });
        world.run_for(s(1));
        let seen = &world.parties[0].leg(session).unwrap().infos;
        assert_eq!(seen.len(), infos, "{seen:?}");
        assert!(seen.iter().all(|body| body.starts_with("Signal=9")));
        end_well(&mut world);
    }
}
