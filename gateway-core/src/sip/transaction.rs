//! Transactions (RFC 3261 §17, RFC 6026): four small machines, and the table that holds them with their messages.
//!
//! The machines know states and timers only; [`Transactions`] matches messages to them, keeps the bytes that may be sent again
//! and passes on what is new. Over a reliable transport nothing is sent twice, and nobody waits for repetitions (§17.1.1.2, §17.1.2.2).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::hop::Hop;
use super::io::AgentOutput;
use super::message::{HeaderError, Method, NameAddr, Request, Response};
use super::wire;
use crate::time::Moment;

use client::Client;
use client_invite::ClientInvite;
use server::Server;
use server_invite::ServerInvite;

pub(crate) use derived::cancel;

mod client;
mod client_invite;
mod derived;
mod key;
mod server;
mod server_invite;

/// Round-trip time estimate (RFC 3261 §17.1.1.1).
pub(crate) const T1: Duration = Duration::from_millis(500);
/// The longest distance between two retransmissions of anything but an INVITE.
pub(crate) const T2: Duration = Duration::from_secs(4);
/// The longest time a message stays in the network.
pub(crate) const T4: Duration = Duration::from_secs(5);
/// 100 is sent for an INVITE that nobody answered for this long (RFC 3261 §17.2.1).
pub(crate) const TRYING_AFTER: Duration = Duration::from_millis(200);
/// Transactions that live at once, both kinds together.
pub(crate) const MOST_TRANSACTIONS: usize = 1024;
/// Room in the table that strangers cannot take: the BYE of a call that is up must always get through, either way.
const RESERVED: usize = 256;

/// What a client transaction cares about in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 100–199.
    Provisional,
    /// 200–299.
    Success,
    /// 300–699.
    Failure,
}

impl Answer {
    /// The kind of a status code; codes that SIP does not have count as failures.
    pub(crate) fn of(status: u16) -> Self {
        match status {
            100..=199 => Answer::Provisional,
            200..=299 => Answer::Success,
            _ => Answer::Failure,
        }
    }
}

/// What a client transaction wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientAct {
    /// Send the request again.
    Transmit,
    /// Send the ACK of a refused INVITE.
    Acknowledge,
    /// Pass the response on.
    Tell,
    /// Nobody answered.
    GiveUp,
}

/// What a server transaction wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerAct {
    /// Send the last response (again).
    Transmit,
    /// Send 100.
    Trying,
    /// Pass the ACK on.
    Tell,
}

/// One client transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClientId(pub(crate) u64);

/// One server transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServerId(pub(crate) u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Id {
    Client(ClientId),
    Server(ServerId),
}

#[derive(Clone, Debug)]
enum ClientMachine {
    Invite(ClientInvite),
    Other(Client),
}

#[derive(Clone, Debug)]
enum ServerMachine {
    Invite(ServerInvite),
    Other(Server),
}

#[derive(Clone, Debug)]
struct ClientEntry {
    key: String,
    machine: ClientMachine,
    request: Request,
    bytes: Vec<u8>,
    to: Hop,
    /// It goes over a connection only because it is large: where there is none to be had, UDP takes it after all.
    by_size: bool,
}

#[derive(Clone, Debug)]
struct ServerEntry {
    key: String,
    merge_key: Option<String>,
    machine: ServerMachine,
    request: Request,
    to: Hop,
    /// The last response, as bytes.
    last: Vec<u8>,
}

/// What time does to our requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lapse {
    /// Nobody answered our request in time.
    Unanswered(ClientId),
    /// A client transaction is over; nothing more comes from it.
    Over(ClientId),
}

/// What a request is to the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// A new server transaction.
    New(ServerId),
    /// Seen before; dealt with.
    Absorbed,
    /// An ACK that belongs to a session (RFC 3261 §13.3.1.4).
    Ack,
    /// Another path brought a request that we have already (RFC 3261 §8.2.2.2).
    Merged,
    /// The table is full of work that waits.
    Full,
}

