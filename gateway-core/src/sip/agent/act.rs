//! Carries out what sessions want done.

use super::ask::{Owner, Purpose};
use super::{AgentOutput, SessionId, UserAgent, with_tag};
use crate::sip::hop::{Hop, Transport};
use crate::sip::message::{Method, Request, Response, Via};
use crate::sip::session::{Act, Session, give_reason};
use crate::sip::transaction::{ClientId, ServerId, cancel};
use crate::sip::wire;
use crate::time::Moment;

impl UserAgent {
    /// Lets a session do something and carries out what it wants; nothing happens when the session is over.
    pub(super) fn in_session(
        &mut self,
        id: SessionId,
        now: Moment,
        out: &mut Vec<AgentOutput>,
        order: impl FnOnce(&mut Session, &mut Vec<Act>),
    ) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let mut acts = Vec::new();
        order(session, &mut acts);
        self.carry_out(id, acts, now, out);
    }

    /// Carries out acts of a session in their order.
    pub(super) fn carry_out(&mut self, id: SessionId, acts: Vec<Act>, now: Moment, out: &mut Vec<AgentOutput>) {
        for act in acts {
            match act {
                Act::Ask { request, to } => {
                    self.ask_for(id, Purpose::Dialog(id), request, to, now, out);
                }
                Act::Refresh { request, to } => self.refresh_session(id, request, to, now, out),
                Act::Notify { request, to } => {
                    self.ask_for(id, Purpose::Notify(id), request, to, now, out);
                }
                Act::Leave { request, to } => {
                    let purpose = if *request.method() == Method::Prack { Purpose::Prack(id) } else { Purpose::Nothing };
                    self.ask_for(id, purpose, request, to, now, out);
                }
                Act::Cancel(invite, cause) => {
                    let Some((mut request, to)) = self.transactions.request_of(invite).map(|(invite, to)| (cancel(invite), to)) else {
                        continue;
                    };
                    give_reason(request.headers_mut(), cause);
                    self.ask_as_is(Owner::of(Purpose::Nothing), request, to, now, out);
                }
                Act::Forget(invite) => {
                    self.transactions.end_client(invite);
                    self.client_over(invite);
                }
                Act::Acknowledge { invite, remote_tag, ack, to } => {
                    let bytes = wire::write_request(&self.with_via(&ack, to.transport));
                    out.push(AgentOutput::Send { to, bytes: bytes.clone() });
                    self.acks.keep(invite, remote_tag, to, bytes);
                }
                Act::Answer { transaction, response } => self.reply(transaction, response, now, out),
                Act::Tell(event) => out.push(AgentOutput::Event(event)),
                Act::LeaveSilent => self.leave_the_silent(id, now, out),
                Act::Over => {
                    self.ways.remove(&id);
                    self.forget_refreshes(id);
                    if let Some(session) = self.sessions.remove(&id) {
                        self.dialogs.remove(&session.key());
                    }
                }
            }
        }
    }

    pub(super) fn ask_for(
        &mut self,
        id: SessionId,
        purpose: Purpose,
        request: Request,
        to: Hop,
        now: Moment,
        out: &mut Vec<AgentOutput>,
    ) -> Option<ClientId> {
        let credentials = self.sessions.get(&id).and_then(Session::credentials).cloned();
        self.ask(Owner { credentials, ..Owner::of(purpose) }, &request, to, now, out)
    }

    /// Answers a server transaction in our name.
    pub(super) fn reply(&mut self, transaction: ServerId, response: Response, now: Moment, out: &mut Vec<AgentOutput>) {
        let response = self.signed(response);
        self.transactions.respond(transaction, response, now, out);
    }

    /// Answers a request that has no transaction.
    pub(super) fn reply_stateless(&mut self, to: Hop, response: Response, out: &mut Vec<AgentOutput>) {
        let response = self.signed(response);
        out.push(AgentOutput::Send { to, bytes: wire::write_response(&response) });
    }

    fn signed(&mut self, response: Response) -> Response {
        let mut response = with_tag(response, &self.rng.hex(16));
        if response.status() > 100 {
            response.headers_mut().set("Server", self.config.product.clone());
        }
        response
    }

    /// The request with a Via of ours on top, as it goes out over `transport`, and our name.
    pub(super) fn with_via(&mut self, request: &Request, transport: Transport) -> Request {
        let branch = format!("z9hG4bK{}", self.rng.hex(24));
        let mut sent = Request::new(request.method().clone(), request.uri());
        sent.headers_mut().push("Via", Via::new(transport.via(), self.local(transport), &branch).to_string());
        for (name, value) in request.headers().iter().filter(|(name, _)| *name != "Via" && *name != "User-Agent") {
            sent.headers_mut().push(name, value);
        }
        sent.headers_mut().push("User-Agent", self.config.product.clone());
        if let Some(content_type) = request.headers().get("Content-Type") {
            sent.set_body(content_type, request.body().to_vec());
        }
        sent
    }
}
