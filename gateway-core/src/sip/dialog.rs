//! Dialogs (RFC 3261 §12): identity, sequence numbers, route set and remote target.

use std::net::{IpAddr, SocketAddr};

use super::hop::Hop;
use super::message::{Method, NameAddr, Request, Response, Uri};

/// The most Route headers a dialog keeps; a longer route set is no sane one.
const MOST_ROUTES: usize = 16;

/// One dialog, seen from our side.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    /// Call-ID.
    pub(crate) call_id: String,
    /// The peer's tag; empty when the peer is older than tags (§12.1.1).
    pub(crate) remote_tag: String,
    /// Our address with our tag, as it stands in From when we ask.
    local: String,
    /// The peer's address with its tag.
    remote: String,
    local_seq: u32,
    remote_seq: Option<u32>,
    /// The peer's Contact URI.
    target: String,
    /// Route set, first hop first, as `Route` values.
    routes: Vec<String>,
    /// Our `Contact`.
    contact: String,
    /// Where the last packet of this dialog came from.
    source: Hop,
    /// The connection that it came by is gone.
    cut_off: bool,
}

impl Dialog {
    /// The dialog that our answer with `local_tag` to this request makes (§12.1.1). `None`: From or Call-ID is broken.
    pub(crate) fn of_request(request: &Request, source: Hop, local_tag: &str, contact: &str) -> Option<Self> {
        let (from, mut to) = (request.from().ok()?, request.to().ok()?);
        to.set_tag(local_tag);
        Some(Dialog {
            call_id: request.call_id().ok()?.to_owned(),
            remote_tag: from.tag().unwrap_or_default().to_owned(),
            local: to.to_string(),
            remote: from.to_string(),
            local_seq: 0,
            remote_seq: request.cseq().ok().map(|cseq| cseq.number),
            target: contact_of(request.contacts().ok()).unwrap_or(from.uri),
            routes: request.headers().list("Record-Route").take(MOST_ROUTES).map(str::to_owned).collect(),
            contact: contact.to_owned(),
            source,
            cut_off: false,
        })
    }

    /// The dialog that this response to our request makes (§12.1.2). `None`: the response has no To tag, or is broken.
    pub(crate) fn of_response(request: &Request, response: &Response, source: Hop) -> Option<Self> {
        let (from, to) = (request.from().ok()?, response.to().ok()?);
        let mut routes: Vec<String> = response.headers().list("Record-Route").take(MOST_ROUTES).map(str::to_owned).collect();
        routes.reverse();
        Some(Dialog {
            call_id: request.call_id().ok()?.to_owned(),
            remote_tag: to.tag().unwrap_or_default().to_owned(),
            local: from.to_string(),
            remote: to.to_string(),
            local_seq: request.cseq().ok()?.number,
            remote_seq: None,
            target: contact_of(response.contacts().ok()).unwrap_or_else(|| request.uri().to_owned()),
            routes,
            contact: request.headers().get("Contact")?.to_owned(),
            source,
            cut_off: false,
        })
    }

    /// Our `Contact` in this dialog.
    pub(crate) fn contact(&self) -> &str {
        &self.contact
    }

    /// Notes a request of the peer: 500 when it is older than the last one (§12.2.2).
    pub(crate) fn admit(&mut self, request: &Request, source: Hop) -> Result<(), u16> {
        let number = request.cseq().map_err(|_| 400_u16)?.number;
        if self.remote_seq.is_some_and(|last| number < last) {
            return Err(500);
        }
        self.remote_seq = Some(number);
        self.source = source;
        self.cut_off = false;
        Ok(())
    }

    /// Takes the Contact of a re-INVITE or UPDATE, or of its 2xx, as the new remote target (§12.2).
    pub(crate) fn refresh_target(&mut self, contacts: Option<Vec<NameAddr>>) {
        if let Some(target) = contact_of(contacts) {
            self.target = target;
        }
    }

    /// A new request inside the dialog, without Via (§12.2.1.1).
    pub(crate) fn request(&mut self, method: Method) -> Request {
        self.local_seq += 1;
        self.numbered(method, self.local_seq)
    }

    /// Counts a request that was sent again with the next number.
    pub(crate) fn skip_number(&mut self) {
        self.local_seq += 1;
    }

    /// Leaves numbers out that another dialog of the same INVITE may have used.
    pub(crate) fn skip_numbers(&mut self, count: u32) {
        self.local_seq += count;
    }

    /// Goes on counting where the early dialog was.
    pub(crate) fn continue_after(&mut self, early: &Dialog) {
        self.local_seq = self.local_seq.max(early.local_seq);
    }

    /// The ACK of a 2xx to our INVITE with this CSeq number, without Via (§13.2.2.4).
    pub(crate) fn ack(&self, number: u32) -> Request {
        self.numbered(Method::Ack, number)
    }

