//! Requests that are made from an INVITE and share its hop and branch: the ACK of a refusal, and CANCEL.

use crate::sip::message::{Headers, Method, Request, Response};

/// The ACK of a refused INVITE: the To of the response, the rest of the INVITE (RFC 3261 §17.1.1.3).
pub(crate) fn ack_of_refusal(invite: &Request, response: &Response) -> Request {
    derived(Method::Ack, invite, response.headers())
}

/// The CANCEL of an INVITE (RFC 3261 §9.1).
pub(crate) fn cancel(invite: &Request) -> Request {
    derived(Method::Cancel, invite, invite.headers())
}

fn derived(method: Method, invite: &Request, to: &Headers) -> Request {
    let number = invite.cseq().map(|cseq| cseq.number).unwrap_or_default();
    let cseq = format!("{number} {method}");
    let mut request = Request::new(method, invite.uri());
    let headers = request.headers_mut();
    if let Some(via) = invite.headers().list("Via").next() {
        headers.push("Via", via);
    }
    headers.push("Max-Forwards", "70");
    headers.copy("Route", invite.headers());
    headers.copy("From", invite.headers());
    headers.copy("To", to);
    headers.copy("Call-ID", invite.headers());
    headers.push("CSeq", cseq);
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ack_takes_the_tag_of_the_refusal_and_the_cancel_does_not() {
        let mut invite = Request::new(Method::Invite, "sip:100@198.51.100.1");
        for (name, value) in [
            ("Via", "SIP/2.0/UDP a;branch=z9hG4bK1"),
            ("From", "<sip:a@b>;tag=f"),
            ("To", "<sip:x@y>"),
            ("Call-ID", "c"),
            ("CSeq", "7 INVITE"),
            ("Route", "<sip:192.0.2.1;lr>"),
        ] {
            invite.headers_mut().push(name, value);
        }
        let mut refusal = invite.respond(486);
        refusal.headers_mut().set("To", "<sip:x@y>;tag=t");
        let (ack, cancel) = (ack_of_refusal(&invite, &refusal), cancel(&invite));
        assert_eq!(ack.to().unwrap().tag(), Some("t"));
        assert_eq!(cancel.to().unwrap().tag(), None);
        assert_eq!((ack.headers().get("CSeq"), cancel.headers().get("CSeq")), (Some("7 ACK"), Some("7 CANCEL")));
        for request in [&ack, &cancel] {
            assert_eq!(request.top_via().unwrap(), invite.top_via().unwrap());
            assert_eq!(request.headers().get("Route"), Some("<sip:192.0.2.1;lr>"));
        }
    }
}
