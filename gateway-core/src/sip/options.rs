//! What this user agent can do, and the refusals that follow from it (RFC 3261 §8.2.1, §8.2.2.3, §11).

use super::message::{Headers, Method, Request, Response, Uri};
use super::session_timer::{self, TIMER};

/// The methods we understand, as `Allow` has them.
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, REGISTER";

/// The body types we understand, as `Accept` has them.
pub const ACCEPT: &str = "application/sdp, application/dtmf-relay, application/dtmf";

/// Provisional responses that do not get lost (RFC 3262).
pub(crate) const RELIABLE: &str = "100rel";

/// Proxies that stand between a telephone and its registrar (RFC 3327).
pub(crate) const PATH: &str = "path";

/// Taking over a dialog (RFC 3891).
const REPLACES: &str = "replaces";

/// REFER without a subscription (RFC 4488).
const NO_REFER_SUB: &str = "norefersub";

/// The extensions we understand, as `Supported` has them: one line here for each. Some can be turned off.
const EXTENSIONS: &[&str] = &[TIMER, RELIABLE, PATH, REPLACES, NO_REFER_SUB];

fn extensions(timers: bool) -> impl Iterator<Item = &'static str> {
    EXTENSIONS.iter().copied().filter(move |tag| timers || *tag != TIMER)
}

/// Adds the methods and extensions that we understand, as INVITE, UPDATE and their 2xx tell them. `timers`: session timers are on.
pub fn introduce(headers: &mut Headers, timers: bool) {
    headers.set("Allow", ALLOW);
    let supported: Vec<&str> = extensions(timers).collect();
    if !supported.is_empty() {
        headers.set("Supported", supported.join(", "));
    }
}

/// Adds what we can do to a response: the body of an answer to OPTIONS is all in these headers (§11.2). `timers`: session timers are on.
pub fn describe(headers: &mut Headers, timers: bool) {
    introduce(headers, timers);
    headers.set("Accept", ACCEPT);
    headers.set("Accept-Encoding", "identity");
    headers.set("Accept-Language", "en");
}

/// The refusal of a request that needs something we do not have, in the order of RFC 3261 §8.2; `None`: all is well.
///
/// Inside a dialog, methods that belong to no dialog of ours are refused too.
pub(crate) fn refusal(request: &Request, inside_dialog: bool, timers: bool) -> Option<Response> {
    if let Some(status) = method_refusal(request.method(), inside_dialog) {
        let mut response = request.respond(status);
        response.headers_mut().set("Allow", ALLOW);
        return Some(response);
    }
    match Uri::parse(request.uri()) {
        Ok(uri) if uri.is_sip() || uri.scheme == "tel" => {}
        Ok(_) => return Some(request.respond(416)),
        Err(_) => return Some(request.respond(400)),
    }
    let unknown = |tag: &&str| !extensions(timers).any(|known| known.eq_ignore_ascii_case(tag));
    let unsupported: Vec<&str> = request.headers().list("Require").filter(unknown).collect();
    if !unsupported.is_empty() {
        let mut response = request.respond(420);
        response.headers_mut().set("Unsupported", unsupported.join(", "));
        return Some(response);
    }
    let packed = request.headers().list("Content-Encoding").any(|encoding| !encoding.eq_ignore_ascii_case("identity"));
    if packed {
        let mut response = request.respond(415);
        response.headers_mut().set("Accept-Encoding", "identity");
        return Some(response);
    }
    if timers { session_timer::refusal(request) } else { None }
}

fn method_refusal(method: &Method, inside_dialog: bool) -> Option<u16> {
    match method {
        Method::Invite | Method::Ack | Method::Cancel | Method::Options => None,
        Method::Register => inside_dialog.then_some(405),
        // These belong to a dialog, and there is none.
        Method::Bye | Method::Info | Method::Update | Method::Prack | Method::Refer => (!inside_dialog).then_some(481),
        Method::Notify | Method::Subscribe | Method::Message => Some(405),
        Method::Other(_) => Some(501),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of(method: Method, inside_dialog: bool, headers: &[(&str, &str)]) -> Option<u16> {
        let mut request = Request::new(method, "sip:100@198.51.100.1");
        for (name, value) in headers {
            request.headers_mut().push(name, *value);
        }
        refusal(&request, inside_dialog, true).map(|response| response.status())
    }

    #[test]
    fn methods_are_refused_by_what_they_are() {
        assert_eq!(status_of(Method::Invite, false, &[]), None);
        assert_eq!(status_of(Method::Bye, false, &[]), Some(481));
        assert_eq!(status_of(Method::Bye, true, &[]), None);
        assert_eq!(status_of(Method::Prack, false, &[]), Some(481));
        assert_eq!(status_of(Method::Prack, true, &[]), None);
        assert_eq!(status_of(Method::Refer, false, &[]), Some(481));
        assert_eq!(status_of(Method::Refer, true, &[]), None);
        assert_eq!(status_of(Method::Notify, true, &[]), Some(405));
        assert_eq!(status_of(Method::Other("PUBLISH".into()), false, &[]), Some(501));
    }

    #[test]
    fn required_extensions_are_named_in_unsupported() {
        let mut request = Request::new(Method::Invite, "sip:100@198.51.100.1");
        request.headers_mut().push("Require", "100rel, timer");
        request.headers_mut().push("Require", "foo");
        let unsupported = |timers| {
            let response = refusal(&request, false, timers).unwrap();
            assert_eq!(response.status(), 420);
            response.headers().get("Unsupported").map(str::to_owned)
        };
        assert_eq!(unsupported(true).as_deref(), Some("foo"));
        assert_eq!(unsupported(false).as_deref(), Some("timer, foo"));
    }

    #[test]
    fn unknown_schemes_and_packed_bodies_are_refused() {
        let request = Request::new(Method::Options, "http://example.org");
        assert_eq!(refusal(&request, false, true).map(|response| response.status()), Some(416));
        assert_eq!(status_of(Method::Invite, false, &[("Content-Encoding", "gzip")]), Some(415));
        assert_eq!(status_of(Method::Invite, false, &[("Content-Encoding", "identity")]), None);
    }
}