    fn numbered(&self, method: Method, number: u32) -> Request {
        let loose = self.routes.first().is_none_or(|route| is_loose(route));
        // A strict router wants its own URI in the request line and the target at the end of the route.
        let mut routes = self.routes.clone();
        let uri = if loose {
            self.target.clone()
        } else {
            let first = routes.remove(0);
            routes.push(format!("<{}>", self.target));
            NameAddr::parse(&first, "Route").map_or_else(|_| self.target.clone(), |route| route.uri)
        };
        let mut request = Request::new(method.clone(), &uri);
        let headers = request.headers_mut();
        headers.push("Max-Forwards", "70");
        for route in routes {
            headers.push("Route", route);
        }
        headers.push("From", self.local.clone());
        headers.push("To", self.remote.clone());
        headers.push("Call-ID", self.call_id.clone());
        headers.push("CSeq", format!("{number} {method}"));
        headers.push("Contact", self.contact.clone());
        request
    }

    /// The peer: where the last packet came from.
    pub(crate) fn source(&self) -> Hop {
        self.source
    }

    /// We are reached at `local` from now on: our Contact keeps its user and parameters.
    pub(crate) fn relocate(&mut self, local: SocketAddr) {
        let moved = NameAddr::parse(&self.contact, "Contact").ok().and_then(|contact| {
            let mut uri = Uri::parse(&contact.uri).ok()?;
            let (host, port) = (Uri::sip(None, &local.ip().to_string(), None).host, local.port());
            (uri.host, uri.port) = (host, Some(port));
            Some(NameAddr { uri: uri.to_string(), ..contact }.to_string())
        });
        self.contact = moved.unwrap_or_else(|| std::mem::take(&mut self.contact));
    }

    /// The connection to this hop is gone.
    pub(crate) fn cut_off(&mut self, hop: Hop) {
        self.cut_off |= self.source == hop;
    }

    /// Where requests of this dialog go: the first hop or the remote target when it is an address that can be reached,
    /// else where the peer's last packet came from.
    ///
    /// Over a stream they stay on the connection that the dialog came by (RFC 5923), as long as it is open: whoever opened it may not
    /// be reached otherwise.
    pub(crate) fn destination(&self) -> Hop {
        if self.source.transport.is_reliable() && !self.cut_off {
            return self.source;
        }
        let hop = match self.routes.first() {
            Some(route) => NameAddr::parse(route, "Route").ok().map(|route| route.uri),
            None => Some(self.target.clone()),
        };
        let address = hop.and_then(|uri| Uri::parse(&uri).ok()).and_then(|uri| Some((uri.ip()?, uri.port.unwrap_or(5060))));
        match address {
            Some((ip, port)) if is_reachable(ip, self.source.ip()) => Hop::new(self.source.transport, SocketAddr::new(ip, port)),
            Some(_) | None => self.source,
        }
    }
}

fn contact_of(contacts: Option<Vec<NameAddr>>) -> Option<String> {
    contacts?.into_iter().find(|contact| !contact.is_wildcard()).map(|contact| contact.uri)
}

fn is_loose(route: &str) -> bool {
    NameAddr::parse(route, "Route").ok().and_then(|route| Uri::parse(&route.uri).ok()).is_some_and(|uri| uri.params.has("lr"))
}

