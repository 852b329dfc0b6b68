//! The rules of session timers (RFC 4028): what is asked for, what is granted, who refreshes and when. No state, no clock.
//!
//! A peer that knows nothing of them is asked all the same, by us alone: the refresh of one side is enough to find out that the other
//! side is gone (RFC 4028 §1).

use std::time::Duration;

use super::header::session_expires::{SessionExpires, Side};
use super::message::{Headers, Method, Request, Response};

/// The option tag.
pub(crate) const TIMER: &str = "timer";

/// The shortest interval that is taken from a peer, in seconds: the least that RFC 4028 §4 allows.
pub(crate) const SHORTEST_S: u32 = 90;

/// The longest interval, in seconds: a line is not held for days by a peer that is gone.
const LONGEST_S: u32 = 86_400;

/// The shortest interval that an answer may name, in seconds: shorter ones break RFC 4028, and would have us ask all the time.
const SHORTEST_ANSWERED_S: u32 = 30;

/// Who refreshes a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresher {
    /// This side.
    Us,
    /// The other side.
    Peer,
}

/// How the life of a session is watched until its next refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    /// The session interval.
    pub(crate) interval: Duration,
    /// Who refreshes.
    pub(crate) refresher: Refresher,
    /// The peer knows of it; else only we ask.
    pub(crate) agreed: bool,
}

impl Term {
    /// When the refresher refreshes, from the last refresh (§7.2, §10).
    pub(crate) fn refresh_after(self) -> Duration {
        self.interval / 2
    }

    /// When the session is given up, from the last refresh (§10).
    pub(crate) fn dead_after(self) -> Duration {
        self.interval - (self.interval / 3).min(Duration::from_secs(32))
    }

    fn new(seconds: u32, refresher: Refresher, agreed: bool) -> Self {
        Term { interval: Duration::from_secs(u64::from(seconds)), refresher, agreed }
    }
}

/// The value of the header, when it is there and can be read.
fn asked(headers: &Headers) -> Option<SessionExpires> {
    SessionExpires::parse(headers.get("Session-Expires")?).ok()
}

/// The least interval that is told in a request or a 422, in seconds.
pub(crate) fn least_of(headers: &Headers) -> Option<u32> {
    headers.seconds("Min-SE").ok().flatten().filter(|seconds| *seconds <= LONGEST_S)
}

fn knows_timers(request: &Request) -> bool {
    request.headers().lists("Supported", TIMER) || request.headers().lists("Require", TIMER)
}

/// The 422 for an interval that is too short (§9). Only who knows of timers can be told so.
pub(crate) fn refusal(request: &Request) -> Option<Response> {
    let of_session = matches!(request.method(), Method::Invite | Method::Update);
    let too_short = asked(request.headers()).is_some_and(|asked| asked.seconds < SHORTEST_S);
    (of_session && too_short && knows_timers(request)).then(|| {
        let mut response = request.respond(422);
        response.headers_mut().set("Min-SE", SHORTEST_S.to_string());
        response
    })
}

/// Asks for `seconds` in a request; in a dialog we say that we go on refreshing.
pub(crate) fn ask(request: &mut Request, seconds: u32, least: u32, refresher: Option<Side>) {
    request.headers_mut().set("Session-Expires", SessionExpires { seconds, refresher }.to_string());
    if least > SHORTEST_S {
        request.headers_mut().set("Min-SE", least.to_string());
    }
}

/// Grants a term with the 2xx to an INVITE or UPDATE of the peer (§9); `wanted` is the longest that we want, in seconds.
pub(crate) fn grant(request: &Request, response: &mut Response, wanted: u32) -> Term {
    let (asked, knows) = (asked(request.headers()), knows_timers(request));
    let least = least_of(request.headers()).unwrap_or(SHORTEST_S).max(SHORTEST_S);
    let seconds = match asked {
        // An interval may be made shorter on its way, and never longer than it was asked for.
        Some(asked) if asked.seconds >= SHORTEST_S => wanted.max(least).min(asked.seconds),
        Some(_) | None => wanted.max(least),
    };
    let (refresher, side) = match asked.and_then(|asked| asked.refresher) {
        Some(Side::Uac) | None if knows => (Refresher::Peer, Side::Uac),
        Some(Side::Uac | Side::Uas) | None => (Refresher::Us, Side::Uas),
    };
    let agreed = knows || asked.is_some();
    if agreed {
        response.headers_mut().set("Session-Expires", SessionExpires { seconds, refresher: Some(side) }.to_string());
    }
    if knows {
        response.headers_mut().set("Require", TIMER);
    }
    Term::new(seconds, refresher, agreed)
}