/// Every living transaction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transactions {
    clients: BTreeMap<ClientId, ClientEntry>,
    client_keys: BTreeMap<String, ClientId>,
    servers: BTreeMap<ServerId, ServerEntry>,
    server_keys: BTreeMap<String, ServerId>,
    merge_keys: BTreeMap<String, ServerId>,
    due: BTreeSet<(Moment, Id)>,
    /// Server transactions whose only work left is to absorb repetitions: the first to go when the table is full.
    spent: BTreeSet<ServerId>,
    next: u64,
}

impl Transactions {
    /// Transactions alive.
    pub(crate) fn len(&self) -> usize {
        self.clients.len() + self.servers.len()
    }

    /// Server transactions whose only work left is to absorb repetitions.
    pub(crate) fn spent(&self) -> usize {
        self.spent.len()
    }

    /// When something is due.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        self.due.first().map(|(at, _)| *at)
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Makes room for one more below `most`; false when everything in the table still waits for something.
    fn make_room(&mut self, most: usize) -> bool {
        if self.len() < most {
            return true;
        }
        match self.spent.first().copied() {
            Some(oldest) => {
                self.remove_server(oldest);
                true
            }
            None => false,
        }
    }
}

/// Client side.
impl Transactions {
    /// Sends a request and starts its transaction. `None` (and nothing sent): the table is full, or the request has no branch.
    pub(crate) fn start(&mut self, request: Request, to: Hop, now: Moment, out: &mut Vec<AgentOutput>) -> Option<ClientId> {
        let key = key::of_client_request(&request)?;
        if !self.make_room(MOST_TRANSACTIONS) {
            return None;
        }
        let id = ClientId(self.number());
        let machine = ClientMachine::start(request.method(), to.transport.is_reliable(), now);
        let bytes = wire::write_request(&request);
        out.push(AgentOutput::Send { to, bytes: bytes.clone() });
        self.schedule(Id::Client(id), None, machine.deadline());
        self.client_keys.insert(key.clone(), id);
        self.clients.insert(id, ClientEntry { key, machine, request, bytes, to, by_size: false });
        Some(id)
    }

    /// This request goes over a connection only because it is large (RFC 3261 §18.1.1).
    pub(crate) fn note_switched(&mut self, id: ClientId) {
        if let Some(entry) = self.clients.get_mut(&id) {
            entry.by_size = true;
        }
    }

    /// There is no connection to this hop: large requests for it that nobody has answered start over, over UDP. True: there were some.
    pub(crate) fn switch_back(&mut self, hop: Hop, now: Moment, out: &mut Vec<AgentOutput>) -> bool {
        let switched: Vec<ClientId> = self
            .clients
            .iter()
            .filter(|(_, entry)| entry.by_size && entry.to == hop && entry.machine.is_unheard())
            .map(|(id, _)| *id)
            .collect();
        for id in &switched {
            let Some(entry) = self.clients.get_mut(id) else { continue };
            let before = entry.machine.deadline();
            entry.by_size = false;
            entry.to = Hop::from(hop.address);
            entry.request.set_via_transport(entry.to.transport);
            entry.bytes = wire::write_request(&entry.request);
            entry.machine = ClientMachine::start(entry.request.method(), false, now);
            out.push(AgentOutput::Send { to: entry.to, bytes: entry.bytes.clone() });
            let after = entry.machine.deadline();
            self.schedule(Id::Client(*id), before, after);
        }
        !switched.is_empty()
    }

    /// The request of a living client transaction, and where it went.
    pub(crate) fn request_of(&self, id: ClientId) -> Option<(&Request, Hop)> {
        self.clients.get(&id).map(|entry| (&entry.request, entry.to))
    }

    /// The client transaction a response belongs to.
    pub(crate) fn client_of(&self, response: &Response) -> Option<ClientId> {
        self.client_keys.get(&key::of_response(response)?).copied()
    }

    /// Whether a request that came in is one that we sent ourselves, unchanged: a loop (RFC 3261 §8.2.2.2).
    pub(crate) fn is_our_own(&self, request: &Request) -> bool {
        let sent = key::of_client_request(request).and_then(|key| self.client_keys.get(&key)).and_then(|id| self.clients.get(id));
        sent.is_some_and(|entry| entry.request.uri() == request.uri())
    }

