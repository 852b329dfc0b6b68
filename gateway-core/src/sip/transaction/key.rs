//! Which transaction a message belongs to (RFC 3261 §17.1.3, §17.2.3, §8.2.2.2).

use crate::sip::message::{Method, NameAddr, Request, Response, Via};

/// The key of a client transaction: the branch we made, and the method. `None` without a branch.
pub(super) fn of_client_request(request: &Request) -> Option<String> {
    let branch = request.top_via().ok()?.branch?;
    Some(format!("{branch} {}", request.method()))
}

/// The key of the client transaction that a response answers: its branch, and the method in CSeq.
pub(super) fn of_response(response: &Response) -> Option<String> {
    let branch = response.top_via().ok()?.branch?;
    Some(format!("{branch} {}", response.cseq().ok()?.method))
}

/// The key of the server transaction of a request; an ACK has the key of its INVITE.
pub(super) fn of_server_request(request: &Request) -> String {
    match request.method() {
        Method::Ack => server_key(request, &Method::Invite),
        method => server_key(request, method),
    }
}

/// The key of the INVITE that a CANCEL is about.
pub(super) fn of_invite_cancelled_by(cancel: &Request) -> String {
    server_key(cancel, &Method::Invite)
}

fn server_key(request: &Request, method: &Method) -> String {
    match request.top_via() {
        Ok(via) if via.has_rfc3261_branch() => {
            format!("{} {} {method}", sent_by(&via), via.branch.unwrap_or_default())
        }
        other => old_server_key(request, method, other.ok().as_ref()),
    }
}

/// Branches without the magic cookie identify nothing: RFC 3261 §17.2.3 compares what RFC 2543 did.
fn old_server_key(request: &Request, method: &Method, via: Option<&Via>) -> String {
    let from = request.from().ok().as_ref().and_then(NameAddr::tag).unwrap_or_default().to_owned();
    let via = via.map(|via| format!("{} {}", sent_by(via), via.branch.as_deref().unwrap_or_default())).unwrap_or_default();
    // The To tag is left out: the ACK of a refusal has the tag that we gave, its INVITE had none. The request before
    // and after it in a dialog differ in CSeq.
    let number = request.cseq().map(|cseq| cseq.number).unwrap_or_default();
    format!("2543 {via} {} {from} {} {number} {method}", request.uri(), request.call_id().unwrap_or_default())
}

fn sent_by(via: &Via) -> String {
    format!("{}:{}", via.host.to_ascii_lowercase(), via.port.unwrap_or(5060))
}

/// What a request outside a dialog has in common with itself when it comes over another path; `None` inside a dialog,
/// and for a CANCEL or an ACK.
pub(super) fn of_merged(request: &Request) -> Option<String> {
    if matches!(request.method(), Method::Ack | Method::Cancel) || request.to().ok()?.tag().is_some() {
        return None;
    }
    let from = request.from().ok()?;
    Some(format!("{} {} {}", request.call_id().ok()?, from.tag()?, request.cseq().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, via: &str, to: &str, cseq: &str) -> Request {
        let mut request = Request::new(method, "sip:100@198.51.100.1");
        for (name, value) in [("Via", via), ("From", "<sip:a@b>;tag=f"), ("To", to), ("Call-ID", "c"), ("CSeq", cseq)] {
            request.headers_mut().push(name, value);
        }
        request
    }

    #[test]
    fn an_ack_and_a_cancel_find_their_invite_by_branch_and_sent_by() {
        let via = "SIP/2.0/UDP Host.example;branch=z9hG4bK1";
        let invite = of_server_request(&request(Method::Invite, via, "<sip:x@y>", "1 INVITE"));
        assert_eq!(of_server_request(&request(Method::Ack, via, "<sip:x@y>;tag=t", "1 ACK")), invite);
        let cancel = request(Method::Cancel, "SIP/2.0/UDP host.example:5060;branch=z9hG4bK1", "<sip:x@y>", "1 CANCEL");
        assert_eq!(of_invite_cancelled_by(&cancel), invite);
        assert_ne!(of_server_request(&cancel), invite);
        let elsewhere = request(Method::Invite, "SIP/2.0/UDP other.example;branch=z9hG4bK1", "<sip:x@y>", "1 INVITE");
        assert_ne!(of_server_request(&elsewhere), invite);
    }

    #[test]
    fn without_the_cookie_the_old_rules_tell_requests_apart() {
        let via = "SIP/2.0/UDP old.example;branch=1";
        let invite = of_server_request(&request(Method::Invite, via, "<sip:x@y>", "1 INVITE"));
        assert_eq!(of_server_request(&request(Method::Ack, via, "<sip:x@y>;tag=t", "1 ACK")), invite);
        assert_ne!(of_server_request(&request(Method::Invite, via, "<sip:x@y>;tag=t", "2 INVITE")), invite);
    }

    #[test]
    fn only_requests_outside_a_dialog_can_be_merged() {
        let one = of_merged(&request(Method::Invite, "SIP/2.0/UDP a;branch=z9hG4bK1", "<sip:x@y>", "1 INVITE"));
        let two = of_merged(&request(Method::Invite, "SIP/2.0/UDP b;branch=z9hG4bK2", "<sip:x@y>", "1 INVITE"));
        assert!(one.is_some());
        assert_eq!(one, two);
        assert_eq!(of_merged(&request(Method::Bye, "SIP/2.0/UDP a;branch=z9hG4bK3", "<sip:x@y>;tag=t", "2 BYE")), None);
    }
}
