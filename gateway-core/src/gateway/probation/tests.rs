use super::*;
use crate::config::settings::{GatewaySettings, PortSettings, Secret};
use crate::fxo::line::LineState;

const PORTS: u16 = 2;

fn settings() -> Settings {
    let port = |n: u16| PortSettings { user: format!("line{n}"), secret: Secret(format!("secret{n}")), ..PortSettings::default() };
    let gateway = GatewaySettings { mode: Mode::SipClient, remote_server: "pbx.example".to_owned(), ..GatewaySettings::default() };
    Settings { gateway, ports: (0..PORTS).map(port).collect() }
}

fn with(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = settings();
    change(&mut settings);
    settings
}

fn registered() -> RegistrationView {
    RegistrationView::Registered { expires_ms: 300_000, rtt_ms: 10 }
}

fn failed(status: u16) -> RegistrationView {
    RegistrationView::Failed { status, reason: "as told".to_owned(), retry_ms: 9_000 }
}

/// Every port idle and registered.
fn healthy() -> Snapshot {
    let port = |n: u16| PortView {
        port: PortId(n),
        name: String::new(),
        state: PortState::Idle,
        since_ms: 0,
        line: LineState::Idle,
        call: None,
        registration: registered(),
        last: None,
        meter: None,
        millivolts: None,
        microamps: None,
    };
    Snapshot {
        now_ms: 0,
        mode: Mode::SipClient,
        sip_address: String::new(),
        public_address: None,
        remote_server: String::new(),
        device: Some(Identity { model: "box".to_owned(), ports: PORTS, ..Identity::default() }),
        ports: (0..PORTS).map(port).collect(),
    }
}

fn seen(change: impl FnOnce(&mut Snapshot)) -> Snapshot {
    let mut picture = healthy();
    change(&mut picture);
    picture
}

fn begin(after: &Settings) -> Option<Probation> {
    Probation::begin(&Baseline { settings: settings(), picture: healthy() }, after, Moment::ZERO)
}

fn at(seconds: u64) -> Moment {
    Moment::from_secs(seconds)
}

fn new_secret() -> Settings {
    with(|settings| settings.ports[0].secret = Secret("another".to_owned()))
}

