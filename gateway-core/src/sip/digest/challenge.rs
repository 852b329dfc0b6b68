//! The client's side: reading challenges and answering them (RFC 7616 §3.4, RFC 8760 §2.3).

use super::fields::Fields;
use super::{Algorithm, Credentials, Proof, Protection};
use crate::rng::Rng;
use crate::sip::header::grammar;
use crate::sip::message::{Method, Response};

/// A challenge that can be answered, and how often it was.
///
/// Keep it: until the server says `stale`, the next request can be answered beforehand with the same nonce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Whether it came from a proxy (407).
    pub proxy: bool,
    /// The realm.
    pub realm: String,
    /// The hash algorithm.
    pub algorithm: Algorithm,
    /// The nonce before this one was too old, but the secret was right: try again without asking anyone.
    pub stale: bool,
    nonce: String,
    opaque: Option<String>,
    /// Whether `qop=auth` is spoken; else the older computation without counter.
    qop: bool,
    used: u32,
}

impl Challenge {
    /// The challenges of a 401 or 407: of every realm the strongest that is understood here, all to be answered.
    ///
    /// Empty when there is none: then the response is a refusal like any other.
    #[must_use]
    pub fn all(response: &Response) -> Vec<Challenge> {
        let mut chosen: Vec<Challenge> = Vec::new();
        for (name, proxy) in [("WWW-Authenticate", false), ("Proxy-Authenticate", true)] {
            let fields = response.headers().all(name).flat_map(Fields::parse);
            for challenge in fields.filter_map(|fields| Self::understand(&fields, proxy)) {
                match chosen.iter_mut().find(|known| known.proxy == proxy && known.realm == challenge.realm) {
                    Some(known) if known.algorithm < challenge.algorithm => *known = challenge,
                    Some(_) => {}
                    None => chosen.push(challenge),
                }
            }
        }
        chosen
    }

    fn understand(fields: &Fields, proxy: bool) -> Option<Self> {
        let qop = match fields.get("qop") {
            None => false,
            Some(list) if list.split(',').any(|word| word.trim().eq_ignore_ascii_case("auth")) => true,
            Some(_) => return None,
        };
        Some(Challenge {
            proxy,
            realm: fields.get("realm")?.to_owned(),
            algorithm: Algorithm::from_param(fields.get("algorithm"))?,
            stale: fields.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
            nonce: fields.get("nonce")?.to_owned(),
            opaque: fields.get("opaque").map(str::to_owned),
            qop,
            used: 0,
        })
    }

    /// The header that carries the answer: `Authorization` or `Proxy-Authorization`.
    #[must_use]
    pub fn header_name(&self) -> &'static str {
        if self.proxy { "Proxy-Authorization" } else { "Authorization" }
    }

    /// The value of [`Challenge::header_name`] for one request; each answer counts one up.
    ///
    /// `uri` is the Request-URI as it stands in the request.
    #[must_use]
    pub fn answer(&mut self, credentials: &Credentials, method: &Method, uri: &str, rng: &mut Rng) -> String {
        self.used = self.used.saturating_add(1);
        let (nc, cnonce) = (format!("{:08x}", self.used), rng.hex(32));
        self.answer_with(credentials, method, uri, &nc, &cnonce)
    }

    fn answer_with(&self, credentials: &Credentials, method: &Method, uri: &str, nc: &str, cnonce: &str) -> String {
        let proof = Proof {
            algorithm: self.algorithm,
            user: &credentials.user,
            realm: &self.realm,
            secret: &credentials.secret.0,
            method: method.as_str(),
            uri,
            nonce: &self.nonce,
            protection: self.qop.then_some(Protection { nc, cnonce }),
        };
        let mut value = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{}\", algorithm={}",
            grammar::quote(&credentials.user),
            grammar::quote(&self.realm),
            grammar::quote(&self.nonce),
            grammar::quote(uri),
            proof.response(),
            self.algorithm,
        );
        if self.qop {
            value.push_str(&format!(", qop=auth, nc={nc}, cnonce={}", grammar::quote(cnonce)));
        }
        if let Some(opaque) = &self.opaque {
            value.push_str(&format!(", opaque={}", grammar::quote(opaque)));
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::Secret;

    fn response(headers: &[(&str, &str)]) -> Response {
        let mut response = Response::new(401);
        headers.iter().for_each(|(name, value)| response.headers_mut().push(name, *value));
        response
    }

    fn credentials(user: &str, secret: &str) -> Credentials {
        Credentials { user: user.into(), secret: Secret(secret.into()) }
    }

    #[test]
    fn the_strongest_understood_challenge_of_each_realm_is_taken() {
        let challenges = Challenge::all(&response(&[
            ("WWW-Authenticate", r#"Digest realm="a", nonce="1", algorithm=MD5, qop="auth,auth-int""#),
            ("WWW-Authenticate", r#"Digest realm="a", nonce="2", algorithm=SHA-256, qop="auth""#),
            ("WWW-Authenticate", r#"Digest realm="a", nonce="3", algorithm=SHA-512-256, qop="auth""#),
            ("WWW-Authenticate", r#"Digest realm="b", nonce="4", qop="auth-int""#),
            ("WWW-Authenticate", r#"Basic realm="c""#),
            ("Proxy-Authenticate", r#"Digest realm="a", nonce="5", stale=TRUE"#),
        ]));
        let seen: Vec<_> = challenges.iter().map(|c| (c.header_name(), c.nonce.as_str(), c.algorithm, c.qop, c.stale)).collect();
        assert_eq!(
            seen,
            [("Authorization", "2", Algorithm::Sha256, true, false), ("Proxy-Authorization", "5", Algorithm::Md5, false, true)]
        );
    }

    #[test]
    fn the_answer_matches_rfc_7616_field_for_field() {
        let header = r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;
        let challenge = Challenge::all(&response(&[("WWW-Authenticate", header)])).remove(0);
        let answer = challenge.answer_with(
            &credentials("Mufasa", "Circle of Life"),
            &Method::Other("GET".into()),
            "/dir/index.html",
            "00000001",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        );
        assert_eq!(
            answer,
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             uri=\"/dir/index.html\", response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", algorithm=SHA-256, \
             qop=auth, nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        );
    }

    #[test]
    fn each_answer_counts_up_in_eight_hex_digits() {
        let header = r#"Digest realm="josé \"x\"", nonce="n", qop=auth"#;
        let mut challenge = Challenge::all(&response(&[("WWW-Authenticate", header)])).remove(0);
        let mut rng = Rng::from_seed(1);
        let mut last = String::new();
        for _ in 0..300 {
            last = challenge.answer(&credentials("u", "s"), &Method::Register, "sip:h", &mut rng);
        }
        assert!(last.contains("nc=0000012c,"), "{last}");
        assert!(last.contains(r#"realm="josé \"x\"""#), "{last}");
    }
}
