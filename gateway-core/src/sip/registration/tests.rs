use super::*;
use crate::config::settings::Secret;
use crate::sip::digest::{Algorithm, Credentials, Verdict, Verifier};

const ACCOUNT: AccountId = AccountId(1);

struct Story {
    registrations: Registrations,
    rng: Rng,
    now: Moment,
    asked: Vec<(Moment, RegistrationKey, Request)>,
    abandoned: Vec<RegistrationKey>,
    told: Vec<RegistrationState>,
}

fn params() -> Account {
    Account {
        registrar: "192.0.2.1:5060".parse().unwrap(),
        server: "pbx.example".into(),
        route: Vec::new(),
        patience: None,
        domain: "pbx.example".into(),
        credentials: Credentials { user: "101".into(), secret: Secret("s3cret".into()) },
        contact_user: "token".into(),
        expires: Duration::from_secs(600),
    }
}

impl Story {
    fn new() -> Self {
        Story {
            registrations: Registrations::default(),
            rng: Rng::from_seed(2),
            now: Moment::ZERO,
            asked: Vec::new(),
            abandoned: Vec::new(),
            told: Vec::new(),
        }
    }

    fn started() -> Self {
        let mut story = Story::new();
        story.register(params());
        story
    }

    fn take(&mut self, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Ask { key, request, .. } => self.asked.push((self.now, key, request)),
                Act::Abandon { key } => self.abandoned.push(key),
                Act::Tell { account, state } => {
                    assert_eq!(account, ACCOUNT);
                    self.told.push(state);
                }
            }
        }
    }

    fn order(&mut self, order: impl FnOnce(&mut Registrations, Moment, &mut Rng, &mut Vec<Act>)) {
        let mut acts = Vec::new();
        order(&mut self.registrations, self.now, &mut self.rng, &mut acts);
        self.take(acts);
    }

    fn register(&mut self, params: Account) {
        let contact = format!("<sip:{}@198.51.100.1:5060>", params.contact_user);
        self.order(|all, now, rng, out| all.register(ACCOUNT, params, contact, now, rng, out));
    }

    fn last(&self) -> (RegistrationKey, Request) {
        let (_, key, request) = self.asked.last().unwrap();
        (*key, request.clone())
    }

    fn answer(&mut self, status: u16, headers: &[(&str, &str)]) {
        let (key, request) = self.last();
        let mut response = request.respond(status);
        headers.iter().for_each(|(name, value)| response.headers_mut().push(name, *value));
        self.order(|all, now, rng, out| all.answered(key, &response, now, rng, out));
    }

    fn grant(&mut self, seconds: u32) {
        self.answer(200, &[("Contact", &format!("<sip:other@h>;expires=9, <sip:token@198.51.100.1:5060>;expires={seconds}"))]);
    }

    fn nobody(&mut self) {
        let (key, _) = self.last();
        self.order(|all, now, rng, out| all.unanswered(key, 408, now, rng, out));
    }

    fn wait_for_deadline(&mut self) -> Duration {
        let (before, at) = (self.now, self.registrations.deadline().unwrap());
        self.now = at;
        self.order(|all, now, rng, out| all.handle_timeout(now, rng, out));
        at - before
    }
}

fn number(request: &Request) -> u32 {
    request.cseq().unwrap().number
}

#[test]
fn a_grant_is_refreshed_at_80_to_90_per_cent_on_one_call_id_with_growing_cseq() {
    let mut story = Story::started();
    story.now = Moment::from_millis(40);
    story.grant(300);
    let rtt = Duration::from_millis(40);
    assert_eq!(story.told, [RegistrationState::Trying, RegistrationState::Registered { expires: Duration::from_secs(300), rtt }]);
    let mut waits = Vec::new();
    for _ in 0..50 {
        waits.push(story.wait_for_deadline());
        story.grant(300);
    }
    assert!(waits.iter().all(|wait| (240_000..=270_000).contains(&wait.as_millis())), "{waits:?}");
    assert!(waits.iter().any(|wait| wait.as_millis() < 250_000) && waits.iter().any(|wait| wait.as_millis() > 260_000));
    let numbers: Vec<u32> = story.asked.iter().map(|(_, _, request)| number(request)).collect();
    assert_eq!(numbers, (1..=51).collect::<Vec<_>>());
    assert!(story.asked.iter().all(|(_, _, request)| request.call_id() == story.asked[0].2.call_id()));
    assert!(!story.told[1..].contains(&RegistrationState::Trying));
}

