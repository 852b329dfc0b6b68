//! The proxies between a telephone and this registrar, as a REGISTER gathers them (RFC 3327).

use crate::sip::message::{NameAddr, Request, Response};
use crate::sip::options::PATH;
use crate::sip::uri::Uri;

/// More proxies stand between nobody and us; a longer path would make every INVITE a big one.
const MOST_PROXIES: usize = 8;

/// Why a path is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It cannot be read, or is too long.
    Malformed,
    /// A proxy on it does not know loose routing (RFC 3261 §16.12): a request would not find its way.
    NotFollowed,
}

impl Refusal {
    /// The answer to the REGISTER: 400, or 420 that names what we cannot do in this case (RFC 3261 §8.2.2.3).
    pub(super) fn answer(self, request: &Request) -> Response {
        match self {
            Refusal::Malformed => request.respond(400),
            Refusal::NotFollowed => {
                let mut response = request.respond(420);
                response.headers_mut().set("Unsupported", PATH);
                response
            }
        }
    }
}

/// The path of a REGISTER, as the `Route` of requests to its Contacts (§5.3); the nearest proxy first.
pub(super) fn path(request: &Request) -> Result<Vec<String>, Refusal> {
    let mut path = Vec::new();
    for value in request.headers().list("Path") {
        let uri = NameAddr::parse(value, "Path").ok().and_then(|proxy| Uri::parse(&proxy.uri).ok()).filter(Uri::is_sip);
        let uri = uri.filter(|_| path.len() < MOST_PROXIES).ok_or(Refusal::Malformed)?;
        if !uri.params.has("lr") {
            return Err(Refusal::NotFollowed);
        }
        path.push(value.to_owned());
    }
    Ok(path)
}

/// Repeats the path in the 200 to a telephone that can read it (§5.3).
pub(super) fn tell(request: &Request, response: &mut Response) {
    if request.headers().lists("Supported", PATH) {
        for value in request.headers().list("Path") {
            response.headers_mut().push("Path", value);
        }
    }
}
