//! A client and the verifier against each other.

use super::*;
use crate::config::settings::Secret;
use crate::sip::digest::Challenge;
use crate::sip::message::{Method, Response};

struct Pair {
    verifier: Verifier,
    rng: Rng,
    source: IpAddr,
    now: Moment,
}

impl Pair {
    fn new() -> Self {
        let mut rng = Rng::from_seed(22);
        Pair {
            verifier: Verifier::new("gateway", Verifier::STRONGEST, &mut rng),
            rng,
            source: "192.0.2.7".parse().unwrap(),
            now: Moment::from_secs(1000),
        }
    }

    fn challenge(&mut self) -> Challenge {
        let mut response = Response::new(401);
        for value in self.verifier.challenges(self.source, false, self.now) {
            response.headers_mut().push("WWW-Authenticate", value);
        }
        Challenge::all(&response).remove(0)
    }

    fn request(&mut self, challenge: &mut Challenge, secret: &str) -> Request {
        self.signed_for("sip:33334444@gateway", challenge, secret)
    }

    fn signed_for(&mut self, uri: &str, challenge: &mut Challenge, secret: &str) -> Request {
        let mut request = Request::new(Method::Invite, "sip:33334444@gateway");
        let answer = challenge.answer(&port("line1", secret), &Method::Invite, uri, &mut self.rng);
        request.headers_mut().push("Authorization", answer);
        request
    }

    fn check(&mut self, request: &Request) -> Verdict {
        self.verifier.check(request, self.source, Some(&port("line1", "s3cret")), self.now)
    }
}

fn port(user: &str, secret: &str) -> Credentials {
    Credentials { user: user.into(), secret: Secret(secret.into()) }
}

/// The request with one piece of its Authorization exchanged.
fn forged(request: &Request, from: &str, to: &str) -> Request {
    let mut request = request.clone();
    let value = request.headers().get("Authorization").unwrap().replace(from, to);
    request.headers_mut().set("Authorization", value);
    request
}

#[test]
fn the_right_secret_is_granted_in_both_algorithms() {
    let mut pair = Pair::new();
    let mut challenge = pair.challenge();
    assert_eq!(challenge.algorithm, Algorithm::Sha256);
    let request = pair.request(&mut challenge, "s3cret");
    assert_eq!(pair.verifier.claimed_user(&request).as_deref(), Some("line1"));
    assert_eq!(pair.check(&request), Verdict::Granted);
    challenge.algorithm = Algorithm::Md5;
    let request = pair.request(&mut challenge, "s3cret");
    assert_eq!(pair.check(&request), Verdict::Granted);
}

#[test]
fn wrong_secret_unknown_user_and_empty_secret_look_alike() {
    let mut pair = Pair::new();
    let mut challenge = pair.challenge();
    let request = pair.request(&mut challenge, "guess");
    assert_eq!(pair.check(&request), Verdict::Wrong);
    assert_eq!(pair.verifier.check(&request, pair.source, None, pair.now), Verdict::Wrong);
    let request = pair.request(&mut challenge, "");
    assert_eq!(pair.verifier.check(&request, pair.source, Some(&port("line1", "")), pair.now), Verdict::Wrong);
    let request = pair.request(&mut challenge, "s3cret");
    assert_eq!(pair.verifier.check(&request, pair.source, Some(&port("line2", "s3cret")), pair.now), Verdict::Wrong);
}

#[test]
fn a_request_without_credentials_for_this_realm_is_challenged() {
    let mut pair = Pair::new();
    assert_eq!(pair.check(&Request::new(Method::Invite, "sip:1@gateway")), Verdict::Challenge { stale: false });
    let mut challenge = pair.challenge();
    let request = pair.request(&mut challenge, "s3cret");
    for (from, to) in [("realm=\"gateway\"", "realm=\"other\""), ("Digest", "Basic"), ("cnonce=", "x="), ("SHA-256", "SHA-1")] {
        assert_eq!(pair.check(&forged(&request, from, to)), Verdict::Challenge { stale: false }, "{to}");
    }
}

#[test]
fn a_replayed_counter_is_refused_and_a_swapped_one_is_not() {
    let mut pair = Pair::new();
    let mut challenge = pair.challenge();
    let requests: Vec<Request> = (0..3).map(|_| pair.request(&mut challenge, "s3cret")).collect();
    for (turn, expected) in [(0, Verdict::Granted), (2, Verdict::Granted), (1, Verdict::Granted)] {
        assert_eq!(pair.check(&requests[turn]), expected);
    }
    for request in &requests {
        assert_eq!(pair.check(request), Verdict::Challenge { stale: true });
    }
    assert_eq!(pair.check(&forged(&requests[0], "nc=00000001", "nc=00000009")), Verdict::Wrong);
}