    /// A response came. `Some`: it is new, and an answer to this request; strays and repetitions are dealt with here.
    pub(crate) fn receive_response(&mut self, response: &Response, now: Moment, out: &mut Vec<AgentOutput>) -> Option<ClientId> {
        let id = self.client_of(response)?;
        let entry = self.clients.get_mut(&id)?;
        let before = entry.machine.deadline();
        let mut acts = Vec::new();
        match &mut entry.machine {
            ClientMachine::Invite(machine) => machine.receive(Answer::of(response.status()), now, &mut acts),
            ClientMachine::Other(machine) => machine.receive(Answer::of(response.status()), now, &mut acts),
        }
        let after = entry.machine.deadline();
        if acts.contains(&ClientAct::Acknowledge) {
            let ack = derived::ack_of_refusal(&entry.request, response);
            out.push(AgentOutput::Send { to: entry.to, bytes: wire::write_request(&ack) });
        }
        self.schedule(Id::Client(id), before, after);
        acts.contains(&ClientAct::Tell).then_some(id)
    }

    fn client_timeout(&mut self, id: ClientId, now: Moment, out: &mut Vec<AgentOutput>, lapses: &mut Vec<Lapse>) {
        let Some(entry) = self.clients.get_mut(&id) else { return };
        let before = entry.machine.deadline();
        let mut acts = Vec::new();
        match &mut entry.machine {
            ClientMachine::Invite(machine) => machine.handle_timeout(now, &mut acts),
            ClientMachine::Other(machine) => machine.handle_timeout(now, &mut acts),
        }
        let (after, over) = (entry.machine.deadline(), entry.machine.is_over());
        for act in acts {
            match act {
                ClientAct::Transmit => out.push(AgentOutput::Send { to: entry.to, bytes: entry.bytes.clone() }),
                ClientAct::GiveUp => lapses.push(Lapse::Unanswered(id)),
                ClientAct::Tell | ClientAct::Acknowledge => {}
            }
        }
        self.schedule(Id::Client(id), before, after);
        if over {
            self.end_client(id);
            lapses.push(Lapse::Over(id));
        }
    }

    /// Whether a BYE of ours is on its way in the dialog that this request of the peer names.
    pub(crate) fn is_leaving(&self, request: &Request) -> bool {
        let tag = |address: Result<NameAddr, HeaderError>| address.ok().and_then(|address: NameAddr| address.tag().map(str::to_owned));
        let (near, far) = (tag(request.to()), tag(request.from()));
        let byes = self.clients.values().map(|entry| &entry.request).filter(|sent| *sent.method() == Method::Bye);
        byes.filter(|bye| bye.call_id() == request.call_id()).any(|bye| (tag(bye.from()), tag(bye.to())) == (near.clone(), far.clone()))
    }

    /// Whether this is an INVITE of ours that was heard, and may stay unanswered for ever.
    pub(crate) fn is_only_promised(&self, id: ClientId) -> bool {
        let machine = self.clients.get(&id).map(|entry| &entry.machine);
        matches!(machine, Some(ClientMachine::Invite(machine)) if machine.state() == client_invite::State::Proceeding)
    }

    /// Nothing reaches this hop any more: what waits for an answer from it gets none.
    pub(crate) fn cut_off(&mut self, hop: Hop) -> Vec<ClientId> {
        let unanswered = |entry: &ClientEntry| entry.to == hop && entry.machine.is_unanswered();
        self.clients.iter().filter(|(_, entry)| unanswered(entry)).map(|(id, _)| *id).collect()
    }

    /// Drops a client transaction at once; later responses to it are strays.
    pub(crate) fn end_client(&mut self, id: ClientId) {
        if let Some(entry) = self.clients.remove(&id) {
            self.schedule(Id::Client(id), entry.machine.deadline(), None);
            self.client_keys.remove(&entry.key);
        }
    }
}

