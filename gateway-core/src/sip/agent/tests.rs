//! Stories in virtual time: an agent against scripted messages, and two agents over a network that loses things.

use std::time::Duration;

use super::*;
use crate::sip::digest::Credentials;
use crate::sip::message::{Method, Request};
use crate::sip::wire;

mod elsewhere;
mod network;
mod races;
mod referrals;
mod refusals;
mod registrations;
mod reliable;
mod scripted;
mod session_timers;
mod size;

fn address(text: &str) -> Hop {
    text.parse().unwrap()
}

fn local() -> Hop {
    address("198.51.100.1:5060")
}

fn peer() -> Hop {
    address("192.0.2.7:5060")
}

/// An agent, its clock, and everything it said.
struct Stage {
    agent: UserAgent,
    now: Moment,
    sent: Vec<(Moment, Hop, Message)>,
    events: Vec<SipEvent>,
}

impl Stage {
    fn new() -> Self {
        let config = AgentConfig { local: local().address, tls_port: 5061, product: "Loopstart".into() };
        Stage { agent: UserAgent::new(config, Rng::from_seed(1)), now: Moment::ZERO, sent: Vec::new(), events: Vec::new() }
    }

    fn take(&mut self, out: Vec<AgentOutput>) {
        for output in out {
            match output {
                AgentOutput::Send { to, bytes } => self.sent.push((self.now, to, wire::read(&bytes).unwrap())),
                AgentOutput::Event(event) => self.events.push(event),
            }
        }
    }

    fn order(&mut self, order: impl FnOnce(&mut UserAgent, Moment, &mut Vec<AgentOutput>)) {
        let mut out = Vec::new();
        order(&mut self.agent, self.now, &mut out);
        self.take(out);
    }

    fn hear(&mut self, message: impl Into<Message>) {
        let bytes = wire::write(&message.into());
        let message = wire::read(&bytes).unwrap();
        self.order(|agent, now, out| agent.handle_message(peer(), message, now, out));
    }

    /// Lets time pass, working off every deadline on the way at its own moment.
    fn wait_until(&mut self, ms: u64) {
        let end = Moment::from_millis(ms);
        while let Some(at) = self.agent.deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.order(|agent, now, out| agent.handle_timeout(now, out));
        }
        self.now = end;
    }

    fn invite_event(&self) -> SessionId {
        let found = self.events.iter().rev().find_map(|event| match event {
            SipEvent::Invite { session, .. } => Some(*session),
            _ => None,
        });
        found.expect("an Invite event")
    }

    /// Status codes of the responses to `method` that were sent, in order.
    fn statuses(&self, method: &Method) -> Vec<u16> {
        let responses = self.sent.iter().filter_map(|(_, _, message)| match message {
            Message::Response(response) if response.cseq().unwrap().method == *method => Some(response.status()),
            _ => None,
        });
        responses.collect()
    }

    /// Requests of `method` that were sent, in order, with their moments in ms.
    fn requests(&self, method: &Method) -> Vec<(u64, Request)> {
        let requests = self.sent.iter().filter_map(|(at, _, message)| match message {
            Message::Request(request) if request.method() == method => Some((at.as_millis(), request.clone())),
            _ => None,
        });
        requests.collect()
    }

    fn last_response(&self) -> Response {
        let found = self.sent.iter().rev().find_map(|(_, _, message)| match message {
            Message::Response(response) => Some(response.clone()),
            Message::Request(_) => None,
        });
        found.expect("a response")
    }

    fn last_request(&self, method: &Method) -> Request {
        self.requests(method).pop().expect("such a request").1
    }
}

/// A request of the peer outside a dialog.
fn request(method: Method, branch: &str, number: u32) -> Request {
    let mut request = Request::new(method.clone(), "sip:100@198.51.100.1");
    let headers = request.headers_mut();
    headers.push("Via", format!("SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK{branch}"));
    headers.push("Max-Forwards", "70");
    headers.push("From", "<sip:caller@192.0.2.7>;tag=far");
    headers.push("To", "<sip:100@198.51.100.1>");
    headers.push("Call-ID", "call-1");
    headers.push("CSeq", format!("{number} {method}"));
    headers.push("Contact", "<sip:caller@192.0.2.7:5060>");
    request
}

/// A request of the peer inside the dialog that `response` of ours made.
fn inside(response: &Response, method: Method, branch: &str, number: u32) -> Request {
    let mut request = request(method, branch, number);
    request.headers_mut().set("To", response.headers().get("To").unwrap().to_owned());
    request
}

/// The peer's response to a request of ours.
fn respond(request: &Request, status: u16, tag: &str) -> Response {
    let mut response = with_tag(request.respond(status), tag);
    response.headers_mut().push("Contact", "<sip:100@192.0.2.7:5060>");
    response
}

fn an_invite() -> Invite {
    Invite {
        destination: peer(),
        others: Vec::new(),
        request_uri: "sip:100@192.0.2.7".into(),
        from: "\"Line 1\" <sip:1133334444@198.51.100.1>".into(),
        to: "<sip:100@192.0.2.7>".into(),
        contact_user: "port1".into(),
        headers: vec![("P-Asserted-Identity".into(), "<sip:1133334444@198.51.100.1>".into())],
        body: b"v=0\r\n".to_vec(),
        content_type: "application/sdp".into(),
        credentials: None,
        ring_timeout: None,
    }
}
