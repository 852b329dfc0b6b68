use super::*;
use crate::config::settings::{GatewaySettings, PortSettings, Secret};

fn two_ports(mode: Mode) -> Settings {
    let gateway = GatewaySettings { mode, ..GatewaySettings::default() };
    Settings { gateway, ports: vec![PortSettings::default(), PortSettings::default()] }
}

fn changed(mode: Mode, change: impl Fn(&mut Settings)) -> Vec<Change> {
    let old = two_ports(mode);
    let mut new = old.clone();
    change(&mut new);
    diff(&old, &new)
}

fn grades(mode: Mode, change: impl Fn(&mut Settings)) -> Vec<Grade> {
    changed(mode, change).into_iter().map(|change| change.grade).collect()
}

#[test]
fn the_same_settings_differ_in_nothing() {
    assert_eq!(changed(Mode::SipClient, |_| {}), []);
    assert_eq!(dearest(&[]), None);
}

#[test]
fn each_change_tells_before_after_grade_and_ports() {
    let changes = changed(Mode::SipServer, |new| {
        new.ports[1].target = "200".to_owned();
        new.ports[1].line.guard_ms = 2000;
        new.gateway.sip_port = 5062;
    });
    assert_eq!(
        changes,
        [
            Change {
                path: "gateway.sip_port".to_owned(),
                before: Some(FieldValue::Integer(5060)),
                after: Some(FieldValue::Integer(5062)),
                grade: Grade::Rebind,
                touches: vec![PortId(0), PortId(1)],
            },
            Change {
                path: "ports[1].target".to_owned(),
                before: Some(FieldValue::Text(String::new())),
                after: Some(FieldValue::Text("200".to_owned())),
                grade: Grade::NextCall,
                touches: vec![PortId(1)],
            },
            Change {
                path: "ports[1].line.guard_ms".to_owned(),
                before: Some(FieldValue::Integer(1000)),
                after: Some(FieldValue::Integer(2000)),
                grade: Grade::WhenIdle,
                touches: vec![PortId(1)],
            },
        ]
    );
    assert_eq!(dearest(&changes), Some(Grade::Rebind));
}

#[test]
fn a_changed_secret_is_told_without_the_secret() {
    let mut old = two_ports(Mode::SipServer);
    old.ports[0].secret = Secret("first".to_owned());
    let mut new = old.clone();
    new.ports[0].secret = Secret("second".to_owned());
    let changes = diff(&old, &new);
    assert_eq!((changes[0].before.clone(), changes[0].after.clone()), (Some(FieldValue::Secret(true)), Some(FieldValue::Secret(true))));
    assert!(!format!("{changes:?}{}", serde_json::to_string(&changes).unwrap()).contains("second"));
}

#[test]
fn what_the_mode_does_not_read_costs_nothing() {
    let user = |new: &mut Settings| new.ports[0].user = "line1".to_owned();
    assert_eq!(grades(Mode::SipServer, user), [Grade::RegistersAgain]);
    assert_eq!(grades(Mode::SipTrunk, user), [Grade::Now]);
    let server = |new: &mut Settings| new.gateway.remote_server = "pbx.example".to_owned();
    assert_eq!(grades(Mode::SipServer, server), [Grade::Now]);
    assert_eq!(grades(Mode::SipClient, server), [Grade::RegistersAgain]);
    assert_eq!(grades(Mode::SipTrunk, server), [Grade::NextCall]);
    let single = |new: &mut Settings| new.gateway.user = "all".to_owned();
    assert_eq!(grades(Mode::SipClient, single), [Grade::Now], "not in single-user mode");
    let lifetime = |new: &mut Settings| new.gateway.register_expires_s = 600;
    assert_eq!((grades(Mode::SipServer, lifetime), grades(Mode::SipClient, lifetime)), (vec![Grade::Now], vec![Grade::RegistersAgain]));
}

#[test]
fn a_change_of_mode_registers_again_on_all_ports() {
    let changes = changed(Mode::SipServer, |new| new.gateway.mode = Mode::SipClient);
    assert_eq!((changes[0].grade, changes[0].touches.len()), (Grade::RegistersAgain, 2));
}

#[test]
fn ports_that_come_and_go_are_told() {
    let came = changed(Mode::SipServer, |new| new.ports.push(PortSettings { name: "Fax".to_owned(), ..PortSettings::default() }));
    assert_eq!(came.len(), 1);
    assert_eq!((came[0].path.as_str(), came[0].before.clone(), came[0].grade), ("ports[2]", None, Grade::Now));
    assert_eq!(came[0].after, Some(FieldValue::Text("Fax".to_owned())));
    let gone = changed(Mode::SipServer, |new| new.ports.truncate(1));
    assert_eq!((gone[0].path.as_str(), gone[0].after.clone(), gone[0].grade), ("ports[1]", None, Grade::WhenIdle));
    assert_eq!(gone[0].touches, [PortId(1)]);
}