/// Server side.
impl Transactions {
    /// A request came. One that belongs to a session finds room even when strangers fill the table.
    pub(crate) fn receive_request(
        &mut self,
        source: Hop,
        request: &Request,
        of_session: bool,
        now: Moment,
        out: &mut Vec<AgentOutput>,
    ) -> Arrival {
        let key = key::of_server_request(request);
        if let Some(id) = self.server_keys.get(&key).copied() {
            return self.seen_before(id, request, now, out);
        }
        if *request.method() == Method::Ack {
            return Arrival::Ack;
        }
        let merge_key = key::of_merged(request);
        if merge_key.as_ref().is_some_and(|key| self.merge_keys.contains_key(key)) {
            return Arrival::Merged;
        }
        if !self.make_room(if of_session { MOST_TRANSACTIONS } else { MOST_TRANSACTIONS - RESERVED }) {
            return Arrival::Full;
        }
        let id = ServerId(self.number());
        let machine = match request.method() {
            Method::Invite => ServerMachine::Invite(ServerInvite::start(source.transport.is_reliable(), now)),
            _ => ServerMachine::Other(Server::start(source.transport.is_reliable(), now)),
        };
        self.schedule(Id::Server(id), None, machine.deadline());
        self.server_keys.insert(key.clone(), id);
        if let Some(key) = &merge_key {
            self.merge_keys.insert(key.clone(), id);
        }
        let request = request.clone();
        self.servers.insert(id, ServerEntry { key, merge_key, machine, request, to: source, last: Vec::new() });
        Arrival::New(id)
    }

    fn seen_before(&mut self, id: ServerId, request: &Request, now: Moment, out: &mut Vec<AgentOutput>) -> Arrival {
        let Some(entry) = self.servers.get_mut(&id) else { return Arrival::Absorbed };
        let before = entry.machine.deadline();
        let mut acts = Vec::new();
        match (&mut entry.machine, request.method()) {
            (ServerMachine::Invite(machine), Method::Ack) => machine.acknowledged(now, &mut acts),
            (ServerMachine::Invite(machine), _) => machine.repeated(&mut acts),
            (ServerMachine::Other(machine), _) => machine.repeated(&mut acts),
        }
        self.perform(id, before, &acts, out);
        if acts.contains(&ServerAct::Tell) { Arrival::Ack } else { Arrival::Absorbed }
    }

    /// The INVITE transaction that a CANCEL is about (RFC 3261 §9.2).
    pub(crate) fn cancelled_by(&self, cancel: &Request) -> Option<ServerId> {
        self.server_keys.get(&key::of_invite_cancelled_by(cancel)).copied()
    }

    /// Answers a request. False: a final response was sent before, or the transaction is over, and nothing was sent.
    pub(crate) fn respond(&mut self, id: ServerId, response: Response, now: Moment, out: &mut Vec<AgentOutput>) -> bool {
        let Some(entry) = self.servers.get_mut(&id) else { return false };
        let before = entry.machine.deadline();
        let answer = Answer::of(response.status());
        let mut acts = Vec::new();
        match &mut entry.machine {
            ServerMachine::Invite(machine) => machine.respond(answer, now, &mut acts),
            ServerMachine::Other(machine) => machine.respond(answer, now, &mut acts),
        }
        let taken = !acts.is_empty();
        if taken {
            entry.last = wire::write_response(&response);
        }
        self.perform(id, before, &acts, out);
        taken
    }

    fn server_timeout(&mut self, id: ServerId, now: Moment, out: &mut Vec<AgentOutput>) {
        let Some(entry) = self.servers.get_mut(&id) else { return };
        let before = entry.machine.deadline();
        let mut acts = Vec::new();
        match &mut entry.machine {
            ServerMachine::Invite(machine) => machine.handle_timeout(now, &mut acts),
            ServerMachine::Other(machine) => machine.handle_timeout(now),
        }
        self.perform(id, before, &acts, out);
    }