#[test]
fn the_header_grants_where_our_contact_is_missing_and_what_we_asked_for_where_both_are() {
    let mut story = Story::started();
    story.answer(200, &[("Expires", "120")]);
    assert!(matches!(story.told[1], RegistrationState::Registered { expires, .. } if expires == Duration::from_secs(120)));
    story.wait_for_deadline();
    story.answer(200, &[]);
    assert!(matches!(story.told[2], RegistrationState::Registered { expires, .. } if expires == Duration::from_secs(600)));
}

#[test]
fn credentials_are_sent_when_asked_for_and_the_nonce_is_used_again_with_a_growing_count() {
    let mut story = Story::started();
    let mut verifier = Verifier::new("pbx.example", &[Algorithm::Sha256, Algorithm::Md5], &mut Rng::from_seed(9));
    let source = "198.51.100.1".parse().unwrap();
    assert!(story.last().1.headers().get("Authorization").is_none());
    let challenges = verifier.challenges(source, false, story.now);
    let headers: Vec<_> = challenges.iter().map(|challenge| ("WWW-Authenticate", challenge.as_str())).collect();
    story.answer(401, &headers);
    for count in ["00000001", "00000002", "00000003"] {
        let (_, request) = story.last();
        assert!(request.headers().get("Authorization").unwrap().contains(&format!("nc={count}")));
        assert_eq!(verifier.check(&request, source, Some(&params().credentials), story.now), Verdict::Granted);
        story.grant(60);
        story.wait_for_deadline();
    }
    assert_eq!(story.asked.len(), 5);
    assert_eq!(story.told.len(), 4);
}

#[test]
fn a_nonce_that_grew_old_is_replaced_without_a_failure() {
    let challenge = |nonce: &str, stale: bool| format!("Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\", stale={stale}");
    let mut story = Story::started();
    story.answer(401, &[("WWW-Authenticate", &challenge("one", false))]);
    story.grant(60);
    story.wait_for_deadline();
    story.answer(401, &[("WWW-Authenticate", &challenge("two", true))]);
    story.answer(401, &[("WWW-Authenticate", &challenge("three", true))]);
    let (_, request) = story.last();
    assert!(request.headers().get("Authorization").unwrap().contains("nonce=\"three\""));
    story.grant(60);
    story.wait_for_deadline();
    // Some registrars do not say stale: a new nonce is still worth one answer, but not two.
    story.answer(401, &[("WWW-Authenticate", &challenge("four", false))]);
    story.answer(401, &[("WWW-Authenticate", &challenge("five", false))]);
    assert!(matches!(story.told.last(), Some(RegistrationState::Failed { status: 401, .. })));
    assert!(story.last().1.headers().get("Authorization").unwrap().contains("nonce=\"four\""));
}

#[test]
fn a_registrar_that_always_says_stale_is_not_asked_for_ever() {
    let mut story = Story::started();
    for _ in 0..10 {
        story.answer(401, &[("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\", stale=true")]);
    }
    assert_eq!(story.asked.len(), usize::from(MOST_TRIES));
    assert_eq!(story.told.len(), 2);
}

#[test]
fn too_brief_asks_again_with_what_the_registrar_wants() {
    let mut story = Story::started();
    story.answer(423, &[("Min-Expires", "1800")]);
    assert_eq!(story.last().1.headers().get("Expires"), Some("1800"));
    story.answer(423, &[("Min-Expires", "900")]);
    assert!(matches!(story.told[1], RegistrationState::Failed { status: 423, .. }));
}