/// Whether an address that a peer wrote down can be its own: a private one is not when its packets come from a public
/// address (a phone behind NAT), and nothing lives at an unspecified or multicast one.
fn is_reachable(ip: IpAddr, source: IpAddr) -> bool {
    if ip.is_unspecified() || ip.is_multicast() || ip.is_ipv4() != source.is_ipv4() {
        return false;
    }
    !is_private(ip) || is_private(source) || ip == source
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let shared = u32::from(v4) & 0xffc0_0000 == 0x6440_0000;
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::hop::Transport;

    fn source() -> Hop {
        "192.0.2.7:40000".parse().unwrap()
    }

    fn invite(contact: &str, routes: &[&str]) -> Request {
        let mut request = Request::new(Method::Invite, "sip:100@198.51.100.1");
        for (name, value) in [
            ("From", "\"A\" <sip:a@example.org>;tag=far"),
            ("To", "<sip:100@198.51.100.1>"),
            ("Call-ID", "c"),
            ("CSeq", "5 INVITE"),
            ("Contact", contact),
        ] {
            request.headers_mut().push(name, value);
        }
        for route in routes {
            request.headers_mut().push("Record-Route", *route);
        }
        request
    }

    fn dialog(contact: &str, routes: &[&str]) -> Dialog {
        Dialog::of_request(&invite(contact, routes), source(), "near", "<sip:100@198.51.100.1:5060>").unwrap()
    }

    #[test]
    fn the_called_side_asks_along_the_record_routes_in_their_order() {
        let mut dialog = dialog("<sip:a@203.0.113.5:5070>", &["<sip:192.0.2.1;lr>, <sip:192.0.2.2;lr>", "<sip:192.0.2.3;lr>"]);
        let bye = dialog.request(Method::Bye);
        assert_eq!(bye.uri(), "sip:a@203.0.113.5:5070");
        let routes: Vec<_> = bye.headers().all("Route").collect();
        assert_eq!(routes, ["<sip:192.0.2.1;lr>", "<sip:192.0.2.2;lr>", "<sip:192.0.2.3;lr>"]);
        assert_eq!(bye.from().unwrap().tag(), Some("near"));
        assert_eq!(bye.to().unwrap().tag(), Some("far"));
        assert_eq!(bye.cseq().unwrap().number, 1);
        assert_eq!(dialog.request(Method::Info).cseq().unwrap().number, 2);
        assert_eq!(dialog.destination(), "192.0.2.1:5060".parse().unwrap());
    }

    #[test]
    fn the_calling_side_reverses_the_record_routes() {
        let mut request = invite("<sip:g@198.51.100.1>", &[]);
        request.headers_mut().set("Contact", "<sip:g@198.51.100.1>");
        let mut response = request.respond(200);
        response.headers_mut().set("To", "<sip:100@198.51.100.1>;tag=b");
        response.headers_mut().push("Record-Route", "<sip:192.0.2.1;lr>,<sip:192.0.2.2;lr>");
        response.headers_mut().push("Contact", "<sip:b@192.0.2.9>");
        let mut dialog = Dialog::of_response(&request, &response, source()).unwrap();
        let bye = dialog.request(Method::Bye);
        assert_eq!(bye.headers().all("Route").collect::<Vec<_>>(), ["<sip:192.0.2.2;lr>", "<sip:192.0.2.1;lr>"]);
        assert_eq!(bye.cseq().unwrap().number, 6);
        assert_eq!(dialog.ack(5).cseq().unwrap().number, 5);
    }

    #[test]
    fn a_strict_router_gets_its_uri_in_the_request_line() {
        let mut dialog = dialog("<sip:a@203.0.113.5>", &["<sip:192.0.2.1>", "<sip:192.0.2.2;lr>"]);
        let bye = dialog.request(Method::Bye);
        assert_eq!(bye.uri(), "sip:192.0.2.1");
        assert_eq!(bye.headers().all("Route").collect::<Vec<_>>(), ["<sip:192.0.2.2;lr>", "<sip:a@203.0.113.5>"]);
    }

    #[test]
    fn an_older_request_is_refused_and_the_next_one_moves_the_source() {
        let mut dialog = dialog("<sip:a@phone.example>", &[]);
        assert_eq!(dialog.admit(&invite("<sip:x@y>", &[]), source()), Ok(()));
        let mut old = invite("<sip:x@y>", &[]);
        old.headers_mut().set("CSeq", "4 INFO");
        assert_eq!(dialog.admit(&old, source()), Err(500));
        assert_eq!(dialog.destination(), source());
        let mut next = invite("<sip:x@y>", &[]);
        next.headers_mut().set("CSeq", "6 INFO");
        let moved = "192.0.2.8:5060".parse().unwrap();
        assert_eq!(dialog.admit(&next, moved), Ok(()));
        assert_eq!(dialog.destination(), moved);
    }

    #[test]
    fn a_private_contact_behind_a_public_source_is_not_believed() {
        assert_eq!(dialog("<sip:a@192.168.1.20:5062>", &[]).destination(), source());
        assert_eq!(dialog("<sip:a@0.0.0.0>", &[]).destination(), source());
        assert_eq!(dialog("<sip:a@203.0.113.5:5070>", &[]).destination(), "203.0.113.5:5070".parse().unwrap());
        let mut local = dialog("<sip:a@10.0.0.9:5062>", &[]);
        local.source = "192.168.1.1:5060".parse().unwrap();
        assert_eq!(local.destination(), "10.0.0.9:5062".parse().unwrap());
    }

    #[test]
    fn a_target_refresh_changes_the_request_line_only() {
        let mut dialog = dialog("<sip:a@203.0.113.5>", &["<sip:192.0.2.1;lr>"]);
        dialog.refresh_target(NameAddr::parse("<sip:a@203.0.113.77>", "Contact").ok().map(|contact| vec![contact]));
        assert_eq!(dialog.request(Method::Bye).uri(), "sip:a@203.0.113.77");
        assert_eq!(dialog.destination(), "192.0.2.1:5060".parse().unwrap());
        dialog.refresh_target(None);
        assert_eq!(dialog.request(Method::Bye).uri(), "sip:a@203.0.113.77");
    }

    #[test]
    fn over_a_stream_it_stays_on_its_connection_until_that_is_gone() {
        let over_tcp = |text: &str| Hop::new(Transport::Tcp, text.parse().unwrap());
        let mut dialog = dialog("<sip:a@192.0.2.9:5070;transport=tcp>", &[]);
        dialog.source = over_tcp("192.0.2.7:40000");
        dialog.cut_off(over_tcp("192.0.2.7:40001"));
        assert_eq!(dialog.destination(), over_tcp("192.0.2.7:40000"));
        dialog.cut_off(over_tcp("192.0.2.7:40000"));
        assert_eq!(dialog.destination(), over_tcp("192.0.2.9:5070"));
    }
}