    fn perform(&mut self, id: ServerId, before: Option<Moment>, acts: &[ServerAct], out: &mut Vec<AgentOutput>) {
        let Some(entry) = self.servers.get_mut(&id) else { return };
        for act in acts {
            match act {
                ServerAct::Trying => {
                    entry.last = wire::write_response(&entry.request.respond(100));
                    out.push(AgentOutput::Send { to: entry.to, bytes: entry.last.clone() });
                }
                ServerAct::Transmit => out.push(AgentOutput::Send { to: entry.to, bytes: entry.last.clone() }),
                ServerAct::Tell => {}
            }
        }
        let (after, over, spent) = (entry.machine.deadline(), entry.machine.is_over(), entry.machine.is_spent());
        self.schedule(Id::Server(id), before, after);
        if spent {
            self.spent.insert(id);
        }
        if over {
            self.remove_server(id);
        }
    }

    fn remove_server(&mut self, id: ServerId) {
        self.spent.remove(&id);
        if let Some(entry) = self.servers.remove(&id) {
            self.schedule(Id::Server(id), entry.machine.deadline(), None);
            self.server_keys.remove(&entry.key);
            if let Some(key) = entry.merge_key {
                self.merge_keys.remove(&key);
            }
        }
    }
}

/// Time.
impl Transactions {
    fn schedule(&mut self, id: Id, before: Option<Moment>, after: Option<Moment>) {
        if before == after {
            return;
        }
        if let Some(at) = before {
            self.due.remove(&(at, id));
        }
        if let Some(at) = after {
            self.due.insert((at, id));
        }
    }

    /// Works off everything that is due.
    pub(crate) fn handle_timeout(&mut self, now: Moment, out: &mut Vec<AgentOutput>, lapses: &mut Vec<Lapse>) {
        while let Some((at, id)) = self.due.first().copied() {
            if at > now {
                return;
            }
            match id {
                Id::Client(id) => self.client_timeout(id, now, out, lapses),
                Id::Server(id) => self.server_timeout(id, now, out),
            }
            // A machine always moves its deadline on; should one not, it must not hold up the others.
            self.due.remove(&(at, id));
        }
    }
}

impl ClientMachine {
    fn start(method: &Method, reliable: bool, now: Moment) -> Self {
        match method {
            Method::Invite => ClientMachine::Invite(ClientInvite::start(reliable, now)),
            _ => ClientMachine::Other(Client::start(reliable, now)),
        }
    }

    /// Not even a provisional response has come.
    fn is_unheard(&self) -> bool {
        match self {
            ClientMachine::Invite(machine) => matches!(machine.state(), client_invite::State::Calling { .. }),
            ClientMachine::Other(machine) => matches!(machine.state(), client::State::Trying { .. }),
        }
    }

    fn deadline(&self) -> Option<Moment> {
        match self {
            ClientMachine::Invite(machine) => machine.deadline(),
            ClientMachine::Other(machine) => machine.deadline(),
        }
    }

    fn is_unanswered(&self) -> bool {
        match self {
            ClientMachine::Invite(machine) => {
                matches!(machine.state(), client_invite::State::Calling { .. } | client_invite::State::Proceeding)
            }
            ClientMachine::Other(machine) => matches!(machine.state(), client::State::Trying { .. } | client::State::Proceeding),
        }
    }

    fn is_over(&self) -> bool {
        match self {
            ClientMachine::Invite(machine) => machine.state() == client_invite::State::Terminated,
            ClientMachine::Other(machine) => machine.state() == client::State::Terminated,
        }
    }
}

impl ServerMachine {
    fn deadline(&self) -> Option<Moment> {
        match self {
            ServerMachine::Invite(machine) => machine.deadline(),
            ServerMachine::Other(machine) => machine.deadline(),
        }
    }

    fn is_over(&self) -> bool {
        match self {
            ServerMachine::Invite(machine) => machine.state() == server_invite::State::Terminated,
            ServerMachine::Other(machine) => machine.state() == server::State::Terminated,
        }
    }

    fn is_spent(&self) -> bool {
        match self {
            ServerMachine::Invite(machine) => {
                matches!(machine.state(), server_invite::State::Completed { .. } | server_invite::State::Confirmed)
            }
            ServerMachine::Other(machine) => machine.state() == server::State::Completed,
        }
    }
}
