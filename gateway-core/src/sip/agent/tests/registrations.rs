//! A registration of ours, from the REGISTER to a registrar that checks it, and back.

use super::*;
use crate::config::settings::Secret;
use crate::sip::digest::{Algorithm, Verdict, Verifier};
use crate::sip::registrar::{Limits, Registrar};

const ACCOUNT: AccountId = AccountId(7);

fn account() -> Account {
    Account {
        registrar: peer(),
        server: "192.0.2.7".into(),
        route: Vec::new(),
        patience: None,
        domain: "192.0.2.7".into(),
        credentials: Credentials { user: "101".into(), secret: Secret("s3cret".into()) },
        contact_user: "token".into(),
        expires: Duration::from_secs(120),
    }
}

fn states(stage: &Stage) -> Vec<&RegistrationState> {
    let states = stage.events.iter().filter_map(|event| match event {
        SipEvent::Registration { account, state } if *account == ACCOUNT => Some(state),
        _ => None,
    });
    states.collect()
}

/// Answers every REGISTER that is not answered yet, as a registrar does; returns how many there were.
fn serve(stage: &mut Stage, registrar: &mut Registrar, verifier: &mut Verifier, served: &mut usize) -> usize {
    let before = *served;
    while let Some((_, request)) = stage.requests(&Method::Register).get(*served).cloned() {
        *served += 1;
        let response = match verifier.check(&request, local().ip(), Some(&account().credentials), stage.now) {
            Verdict::Granted => registrar.register(&request, "101", local(), stage.now),
            Verdict::Challenge { stale } => {
                let mut response = request.respond(401);
                for challenge in verifier.challenges(local().ip(), stale, stage.now) {
                    response.headers_mut().push("WWW-Authenticate", challenge);
                }
                response
            }
            Verdict::Wrong => request.respond(403),
        };
        stage.hear(with_tag(response, "r"));
    }
    *served - before
}

#[test]
fn a_registration_lives_for_an_hour_and_is_taken_back() {
    let (mut registrar, mut served) = (Registrar::new(Limits::default()), 0);
    let mut verifier = Verifier::new("pbx", &[Algorithm::Md5], &mut Rng::from_seed(4));
    let mut stage = Stage::new();
    stage.order(|agent, now, out| agent.register(ACCOUNT, account(), now, out));
    assert_eq!(serve(&mut stage, &mut registrar, &mut verifier, &mut served), 2);
    for second in 1..3600 {
        stage.wait_until(second * 1000);
        serve(&mut stage, &mut registrar, &mut verifier, &mut served);
        assert_eq!(registrar.contacts("101", stage.now).len(), 1, "second {second}");
    }
    assert!(states(&stage)[1..].iter().all(|state| matches!(state, RegistrationState::Registered { .. })));
    assert!((33..=40).contains(&states(&stage).len()), "{}", states(&stage).len());
    stage.order(|agent, now, out| agent.unregister(ACCOUNT, now, out));
    serve(&mut stage, &mut registrar, &mut verifier, &mut served);
    assert_eq!(states(&stage).last(), Some(&&RegistrationState::Unregistered));
    assert!(registrar.contacts("101", stage.now).is_empty());
    stage.wait_until(3_700_000);
    assert!(stage.agent.is_quiet());
    assert_eq!(stage.agent.deadline(), None);
}

#[test]
fn a_registrar_that_is_gone_is_tried_again_after_32_seconds_of_silence_and_the_back_off() {
    let mut stage = Stage::new();
    stage.order(|agent, now, out| agent.register(ACCOUNT, account(), now, out));
    stage.wait_until(31_999);
    assert_eq!(states(&stage), [&RegistrationState::Trying]);
    assert_eq!(stage.requests(&Method::Register).len(), 11);
    stage.wait_until(36_999);
    assert!(matches!(states(&stage)[1], RegistrationState::Failed { status: 408, .. }));
    assert_eq!(stage.requests(&Method::Register).len(), 11);
    stage.wait_until(37_000);
    assert_eq!(stage.requests(&Method::Register).len(), 12);
}
