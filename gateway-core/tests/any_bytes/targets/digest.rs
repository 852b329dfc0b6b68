//! Any challenges and credentials (RFC 7616): nobody gets in who does not know the secret, whoever knows it gets in once with each
//! answer, and every challenge that is understood is answered so that it is understood.
//!
//! The first two pieces are a user and its secret; then `c` is a challenge, anything else credentials.

use std::net::IpAddr;

use gateway_core::config::settings::Secret;
use gateway_core::rng::Rng;
use gateway_core::sip::digest::{Challenge, Credentials, Verdict, Verifier};
use gateway_core::sip::message::{Method, Request, Response};
use gateway_core::time::Moment;

use super::pieces::pieces;

const URI: &str = "sip:100@192.0.2.1";

pub fn holds(bytes: &[u8]) {
    let mut texts = pieces(bytes).into_iter().map(|piece| (piece.what, printable(piece.bytes)));
    let (Some((_, user)), Some((_, secret))) = (texts.next(), texts.next()) else { return };
    if user.is_empty() || secret.is_empty() {
        return;
    }
    let credentials = Credentials { user, secret: Secret(secret) };
    who_knows_gets_in_once(&credentials);
    for (what, text) in texts {
        if what == b'c' {
            a_challenge_is_answered(&text, &credentials);
        } else {
            nobody_else_gets_in(&text, &credentials);
        }
    }
}

/// Control characters cannot be carried in a quoted string.
fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).collect()
}

fn source() -> IpAddr {
    IpAddr::from([192, 0, 2, 7])
}

fn register(authorization: &str) -> Request {
    let mut request = Request::new(Method::Register, URI);
    request.headers_mut().push("Authorization", authorization);
    request
}

fn challenged(value: &str) -> Vec<Challenge> {
    let mut response = Response::new(401);
    response.headers_mut().push("WWW-Authenticate", value);
    Challenge::all(&response)
}

fn who_knows_gets_in_once(credentials: &Credentials) {
    let mut rng = Rng::from_seed(1);
    let mut verifier = Verifier::new("loopstart", Verifier::STRONGEST, &mut rng);
    for number in 0..Verifier::STRONGEST.len() {
        let offered = verifier.challenges(source(), false, Moment::ZERO).swap_remove(number);
        let answer = challenged(&offered).remove(0).answer(credentials, &Method::Register, URI, &mut rng);
        let request = register(&answer);
        assert_eq!(verifier.claimed_user(&request).as_ref(), Some(&credentials.user));
        let mut check = |source, credentials| verifier.check(&request, source, credentials, Moment::from_secs(1));
        assert_ne!(check(IpAddr::from([192, 0, 2, 8]), Some(credentials)), Verdict::Granted, "another source");
        assert_ne!(check(source(), None), Verdict::Granted, "nobody");
        assert_eq!(check(source(), Some(credentials)), Verdict::Granted);
        assert_eq!(check(source(), Some(credentials)), Verdict::Challenge { stale: true }, "played again");
    }
}

fn a_challenge_is_answered(text: &str, credentials: &Credentials) {
    let mut rng = Rng::from_seed(3);
    for mut challenge in challenged(text) {
        let answer = challenge.answer(credentials, &Method::Register, URI, &mut rng);
        let request = register(&answer);
        let understood = Verifier::new(&challenge.realm, Verifier::WIDEST, &mut rng).claimed_user(&request);
        // A nonce of nothing is none.
        assert!(understood.as_ref() == Some(&credentials.user) || answer.contains("nonce=\"\""), "{text} -> {answer}");
    }
}

fn nobody_else_gets_in(text: &str, credentials: &Credentials) {
    let mut verifier = Verifier::new("loopstart", Verifier::STRONGEST, &mut Rng::from_seed(4));
    let request = register(text);
    for _ in 0..2 {
        let verdict = verifier.check(&request, source(), Some(credentials), Moment::from_secs(1));
        assert_ne!(verdict, Verdict::Granted, "{text}");
    }
}