#[test]
fn an_old_nonce_or_one_of_another_source_or_start_is_stale() {
    let mut pair = Pair::new();
    let mut challenge = pair.challenge();
    let request = pair.request(&mut challenge, "s3cret");
    let stale = Verdict::Challenge { stale: true };
    let elsewhere = "192.0.2.8".parse().unwrap();
    assert_eq!(pair.verifier.check(&request, elsewhere, Some(&port("line1", "s3cret")), pair.now), stale);
    let mut restarted = Verifier::new("gateway", Verifier::STRONGEST, &mut pair.rng);
    assert_eq!(restarted.check(&request, pair.source, Some(&port("line1", "s3cret")), pair.now), stale);
    pair.now = pair.now + NONCE_LIFETIME + Duration::from_nanos(1);
    assert_eq!(pair.check(&request), stale);
    let values = pair.verifier.challenges(pair.source, true, pair.now);
    assert!(values[0].ends_with("algorithm=SHA-256, qop=\"auth\", stale=true"), "{values:?}");
    assert!(values[1].contains("algorithm=MD5"), "{values:?}");
}

#[test]
fn a_digest_made_for_another_number_is_wrong() {
    let mut pair = Pair::new();
    let mut challenge = pair.challenge();
    let signed = pair.request(&mut challenge, "s3cret");
    let mut redirected = Request::new(Method::Invite, "sip:0900123456@gateway");
    redirected.headers_mut().push("Authorization", signed.headers().get("Authorization").unwrap());
    assert_eq!(pair.check(&redirected), Verdict::Wrong);
    let mut through_proxy = Request::new(Method::Invite, "sip:33334444@10.0.0.1:5060;transport=udp");
    through_proxy.headers_mut().push("Authorization", signed.headers().get("Authorization").unwrap());
    assert_eq!(pair.check(&through_proxy), Verdict::Granted);
    let host_only = pair.signed_for("sip:192.0.2.1:5060", &mut challenge, "s3cret");
    assert_eq!(pair.check(&host_only), Verdict::Granted);
}

#[test]
fn a_client_without_qop_may_use_each_nonce_once() {
    let mut pair = Pair::new();
    let values = pair.verifier.challenges(pair.source, false, pair.now);
    let mut response = Response::new(401);
    response.headers_mut().push("WWW-Authenticate", values[1].replace(", qop=\"auth\"", ""));
    let mut challenge = Challenge::all(&response).remove(0);
    let request = pair.request(&mut challenge, "s3cret");
    assert!(!request.headers().get("Authorization").unwrap().contains("nc="));
    assert_eq!(pair.check(&request), Verdict::Granted);
    assert_eq!(pair.check(&request), Verdict::Challenge { stale: true });
}

#[test]
fn counters_are_bounded_and_forgotten_ones_are_not_granted_again() {
    let mut pair = Pair::new();
    let mut first = pair.challenge();
    let replay = pair.request(&mut first, "s3cret");
    assert_eq!(pair.check(&replay), Verdict::Granted);
    for _ in 0..MAX_NONCES {
        let mut challenge = pair.challenge();
        let request = pair.request(&mut challenge, "s3cret");
        assert_eq!(pair.check(&request), Verdict::Granted);
    }
    assert_eq!(pair.verifier.counters.len(), MAX_NONCES);
    assert_eq!(pair.check(&replay), Verdict::Challenge { stale: true });
}

#[test]
fn no_mutated_authorization_is_ever_granted_or_panics() {
    let mut pair = Pair::new();
    let mut challenge = pair.challenge();
    let request = pair.request(&mut challenge, "s3cret");
    let genuine = request.headers().get("Authorization").unwrap().to_owned();
    for _ in 0..5_000 {
        let mut chars: Vec<char> = genuine.chars().collect();
        for _ in 0..=pair.rng.below(3) {
            let at = usize::try_from(pair.rng.below(chars.len() as u64)).unwrap();
            chars[at] = char::from(u8::try_from(pair.rng.below(256)).unwrap());
        }
        let value: String = chars.into_iter().collect();
        let mut mutant = request.clone();
        mutant.headers_mut().set("Authorization", value.clone());
        if pair.verifier.clone().check(&mutant, pair.source, Some(&port("line1", "s3cret")), pair.now) == Verdict::Granted {
            // A change of case, or in a parameter's name that falls back to its default, leaves the proof itself untouched.
            let fields = |value: &str| {
                let fields = Fields::parse(value).remove(0);
                ["username", "nonce", "uri", "nc", "cnonce"].map(|name| fields.get(name).map(str::to_owned))
            };
            assert_eq!(fields(&value), fields(&genuine), "{value}");
        }
    }
}

#[test]
fn the_window_knows_64_counters_back() {
    let mut window = Window::default();
    assert!(!window.admit(0));
    assert!(window.admit(100));
    assert!(window.admit(37) && !window.admit(37));
    assert!(!window.admit(36));
    assert!(window.admit(u32::MAX));
    assert!(!window.admit(100) && !window.admit(u32::MAX));
}
