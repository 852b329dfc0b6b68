//! What the brain put on the wire, read back: the place where stories look for statuses and headers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

use super::network::Datagram;
use crate::sip::message::{Message, Method, Request, Response};
use crate::sip::wire;

/// Datagrams kept; the oldest go.
const MOST_KEPT: usize = 5_000;

/// A tap on the gateway's SIP socket.
#[derive(Clone, Debug, Default)]
pub struct Tap {
    sent: VecDeque<Datagram>,
    invites: BTreeMap<String, Answers>,
}

/// What one INVITE that came to the gateway was answered with.
#[derive(Clone, Debug)]
struct Answers {
    from: SocketAddr,
    provisional: bool,
    finals: BTreeSet<u16>,
}

impl Tap {
    /// The brain sent this.
    pub fn sent(&mut self, datagram: &Datagram) {
        self.note_answer(&datagram.bytes);
        if self.sent.len() >= MOST_KEPT {
            self.sent.pop_front();
        }
        self.sent.push_back(datagram.clone());
    }

    /// This reached the brain.
    pub fn received(&mut self, datagram: &Datagram) {
        if datagram.bytes.starts_with(b"INVITE ")
            && let Some(branch) = branch_of(&datagram.bytes)
        {
            let answers = Answers { from: datagram.from, provisional: false, finals: BTreeSet::new() };
            self.invites.entry(branch).or_insert(answers);
        }
    }

    fn note_answer(&mut self, bytes: &[u8]) {
        let Some(status) = status_of(bytes) else { return };
        let known = branch_of(bytes).and_then(|branch| self.invites.get_mut(&branch));
        if let Some(answers) = known.filter(|_| is_of_invite(bytes)) {
            if status < 200 {
                answers.provisional = true;
            } else {
                answers.finals.insert(status);
            }
        }
    }

    /// INVITEs that got several different final answers, or none although one is due. `silence_is_right`: some sources may
    /// have been met with silence (stealth, bans).
    #[must_use]
    pub fn wrongly_answered(&self, silence_is_right: bool) -> Vec<String> {
        let wrong = self.invites.iter().filter(|(_, answers)| match answers.finals.len() {
            0 => answers.provisional || !silence_is_right,
            1 => false,
            _ => true,
        });
        wrong.map(|(branch, answers)| format!("the INVITE {branch} of {} was answered with {:?}", answers.from, answers.finals)).collect()
    }

    /// INVITEs seen so far.
    #[must_use]
    pub fn invites(&self) -> usize {
        self.invites.len()
    }

    /// Every datagram that is still kept, oldest first.
    pub fn datagrams(&self) -> impl Iterator<Item = &Datagram> {
        self.sent.iter()
    }

    /// Responses of the brain to this method that went to `to`, oldest first, with their repetitions.
    pub fn responses<'a>(&'a self, to: SocketAddr, method: &'a Method) -> impl Iterator<Item = Response> + 'a {
        self.messages(to).filter_map(move |message| match message {
            Message::Response(response) if response.cseq().is_ok_and(|cseq| cseq.method == *method) => Some(response),
            Message::Response(_) | Message::Request(_) => None,
        })
    }

    /// Requests of the brain that went to `to`, oldest first, with their repetitions.
    pub fn requests<'a>(&'a self, to: SocketAddr, method: &'a Method) -> impl Iterator<Item = Request> + 'a {
        self.messages(to).filter_map(move |message| match message {
            Message::Request(request) if request.method() == method => Some(request),
            Message::Request(_) | Message::Response(_) => None,
        })
    }

    fn messages(&self, to: SocketAddr) -> impl Iterator<Item = Message> {
        self.sent.iter().filter(move |datagram| datagram.to == to).filter_map(|datagram| wire::read(&datagram.bytes).ok())
    }
}

/// The branch of the topmost Via, by which a transaction is known.
fn branch_of(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let via = text.lines().find(|line| line.starts_with("Via:"))?;
    let (_, branch) = via.split_once("branch=")?;
    Some(branch.chars().take_while(|c| !matches!(c, ';' | ',' | ' ' | '\r')).collect())
}

fn status_of(bytes: &[u8]) -> Option<u16> {
    let rest = bytes.strip_prefix(b"SIP/2.0 ")?;
    std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok()
}

fn is_of_invite(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    text.lines().any(|line| line.starts_with("CSeq:") && line.ends_with("INVITE"))
}