/// What remains of a verdict that rolls back.
fn reasons(verdict: Option<Verdict>) -> Vec<(RollbackCause, Option<u16>, String)> {
    match verdict {
        Some(Verdict::RollBack(reasons)) => reasons.into_iter().map(|reason| (reason.cause, reason.status, reason.setting)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_change_does_not_reach_is_not_watched() {
    assert_eq!(begin(&settings()), None);
    assert_eq!(begin(&with(|settings| settings.ports[0].target = "300".to_owned())), None);
    let port = begin(&new_secret()).unwrap();
    assert_eq!(port.missing(), [Missing { port: Some(PortId(0)), what: Vital::Registration }]);
    let line = begin(&with(|settings| settings.ports[1].line.guard_ms = 900)).unwrap();
    assert_eq!(line.missing(), [Missing { port: Some(PortId(1)), what: Vital::Line }]);
}

#[test]
fn probation_can_be_turned_off_and_ends_after_its_own_time() {
    let off = with(|settings| {
        settings.gateway.rollback_after_s = 0;
        settings.ports[0].secret = Secret("another".to_owned());
    });
    assert_eq!(begin(&off), None);
    let longer = with(|settings| {
        settings.gateway.rollback_after_s = 90;
        settings.ports[0].secret = Secret("another".to_owned());
    });
    assert_eq!(begin(&longer).unwrap().deadline(), at(90));
}

#[test]
fn it_is_over_as_soon_as_everything_is_back() {
    let mut probation = begin(&with(|settings| settings.gateway.remote_server = "other.example".to_owned())).unwrap();
    assert_eq!(probation.missing().len(), 2);
    let half = seen(|picture| picture.ports[1].registration = RegistrationView::Trying);
    assert_eq!(probation.handle(&half, at(1)), None);
    assert_eq!(probation.missing(), [Missing { port: Some(PortId(1)), what: Vital::Registration }]);
    assert_eq!(probation.handle(&healthy(), at(2)), Some(Verdict::Proven));
}

#[test]
fn a_refused_secret_is_not_waited_out_and_is_named() {
    for (status, setting) in [(403, "ports[0].secret"), (401, "ports[0].secret")] {
        let mut probation = begin(&new_secret()).unwrap();
        let picture = seen(|picture| picture.ports[0].registration = failed(status));
        let found = reasons(probation.handle(&picture, at(1)));
        assert_eq!(found, [(RollbackCause::SecretRefused, Some(status), setting.to_owned())]);
    }
}

#[test]
fn a_refused_user_is_named_when_only_the_user_changed_or_nobody_knows_it() {
    let mut probation = begin(&with(|settings| settings.ports[1].user = "nobody".to_owned())).unwrap();
    let picture = seen(|picture| picture.ports[1].registration = failed(403));
    assert_eq!(reasons(probation.handle(&picture, at(1))), [(RollbackCause::UserRefused, Some(403), "ports[1].user".to_owned())]);
    let both = with(|settings| {
        settings.ports[1].user = "nobody".to_owned();
        settings.ports[1].secret = Secret("another".to_owned());
    });
    let picture = seen(|picture| picture.ports[1].registration = failed(404));
    let found = reasons(begin(&both).unwrap().handle(&picture, at(1)));
    assert_eq!(found, [(RollbackCause::UserRefused, Some(404), "ports[1].user".to_owned())]);
}

#[test]
fn a_server_that_may_still_answer_is_waited_for_to_the_end() {
    let after = with(|settings| {
        settings.gateway.remote_server = "other.example".to_owned();
        settings.ports[0].secret = Secret("another".to_owned());
    });
    for (view, cause, status) in [
        (RegistrationView::Trying, RollbackCause::ServerSilent, 408),
        (failed(408), RollbackCause::ServerSilent, 408),
        (failed(500), RollbackCause::RegistrationRefused, 500),
        (RegistrationView::Failed { status: 503, reason: String::new(), retry_ms: 0 }, RollbackCause::ServerUnknown, 503),
    ] {
        let mut probation = begin(&after).unwrap();
        let picture = seen(|picture| picture.ports[0].registration = view);
        assert_eq!(probation.handle(&picture, at(29)), None);
        let found = reasons(probation.handle(&picture, at(30)));
        assert_eq!(found, [(cause, Some(status), "gateway.remote_server".to_owned())]);
    }
}

#[test]
fn what_failed_before_does_not_count_and_what_is_not_wanted_any_more_neither() {
    let picture = seen(|picture| picture.ports[0].registration = failed(403));
    let before = Baseline { settings: settings(), picture };
    assert_eq!(Probation::begin(&before, &new_secret(), Moment::ZERO), None);
    let unused = with(|settings| {
        settings.ports[0].secret = Secret("another".to_owned());
        settings.ports[0].sip_to_fxo = false;
        settings.ports[0].fxo_to_sip = false;
    });
    assert_eq!(begin(&unused), None);
    assert_eq!(begin(&with(|settings| settings.gateway.mode = Mode::SipServer)), None);
    assert_eq!(begin(&with(|settings| settings.gateway.mode = Mode::SipTrunk)), None);
    assert_eq!(begin(&with(|settings| settings.ports.truncate(0))), None);
}

#[test]
fn the_single_user_is_one_registration_for_all_ports() {
    let single = with(|settings| {
        settings.gateway.single_user = true;
        settings.gateway.user = "all".to_owned();
        settings.gateway.secret = Secret("secret of all".to_owned());
    });
    let mut probation = begin(&single).unwrap();
    assert_eq!(probation.missing(), [Missing { port: None, what: Vital::Registration }]);
    let picture = seen(|picture| picture.ports.iter_mut().for_each(|port| port.registration = failed(403)));
    let found = reasons(probation.handle(&picture, at(1)));
    assert_eq!(found, [(RollbackCause::SecretRefused, Some(403), "gateway.secret".to_owned())]);
}

#[test]
fn a_line_that_falls_into_fault_brings_the_old_rules_back() {
    let mut probation = begin(&with(|settings| settings.ports[1].line.guard_ms = 900)).unwrap();
    let fault = seen(|picture| picture.ports[1].state = PortState::Fault);
    assert_eq!(probation.handle(&fault, at(5)), None);
    assert_eq!(reasons(probation.handle(&fault, at(30))), [(RollbackCause::LineLost, None, "ports[1].line.guard_ms".to_owned())]);
}

#[test]
fn a_line_that_is_lost_after_the_first_picture_brings_the_old_rules_back() {
    let mut probation = begin(&with(|settings| settings.gateway.country = "US".to_owned())).unwrap();
    assert_eq!(probation.handle(&healthy(), at(0)), None, "it stands as it stood before Apply");
    assert_eq!(probation.missing().len(), 2);
    // The box is opened anew, and one of its lines does not come back.
    assert_eq!(probation.handle(&seen(|picture| picture.device = None), at(2)), None);
    let lost = seen(|picture| picture.ports[1].state = PortState::Absent);
    assert_eq!(probation.handle(&lost, at(4)), None);
    assert_eq!(probation.missing(), [Missing { port: Some(PortId(1)), what: Vital::Line }]);
    assert_eq!(reasons(probation.handle(&lost, at(30))), [(RollbackCause::LineLost, None, "gateway.country".to_owned())]);
}

#[test]
fn a_line_that_is_well_when_the_settings_have_arrived_is_proven() {
    let mut probation = begin(&with(|settings| settings.ports[1].line.guard_ms = 900)).unwrap();
    assert_eq!(probation.handle(&healthy(), at(1)), None);
    assert_eq!(probation.handle(&healthy(), at(3)), Some(Verdict::Proven));
}

#[test]
fn a_cable_and_a_call_are_no_settings() {
    let country = with(|settings| settings.gateway.country = "US".to_owned());
    for state in [PortState::NoBattery, PortState::Talking] {
        let picture = seen(|picture| picture.ports[1].state = state);
        assert_eq!(begin(&country).unwrap().handle(&picture, at(3)), Some(Verdict::Proven), "{state:?}");
    }
}

#[test]
fn a_box_that_is_gone_proves_nothing_and_is_no_fault_of_the_settings() {
    let country = with(|settings| settings.gateway.country = "US".to_owned());
    let gone = seen(|picture| {
        picture.device = None;
        picture.ports.iter_mut().for_each(|port| port.state = PortState::Absent);
    });
    let another = seen(|picture| {
        picture.device = Some(Identity { ports: 1, ..Identity::default() });
        picture.ports[1].state = PortState::Absent;
    });
    for picture in [gone, another] {
        let mut probation = begin(&country).unwrap();
        assert_eq!(probation.handle(&picture, at(4)), None);
        assert_eq!(probation.handle(&picture, at(30)), Some(Verdict::Proven));
    }
}
