//! Apply: new settings end no call; what a call was begun with stays until its port is idle.

use gateway_core::config::settings::{AnswerMode, Mode, Secret, Settings};
use gateway_core::fxo::simulator::act::{HangUpHow, LineAct};
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::probation::{Baseline, Probation, RollbackCause, Verdict};
use gateway_core::gateway::record::EndCause;
use gateway_core::gateway::view::{PortState, RegistrationView};
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;

use super::cast::*;

/// Another answer mode, other rules for ends, another target.
fn changed() -> Settings {
    with(server(), |settings| {
        for port in &mut settings.ports {
            port.target = "other".to_owned();
            port.line.answer_mode = AnswerMode::PolarityReversal;
            port.line.end_on_loop_interruption = false;
            port.line.rtp_timeout_s = 0;
        }
    })
}

#[test]
fn a_sip_call_survives_apply_in_each_of_its_states() {
    for state in [PortState::Dialing, PortState::Waiting, PortState::Talking] {
        let mut world = phone_with(answering(server(), AnswerMode::Voice), Habits::default());
        call(&mut world, "100");
        assert!(world.run_until_port(0, state, s(10)), "{state:?}");
        world.apply(changed());
        assert!(world.was_noticed(NoticeCode::SettingsApplied));
        assert!(world.run_until_port(0, PortState::Talking, s(10)), "{state:?}: the old answer mode still holds");
        assert!(world.records.is_empty());
        world.act(0, LineAct::HangUp { how: Some(HangUpHow::Interruption { ms: 500 }) });
        world.run_for(s(2));
        assert_eq!(only_record(&world).cause, EndCause::LineHungUp, "{state:?}: the old rule still holds");
        end_well(&mut world);
    }
}

#[test]
fn a_ringing_line_survives_apply_in_each_of_its_states() {
    for state in [PortState::Ringing, PortState::Calling, PortState::Talking] {
        let mut world = server_with_phone(Habits::default());
        world.act(0, ring("1133334444"));
        assert!(world.run_until_port(0, state, s(10)), "{state:?}");
        world.apply(changed());
        assert!(world.run_until_port(0, PortState::Talking, s(10)), "{state:?}");
        assert!(world.records.is_empty());
        end_well(&mut world);
    }
}

#[test]
fn when_the_port_is_idle_the_new_rules_hold() {
    let mut world = server_with_phone(Habits::default());
    let session = talk(&mut world, "100");
    world.apply(changed());
    world.with_party(0, |party, now| party.hang_up(session, now));
    assert!(world.run_until_port(0, PortState::Idle, s(5)));
    call(&mut world, "103");
    assert!(world.run_until_port(0, PortState::Waiting, s(8)), "{:?}", world.port(0));
    assert!(world.run_until_port(0, PortState::Talking, s(8)));
    world.run_for(s(2));
    world.act(0, LineAct::Interrupt { ms: 500 });
    world.run_for(s(10));
    assert_eq!(world.port(0).state, PortState::Talking);
    end_well(&mut world);
}

#[test]
fn who_may_call_changes_at_once() {
    let mut world = server_with_phone(Habits::default());
    talk(&mut world, "100");
    let settings = with(server(), |settings| {
        settings.ports[1].sip_to_fxo = false;
        settings.ports[0].only_from_host = "127.0.0.9".to_owned();
    });
    world.apply(settings);
    world.call(0, "100", Some(credentials("p2", "secret2")));
    world.run_for(s(2));
    assert_refused(&world, 0, 403, Some(21));
    assert_eq!(world.port(0).state, PortState::Talking);
    // The peer of the call in progress may still end it.
    world.with_party(0, |party, now| party.hang_up_all(now));
    world.run_for(s(1));
    assert_eq!(only_record(&world).cause, EndCause::SipHungUp);
    world.apply(server());
    end_well(&mut world);
}

