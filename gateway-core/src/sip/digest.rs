//! HTTP digest authentication for SIP (RFC 3261 §22, RFC 7616, RFC 8760): MD5 and SHA-256, `qop=auth`.
//!
//! [`Challenge`] is the side that proves, [`Verifier`] the side that checks.

mod challenge;
mod fields;
mod verifier;

pub use challenge::Challenge;
pub use verifier::{Verdict, Verifier};

use std::fmt;

use md5::Md5;
use sha2::{Digest as _, Sha256};

use crate::config::settings::Secret;

/// What a user proves to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Digest username.
    pub user: String,
    /// The secret; never printed.
    pub secret: Secret,
}

/// A hash algorithm. Ordered by strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// RFC 2617. What nearly every telephone speaks.
    Md5,
    /// RFC 8760.
    Sha256,
}

impl Algorithm {
    /// The algorithm of an `algorithm` parameter; MD5 without one. `None` when it is not spoken here.
    fn from_param(param: Option<&str>) -> Option<Self> {
        match param {
            None => Some(Algorithm::Md5),
            Some(name) if name.eq_ignore_ascii_case("MD5") => Some(Algorithm::Md5),
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Some(Algorithm::Sha256),
            Some(_) => None,
        }
    }

    /// The hash of `parts` joined by colons, in lower-case hexadecimal digits.
    fn hash(self, parts: &[&str]) -> String {
        let text = parts.join(":");
        match self {
            Algorithm::Md5 => hex(&Md5::digest(text)),
            Algorithm::Sha256 => hex(&Sha256::digest(text)),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
        })
    }
}

/// `qop=auth` as it goes into the hash: the counter as it stands on the wire, and the client's nonce.
#[derive(Clone, Copy, Debug)]
struct Protection<'a> {
    nc: &'a str,
    cnonce: &'a str,
}

/// Everything a response is computed from (RFC 7616 §3.4.1).
#[derive(Clone, Copy, Debug)]
struct Proof<'a> {
    algorithm: Algorithm,
    user: &'a str,
    realm: &'a str,
    secret: &'a str,
    method: &'a str,
    uri: &'a str,
    nonce: &'a str,
    /// `None` is the older computation without `qop` (RFC 2069).
    protection: Option<Protection<'a>>,
}

impl Proof<'_> {
    fn response(&self) -> String {
        let a1 = self.algorithm.hash(&[self.user, self.realm, self.secret]);
        let a2 = self.algorithm.hash(&[self.method, self.uri]);
        match self.protection {
            Some(Protection { nc, cnonce }) => self.algorithm.hash(&[&a1, self.nonce, nc, cnonce, "auth", &a2]),
            None => self.algorithm.hash(&[&a1, self.nonce, &a2]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC_7616: Proof<'_> = Proof {
        algorithm: Algorithm::Md5,
        user: "Mufasa",
        realm: "http-auth@example.org",
        secret: "Circle of Life",
        method: "GET",
        uri: "/dir/index.html",
        nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        protection: Some(Protection { nc: "00000001", cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ" }),
    };

    #[test]
    fn the_examples_of_rfc_7616_and_rfc_2617_come_out() {
        assert_eq!(RFC_7616.response(), "8ca523f5e9506fed4657c9700eebdbec");
        let sha256 = Proof { algorithm: Algorithm::Sha256, ..RFC_7616 };
        assert_eq!(sha256.response(), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
        let rfc_2617 = Proof {
            realm: "testrealm@host.com",
            secret: "Circle Of Life",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            protection: Some(Protection { nc: "00000001", cnonce: "0a4f113b" }),
            ..RFC_7616
        };
        assert_eq!(rfc_2617.response(), "6629fae49393a05397450978507c4ef1");
    }

    #[test]
    fn the_computation_of_rfc_2069_has_no_counter() {
        // The example of RFC 2069 §2.4 with the value of its erratum 749.
        let proof = Proof {
            realm: "testrealm@host.com",
            secret: "CircleOfLife",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            protection: None,
            ..RFC_7616
        };
        assert_eq!(proof.response(), "1949323746fe6a43ef61f9606e7febea");
    }
}