#[test]
fn failures_back_off_from_5_to_300_seconds_and_a_success_forgets_them() {
    let mut story = Story::started();
    let mut waits = Vec::new();
    for _ in 0..9 {
        story.nobody();
        waits.push(story.wait_for_deadline().as_secs());
    }
    assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    assert!(matches!(&story.told[1], RegistrationState::Failed { status: 408, retry, .. } if *retry == Duration::from_secs(5)));
    story.grant(600);
    story.wait_for_deadline();
    story.answer(503, &[]);
    assert_eq!(story.wait_for_deadline().as_secs(), 5);
    assert_eq!(story.told.iter().filter(|state| **state == RegistrationState::Trying).count(), 11);
}

#[test]
fn the_registrar_may_ask_for_a_longer_wait() {
    let mut story = Story::started();
    story.answer(503, &[("Retry-After", "120 (maintenance);duration=3600")]);
    assert_eq!(story.wait_for_deadline().as_secs(), 120);
    story.answer(503, &[("Retry-After", "999999")]);
    assert_eq!(story.wait_for_deadline().as_secs(), 3600);
}

#[test]
fn a_grant_of_nothing_is_a_failure() {
    let mut story = Story::started();
    story.grant(0);
    assert!(matches!(story.told[1], RegistrationState::Failed { status: 200, .. }));
}

#[test]
fn taking_it_back_asks_for_zero_and_ends_even_when_nobody_answers() {
    for answered in [true, false] {
        let mut story = Story::started();
        story.grant(600);
        story.order(|all, now, rng, out| all.unregister(ACCOUNT, now, rng, out));
        let (_, request) = story.last();
        assert_eq!((request.headers().get("Expires"), number(&request)), (Some("0"), 2));
        if answered {
            story.answer(200, &[]);
        } else {
            story.nobody();
        }
        assert_eq!(story.told.last(), Some(&RegistrationState::Unregistered));
        assert!(story.registrations.all.is_empty() && story.registrations.current.is_empty());
    }
}

#[test]
fn taking_it_back_while_asking_waits_for_the_answer() {
    let mut story = Story::started();
    story.order(|all, now, rng, out| all.unregister(ACCOUNT, now, rng, out));
    assert_eq!(story.asked.len(), 1);
    story.grant(600);
    assert_eq!(story.last().1.headers().get("Expires"), Some("0"));
    story.answer(200, &[]);
    assert_eq!(story.told.last(), Some(&RegistrationState::Unregistered));
    assert!(story.registrations.all.is_empty());
    let mut story = Story::started();
    story.order(|all, now, rng, out| all.unregister(ACCOUNT, now, rng, out));
    story.nobody();
    assert_eq!(story.told, [RegistrationState::Trying, RegistrationState::Unregistered]);
    assert_eq!(story.asked.len(), 1);
}

#[test]
fn registering_again_while_leaving_comes_back() {
    let mut story = Story::started();
    story.grant(600);
    story.order(|all, now, rng, out| all.unregister(ACCOUNT, now, rng, out));
    story.register(params());
    story.answer(200, &[]);
    assert_eq!(story.last().1.headers().get("Expires"), Some("600"));
    story.grant(600);
    assert!(matches!(story.told.last(), Some(RegistrationState::Registered { .. })));
}

#[test]
fn another_user_leaves_the_old_place_quietly_and_starts_a_new_one() {
    let mut story = Story::started();
    story.grant(600);
    let (old, _) = story.last();
    let mut changed = params();
    changed.credentials.user = "102".into();
    story.register(changed);
    let seen: Vec<_> = story.asked[1..].iter().map(|(_, key, request)| (*key == old, request.headers().get("Expires"))).collect();
    assert_eq!(seen, [(true, Some("0")), (false, Some("600"))]);
    assert_ne!(story.asked[2].2.call_id(), story.asked[1].2.call_id());
    story.grant(600);
    let goodbye = story.asked[1].2.respond(200);
    story.order(|all, now, rng, out| all.answered(old, &goodbye, now, rng, out));
    assert!(matches!(story.told.last(), Some(RegistrationState::Registered { .. })));
    assert_eq!((story.registrations.all.len(), story.registrations.current.len()), (1, 1));
}

