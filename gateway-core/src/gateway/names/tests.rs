use super::*;
use crate::sip::hop::Transport;
use crate::sip::locate::Srv;

fn place(host: &str) -> Place {
    Place { host: host.to_owned(), port: Some(5060), transports: vec![Transport::Udp] }
}

fn addresses(host: &str, ips: &[&str]) -> Answer {
    let records = ips.iter().map(|ip| Record::Address(ip.parse().unwrap())).collect();
    Answer { question: Question::Addresses(host.to_owned()), records, ttl: None }
}

fn asked(host: &str) -> Vec<Question> {
    vec![Question::Addresses(host.to_owned())]
}

fn known(addresses: &[&str]) -> Lookup<Hop> {
    Lookup::Known(addresses.iter().map(|address| address.parse().unwrap()).collect())
}

#[test]
fn a_name_is_asked_once_and_again_when_stale() {
    let (mut names, mut rng) = (Names::default(), Rng::from_seed(1));
    let now = Moment::from_secs(1);
    assert_eq!(names.hops(&place("127.0.0.1"), now), known(&["127.0.0.1:5060"]));
    let pbx = place("pbx.example");
    assert_eq!(names.hops(&pbx, now), Lookup::Pending);
    assert_eq!(names.hops(&pbx, now), Lookup::Pending);
    assert_eq!(names.take_questions(), asked("pbx.example"));
    names.answered(addresses("pbx.example", &["192.0.2.1"]), &mut rng, now);
    assert_eq!(names.hops(&pbx, now + FRESH / 2), known(&["192.0.2.1:5060"]));
    assert!(names.take_questions().is_empty());
    assert_eq!(names.hops(&pbx, now + FRESH), known(&["192.0.2.1:5060"]));
    assert_eq!(names.hops(&pbx, now + FRESH), known(&["192.0.2.1:5060"]));
    assert_eq!(names.take_questions(), asked("pbx.example"));
}

#[test]
fn an_answer_is_believed_for_as_long_as_it_says_within_bounds() {
    for (ttl_s, believed_s) in [(0, 30), (300, 300), (1_000_000, 3600)] {
        let (mut names, mut rng) = (Names::default(), Rng::from_seed(1));
        let now = Moment::from_secs(1);
        let pbx = place("pbx.example");
        names.hops(&pbx, now);
        names.take_questions();
        let answer = Answer { ttl: Some(Duration::from_secs(ttl_s)), ..addresses("pbx.example", &["192.0.2.1"]) };
        names.answered(answer, &mut rng, now);
        let believed = Duration::from_secs(believed_s);
        names.hops(&pbx, now + Duration::from_secs(believed_s - 1));
        assert!(names.take_questions().is_empty(), "{ttl_s}");
        names.hops(&pbx, now + believed);
        assert_eq!(names.take_questions(), asked("pbx.example"), "{ttl_s}");
    }
}

#[test]
fn a_name_that_did_not_resolve_is_asked_again_when_settings_are_applied() {
    let (mut names, mut rng) = (Names::default(), Rng::from_seed(1));
    let now = Moment::from_secs(1);
    names.keep(vec![place("pbx.example")], now);
    names.take_questions();
    names.answered(addresses("pbx.example", &[]), &mut rng, now);
    assert_eq!(names.hops(&place("pbx.example"), now), Lookup::Known(Vec::new()));
    names.keep(vec![place("pbx.example")], now + FRESH / 4);
    assert_eq!(names.take_questions(), asked("pbx.example"));
}

#[test]
fn a_resolver_that_is_down_keeps_the_last_answer_of_a_kept_name() {
    let (mut names, mut rng) = (Names::default(), Rng::from_seed(1));
    let now = Moment::from_secs(1);
    names.keep(vec![place("pbx.example")], now);
    names.answered(addresses("pbx.example", &["192.0.2.1"]), &mut rng, now);
    names.take_questions();
    names.handle_timeout(now + FRESH);
    assert_eq!(names.take_questions(), asked("pbx.example"));
    names.answered(addresses("pbx.example", &[]), &mut rng, now + FRESH);
    assert_eq!(names.known("pbx.example"), ["192.0.2.1".parse::<IpAddr>().unwrap()]);
}

#[test]
fn the_servers_of_a_kept_domain_are_kept_with_it_and_forgotten_with_it() {
    let (mut names, mut rng) = (Names::default(), Rng::from_seed(1));
    let now = Moment::from_secs(1);
    let voip = Place { port: None, ..place("voip.example") };
    names.keep(vec![voip.clone()], now);
    let question = Question::Srv("_sip._udp.voip.example".to_owned());
    assert_eq!(names.take_questions(), [Question::Addresses("voip.example".to_owned()), question.clone()]);
    let server = |priority, host: &str| Record::Srv(Srv { priority, weight: 0, port: 5080, host: host.to_owned() });
    let records = vec![server(2, "b.example"), server(1, "a.example")];
    names.answered(Answer { question, records, ttl: None }, &mut rng, now);
    assert_eq!(names.take_questions(), ["a.example", "b.example"].map(|host| Question::Addresses(host.to_owned())));
    names.answered(addresses("b.example", &["192.0.2.2"]), &mut rng, now);
    names.answered(addresses("a.example", &["192.0.2.1"]), &mut rng, now);
    assert_eq!(names.hops(&voip, now), known(&["192.0.2.1:5080", "192.0.2.2:5080"]));
    assert_eq!(names.known_hops(&voip).len(), 2);
    names.take_questions();
    names.handle_timeout(now + FRESH);
    assert!(names.take_questions().contains(&Question::Addresses("b.example".to_owned())));
    names.keep(Vec::new(), now);
    assert_eq!(names.len(), 0);
    assert_eq!(names.deadline(), None);
}
