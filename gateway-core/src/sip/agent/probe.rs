//! Asking a peer whether it is there: OPTIONS outside any dialog (RFC 3261 §11). Whatever it answers, it is.

use super::ask::{Owner, Purpose};
use super::{AgentOutput, Probe, ProbeId, UserAgent};
use crate::sip::message::{Method, Request};
use crate::sip::options::ACCEPT;
use crate::sip::transaction::ClientId;
use crate::time::Moment;

impl UserAgent {
    /// Asks; [`SipEvent::Probed`](super::SipEvent::Probed) tells what came of it. False: there is no room for one more transaction.
    pub fn probe(&mut self, id: ProbeId, probe: &Probe, now: Moment, out: &mut Vec<AgentOutput>) -> bool {
        let transport = probe.destination.transport;
        let mut request = Request::new(Method::Options, &probe.request_uri);
        let (tag, call_id) = (self.rng.hex(16), self.rng.hex(32));
        let headers = request.headers_mut();
        headers.push("Max-Forwards", "70");
        for proxy in &probe.route {
            headers.push("Route", proxy.clone());
        }
        headers.push("From", format!("<sip:{}>;tag={tag}", self.local(transport)));
        headers.push("To", format!("<{}>", probe.request_uri));
        headers.push("Call-ID", call_id);
        headers.push("CSeq", "1 OPTIONS");
        headers.push("Contact", self.contact("", probe.destination));
        headers.push("Accept", ACCEPT);
        self.ask(Owner::of(Purpose::Probe(id)), &request, probe.destination, now, out).is_some()
    }

    /// Forgets a question that nobody waits for any more: it is not sent again.
    pub fn drop_probe(&mut self, probe: ProbeId) {
        let is_it = |owner: &Owner| owner.purpose == Purpose::Probe(probe);
        let asked: Option<ClientId> = self.owners.iter().find(|(_, owner)| is_it(owner)).map(|(id, _)| *id);
        if let Some(id) = asked {
            self.transactions.end_client(id);
            self.client_over(id);
        }
    }
}