#[test]
fn a_refresh_asks_at_once_but_never_twice_at_a_time() {
    let mut story = Story::started();
    story.order(|all, now, rng, out| all.refresh(ACCOUNT, now, rng, out));
    story.order(|all, now, rng, out| all.refresh(ACCOUNT, now, rng, out));
    assert_eq!(story.asked.len(), 1);
    story.grant(600);
    assert_eq!(story.asked.len(), 2);
    story.grant(600);
    assert_eq!(story.asked.len(), 2);
    story.order(|all, now, rng, out| all.refresh(ACCOUNT, now, rng, out));
    assert_eq!(story.asked.len(), 3);
}

#[test]
fn a_refresh_does_not_bring_back_what_is_being_taken_back() {
    for granted_before in [true, false] {
        let mut story = Story::started();
        if granted_before {
            story.grant(600);
        }
        story.order(|all, now, rng, out| all.unregister(ACCOUNT, now, rng, out));
        story.order(|all, now, rng, out| all.refresh(ACCOUNT, now, rng, out));
        if !granted_before {
            story.grant(600);
        }
        story.answer(200, &[]);
        assert_eq!(story.told.last(), Some(&RegistrationState::Unregistered));
        assert!(story.registrations.all.is_empty());
    }
}

#[test]
fn a_registrar_that_is_not_the_only_one_is_not_waited_for_to_the_end() {
    let patience = Duration::from_secs(8);
    let mut story = Story::new();
    story.register(Account { patience: Some(patience), ..params() });
    assert_eq!(story.wait_for_deadline(), patience);
    let (key, _) = story.last();
    assert_eq!(story.abandoned, [key]);
    assert!(matches!(story.told.last(), Some(RegistrationState::Failed { status: 408, .. })));
    assert!(story.registrations.deadline().is_some());
}

#[test]
fn whoever_moves_to_another_place_of_the_same_server_says_goodbye_to_nobody() {
    let mut story = Story::started();
    story.grant(300);
    let before = story.last().1;
    story.register(Account { registrar: "192.0.2.2:5060".parse().unwrap(), ..params() });
    let (_, moved) = story.last();
    assert_eq!(story.asked.len(), 2);
    assert_eq!((moved.call_id(), number(&moved)), (before.call_id(), 2));
    assert!(!moved.headers().get("Contact").unwrap().ends_with(";expires=0"));
    story.grant(300);
    story.register(Account { server: "other.example".into(), ..params() });
    let takes_back = |request: &Request| request.headers().get("Contact").unwrap().ends_with(";expires=0");
    assert!(story.asked.iter().any(|(_, _, request)| takes_back(request)), "another server is left with a goodbye");
}

#[test]
fn a_place_that_is_left_while_it_is_asked_is_not_waited_for() {
    let mut story = Story::started();
    let (key, _) = story.last();
    story.register(Account { registrar: "192.0.2.2:5060".parse().unwrap(), ..params() });
    assert_eq!(story.abandoned, [key]);
    assert_eq!(number(&story.last().1), 2);
    story.grant(300);
    assert!(matches!(story.told.last(), Some(RegistrationState::Registered { .. })));
}

#[test]
fn an_outbound_proxy_stands_in_the_route_and_the_domain_in_the_request_line() {
    let mut story = Story::new();
    story.register(Account { route: vec!["<sip:edge.example;lr>".into()], ..params() });
    let (_, request) = story.last();
    assert_eq!((request.uri(), request.headers().get("Route")), ("sip:pbx.example", Some("<sip:edge.example;lr>")));
}