#[test]
fn another_secret_throws_nobody_out_of_a_call_but_counts_for_the_next_one() {
    let mut world = server_with_phone(Habits::default());
    talk(&mut world, "100");
    world.apply(with(server(), |settings| settings.ports[0].secret.0 = "another".to_owned()));
    assert_eq!(world.port(0).state, PortState::Talking);
    world.with_party(0, |party, now| party.hang_up_all(now));
    assert!(world.run_until_port(0, PortState::Idle, s(5)));
    call(&mut world, "100");
    world.run_for(s(2));
    assert_ne!(world.port(0).state, PortState::Talking);
    world.apply(server());
    end_well(&mut world);
}

#[test]
fn another_mode_registers_at_the_new_server_and_later_takes_it_back() {
    let mut world = trunk_with(trunk(), Habits::default());
    let accounts = vec![credentials("p1", "secret1"), credentials("p2", "secret2")];
    world.parties[0].open_office(accounts, Default::default(), &mut gateway_core::rng::Rng::from_seed(5));
    world.apply(client());
    assert!(world.run_until(s(5), |world| matches!(world.port(0).registration, RegistrationView::Registered { .. })));
    world.apply(with(trunk(), |settings| settings.gateway.mode = Mode::SipTrunk));
    world.run_for(s(2));
    let now = world.now();
    assert!(world.parties[0].contacts("p1", now).is_empty());
    assert_eq!(world.port(0).registration, RegistrationView::None { peer: None });
    end_well(&mut world);
}

#[test]
fn the_registration_of_a_port_that_is_taken_away_is_taken_back() {
    let mut world = client_with(client(), Habits::default());
    world.apply(with(client(), |settings| settings.ports.truncate(1)));
    world.run_for(s(2));
    let now = world.now();
    assert_eq!((world.parties[0].contacts("p1", now).len(), world.parties[0].contacts("p2", now).len()), (1, 0));
    world.run_for(s(3600));
    let now = world.now();
    assert_eq!((world.parties[0].contacts("p1", now).len(), world.parties[0].contacts("p2", now).len()), (1, 0));
    end_well(&mut world);
}

#[test]
fn a_port_that_is_taken_away_serves_its_call_to_the_end_and_then_goes() {
    let mut world: World = phone_with(server(), Habits::default());
    world.call(0, "100", Some(credentials("p2", "secret2")));
    assert!(world.run_until_port(1, PortState::Talking, s(8)));
    world.apply(with(server(), |settings| settings.ports.truncate(1)));
    world.run_for(s(20));
    assert_eq!(world.port(1).state, PortState::Talking);
    world.with_party(0, |party, now| party.hang_up_all(now));
    world.run_for(s(5));
    assert!(world.exchange_off_hook().is_empty());
    assert_eq!(world.gateway.snapshot(world.now()).ports.len(), 1);
    world.act(1, ring("1133334444"));
    world.run_for(s(10));
    assert_eq!(only_record(&world).cause, EndCause::SipHungUp, "a port that is gone takes no ring");
    end_well(&mut world);
}

#[test]
fn probation_sees_a_refused_secret_and_going_back_heals() {
    let mut world = client_with(client(), Habits::default());
    let after = with(client(), |settings| settings.ports[0].secret = Secret("not what they know".to_owned()));
    let before = Baseline { settings: client(), picture: world.gateway.snapshot(world.now()) };
    world.apply(after.clone());
    let mut probation = Probation::begin(&before, &after, world.now()).unwrap();
    let mut verdict = None;
    world.run_until(s(60), |world| {
        verdict = probation.handle(&world.gateway.snapshot(world.now()), world.now());
        verdict.is_some()
    });
    let Some(Verdict::RollBack(reasons)) = verdict else { panic!("{verdict:?}") };
    assert_eq!((reasons[0].cause, reasons[0].setting.as_str()), (RollbackCause::SecretRefused, "ports[0].secret"));
    assert!(world.now() < probation.deadline(), "the answer of the registrar is not waited out");
    world.apply(before.settings);
    assert!(world.run_until(s(20), |world| matches!(world.port(0).registration, RegistrationView::Registered { .. })));
    end_well(&mut world);
}