/// The term that the 2xx to our INVITE or UPDATE grants (§7.2); we had asked for `wanted` seconds.
pub(crate) fn granted(response: &Response, wanted: u32) -> Term {
    match asked(response.headers()) {
        Some(told) => {
            let refresher = if told.refresher == Some(Side::Uas) { Refresher::Peer } else { Refresher::Us };
            Term::new(told.seconds.clamp(SHORTEST_ANSWERED_S, LONGEST_S), refresher, true)
        }
        None => Term::new(wanted, Refresher::Us, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite(headers: &[(&str, &str)]) -> Request {
        let mut request = Request::new(Method::Invite, "sip:100@198.51.100.1");
        headers.iter().for_each(|(name, value)| request.headers_mut().push(name, *value));
        request
    }

    /// What is granted to these headers, where 1800 s are wanted: seconds, refresher, the header, Require.
    fn grants(headers: &[(&str, &str)]) -> (u64, Refresher, Option<String>, bool) {
        let request = invite(headers);
        let mut response = request.respond(200);
        let term = grant(&request, &mut response, 1800);
        let header = response.headers().get("Session-Expires").map(str::to_owned);
        (term.interval.as_secs(), term.refresher, header, response.headers().lists("Require", TIMER))
    }

    #[test]
    fn the_answer_grants_by_table_2_of_the_rfc() {
        use Refresher::{Peer, Us};
        let told = |text: &str| Some(text.to_owned());
        let knows = ("Supported", "replaces, timer");
        assert_eq!(grants(&[]), (1800, Us, None, false));
        assert_eq!(grants(&[knows]), (1800, Peer, told("1800;refresher=uac"), true));
        assert_eq!(grants(&[knows, ("Session-Expires", "600")]), (600, Peer, told("600;refresher=uac"), true));
        assert_eq!(grants(&[knows, ("Session-Expires", "600;refresher=uas")]), (600, Us, told("600;refresher=uas"), true));
        assert_eq!(grants(&[knows, ("Session-Expires", "7200;refresher=uac")]), (1800, Peer, told("1800;refresher=uac"), true));
        assert_eq!(grants(&[knows, ("Session-Expires", "7200"), ("Min-SE", "3600")]), (3600, Peer, told("3600;refresher=uac"), true));
        assert_eq!(grants(&[knows, ("Min-SE", "3600")]), (3600, Peer, told("3600;refresher=uac"), true));
        // A proxy put it in: the caller knows nothing of it and cannot refresh.
        assert_eq!(grants(&[("Session-Expires", "600")]), (600, Us, told("600;refresher=uas"), false));
        assert_eq!(grants(&[("Session-Expires", "20")]), (1800, Us, told("1800;refresher=uas"), false));
    }

    #[test]
    fn too_short_an_interval_is_refused_to_whoever_understands_that() {
        let status =
            |headers: &[(&str, &str)]| refusal(&invite(headers)).map(|response| response.headers().get("Min-SE").map(str::to_owned));
        assert_eq!(status(&[("Supported", "timer"), ("Session-Expires", "89")]), Some(Some("90".to_owned())));
        assert_eq!(status(&[("Supported", "timer"), ("Session-Expires", "90")]), None);
        assert_eq!(status(&[("Session-Expires", "89")]), None);
        assert_eq!(status(&[("Supported", "timer")]), None);
    }

    #[test]
    fn an_answer_says_who_refreshes_and_silence_leaves_it_to_us() {
        let of = |header: Option<&str>| {
            let mut response = Response::new(200);
            header.iter().for_each(|value| response.headers_mut().push("Session-Expires", *value));
            let term = granted(&response, 1800);
            (term.interval.as_secs(), term.refresher, term.agreed)
        };
        assert_eq!(of(None), (1800, Refresher::Us, false));
        assert_eq!(of(Some("600;refresher=uas")), (600, Refresher::Peer, true));
        assert_eq!(of(Some("600;refresher=uac")), (600, Refresher::Us, true));
        assert_eq!(of(Some("1;refresher=uac")), (30, Refresher::Us, true));
        assert_eq!(of(Some("4294967295;refresher=uas")), (86_400, Refresher::Peer, true));
    }

    #[test]
    fn a_session_is_given_up_a_third_or_32_s_before_its_end() {
        let dead = |seconds| Term::new(seconds, Refresher::Peer, true).dead_after().as_secs();
        assert_eq!((dead(90), dead(96), dead(1800)), (60, 64, 1768));
    }
}
