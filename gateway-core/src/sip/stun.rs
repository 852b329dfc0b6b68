//! A STUN server (RFC 8489) is asked as whom the outside sees us, from the socket of SIP. The messages are a kept crate's.

use std::net::SocketAddr;
use std::time::Duration;

use stun_types::attribute::XorMappedAddress;
use stun_types::message::{BINDING, Message, MessageClass, MessageType, MessageWrite as _, MessageWriteVec, TransactionId};

use crate::rng::Rng;
use crate::time::Moment;

/// A server is asked again after this: NATs forget a mapping that nobody uses, many after 30 s.
const AGAIN: Duration = Duration::from_secs(25);

/// The first wait for an answer; each next one is twice as long (RFC 8489 §6.2.1).
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Requests of one question.
const MOST_TRIES: u32 = 5;

/// Datagrams in the name of the server that are looked at for each request.
const MOST_ANSWERS: u32 = 8;

/// Where the cookie stands that tells STUN from everything else, and what it is (RFC 8489 §5).
const COOKIE_AT: std::ops::Range<usize> = 4..8;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// What comes of a datagram or of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The next request.
    Ask {
        /// Where to.
        server: SocketAddr,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Nobody answers, or the name of the server leads nowhere, for the first time since somebody did.
    Silent,
    /// The server sees us so.
    Seen(SocketAddr),
}

/// A question on its way.
#[derive(Clone, Copy, Debug)]
struct Question {
    server: SocketAddr,
    transaction: TransactionId,
    /// Datagrams that may still come.
    answers: u32,
}

/// Whoever asks.
#[derive(Clone, Debug, Default)]
pub struct Stun {
    question: Option<Question>,
    /// Requests so far, or looks whether the server has an address.
    tries: u32,
    due: Option<Moment>,
    silent: bool,
}

impl Stun {
    /// Begins to ask, at once.
    pub fn start(&mut self, now: Moment) {
        *self = Stun { due: Some(now), ..Stun::default() };
    }

    /// When [`Stun::handle_timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.due
    }

    /// Whether an answer of this host is awaited.
    #[must_use]
    pub fn awaits(&self, source: SocketAddr) -> bool {
        self.question.is_some_and(|question| question.server == source)
    }

    /// As [`Stun::awaits`], for so many datagrams as a server may send.
    pub fn lets_in(&mut self, source: SocketAddr) -> bool {
        let Some(question) = self.question.as_mut().filter(|question| question.server == source && question.answers > 0) else {
            return false;
        };
        question.answers -= 1;
        true
    }

    /// Asks, again, or gives up for a while. `server`: where it is, as far as that is known.
    pub fn handle_timeout(&mut self, server: Option<SocketAddr>, rng: &mut Rng, now: Moment) -> Option<Turn> {
        if self.due.is_none_or(|due| due > now) {
            return None;
        }
        if self.tries >= MOST_TRIES {
            (self.question, self.tries) = (None, 0);
            self.due = Some(now + AGAIN);
            return (!std::mem::replace(&mut self.silent, true)).then_some(Turn::Silent);
        }
        self.due = Some(now + FIRST_WAIT * (1 << self.tries));
        self.tries += 1;
        let server = server?;
        let new = || Question { server, transaction: transaction(rng), answers: 0 };
        let question = self.question.filter(|question| question.server == server).unwrap_or_else(new);
        self.question = Some(Question { answers: MOST_ANSWERS, ..question });
        let kind = MessageType::from_class_method(MessageClass::Request, BINDING);
        let bytes = Message::builder(kind, question.transaction, MessageWriteVec::new()).finish();
        Some(Turn::Ask { server, bytes })
    }

    /// Takes a datagram; `None`: it is no answer that is awaited.
    pub fn receive(&mut self, source: SocketAddr, bytes: &[u8], now: Moment) -> Option<Turn> {
        let question = self.question.filter(|question| question.server == source)?;
        let seen = mapped(bytes, question.transaction)?;
        (self.question, self.tries, self.silent) = (None, 0, false);
        self.due = Some(now + AGAIN);
        Some(Turn::Seen(seen))
    }
}

/// Whether a datagram is one of STUN, and not of SIP (RFC 8489 §5).
#[must_use]
pub fn is_stun(bytes: &[u8]) -> bool {
    bytes.get(COOKIE_AT) == Some(&COOKIE)
}

/// The address in a successful answer to a Binding request with this transaction id.
fn mapped(bytes: &[u8], transaction: TransactionId) -> Option<SocketAddr> {
    if !is_stun(bytes) {
        return None;
    }
    let message = Message::from_bytes(bytes).ok()?;
    if !message.has_method(BINDING) || !message.has_class(MessageClass::Success) || message.transaction_id() != transaction {
        return None;
    }
    let seen = message.attribute::<XorMappedAddress>().ok()?.addr(transaction);
    Some(SocketAddr::new(seen.ip().to_canonical(), seen.port()))
}

fn transaction(rng: &mut Rng) -> TransactionId {
    let words = [rng.next_u32(), rng.next_u32(), rng.next_u32()];
    words.iter().fold(0_u128, |id, word| id << 32 | u128::from(*word)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "192.0.2.1:3478";

    fn asked() -> (Stun, Vec<u8>, Moment) {
        let (mut stun, now) = (Stun::default(), Moment::from_secs(10));
        stun.start(now);
        let Some(Turn::Ask { server, bytes }) = stun.handle_timeout(SERVER.parse().ok(), &mut Rng::from_seed(1), now) else {
            panic!("nothing is asked")
        };
        assert_eq!(server, SERVER.parse().unwrap());
        (stun, bytes, now)
    }

    /// A success response with an XOR-MAPPED-ADDRESS, laid out by hand (RFC 8489 §14.2).
    fn answer(request: &[u8], at: [u8; 4], port: u16) -> Vec<u8> {
        let mut bytes = vec![0x01, 0x01, 0, 12];
        bytes.extend(&request[4..20]);
        bytes.extend([0x00, 0x20, 0, 8, 0, 1]);
        bytes.extend((port ^ 0x2112).to_be_bytes());
        bytes.extend(at.iter().zip(COOKIE).map(|(byte, cookie)| byte ^ cookie));
        bytes
    }

    #[test]
    fn a_binding_request_is_twenty_bytes_and_its_answer_is_read() {
        let (mut stun, request, now) = asked();
        assert_eq!((request.len(), &request[..8]), (20, &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..]));
        let good = answer(&request, [198, 51, 100, 9], 40_000);
        assert_eq!(stun.receive("192.0.2.2:3478".parse().unwrap(), &good, now), None, "somebody else");
        let seen = stun.receive(SERVER.parse().unwrap(), &good, now);
        assert_eq!(seen, Some(Turn::Seen("198.51.100.9:40000".parse().unwrap())));
        assert_eq!(stun.deadline(), Some(now + AGAIN));
        assert_eq!(stun.receive(SERVER.parse().unwrap(), &good, now), None, "told once");
    }

    #[test]
    fn an_answer_to_another_question_a_refusal_and_nonsense_count_for_nothing() {
        let (mut stun, request, now) = asked();
        let good = answer(&request, [198, 51, 100, 9], 40_000);
        let changed = |at: usize, to: u8| {
            let mut bytes = good.clone();
            bytes[at] = to;
            bytes
        };
        for bad in
            [changed(19, good[19] ^ 1), changed(1, 0x11), changed(4, 0), good[..24].to_vec(), Vec::new(), b"OPTIONS sip:x SIP/2.0".to_vec()]
        {
            assert_eq!(stun.receive(SERVER.parse().unwrap(), &bad, now), None, "{bad:?}");
        }
        assert!(stun.awaits(SERVER.parse().unwrap()));
    }

    #[test]
    fn a_silent_server_is_told_once_and_asked_again() {
        let (mut stun, first, mut now) = asked();
        let (mut requests, mut silences, mut rng) = (1, 0, Rng::from_seed(2));
        while requests < 4 * MOST_TRIES {
            now = stun.deadline().unwrap();
            match stun.handle_timeout(SERVER.parse().ok(), &mut rng, now) {
                Some(Turn::Ask { bytes, .. }) => {
                    requests += 1;
                    assert_eq!(bytes == first, requests <= MOST_TRIES, "a question keeps its transaction id, another one has its own");
                }
                Some(Turn::Silent) => silences += 1,
                Some(Turn::Seen(_)) | None => {}
            }
        }
        assert_eq!(silences, 1);
        assert!(now < Moment::from_secs(10) + 4 * (AGAIN + Duration::from_secs(16)));
    }

    #[test]
    fn a_name_that_leads_nowhere_is_told_once_and_seldom_looked_at() {
        let (mut stun, mut now, mut turns) = (Stun::default(), Moment::from_secs(10), Vec::new());
        stun.start(now);
        for _ in 0..60 {
            turns.extend(stun.handle_timeout(None, &mut Rng::from_seed(1), now));
            now = stun.deadline().unwrap();
        }
        assert_eq!(turns, [Turn::Silent]);
        assert!(now > Moment::from_secs(10 + 300), "{now:?}");
    }

    #[test]
    fn what_comes_in_the_name_of_the_server_is_looked_at_a_few_times_for_each_request() {
        let (mut stun, ..) = asked();
        let server = SERVER.parse().unwrap();
        assert_eq!((0..100).filter(|_| stun.lets_in(server)).count(), 8);
        assert!(!stun.lets_in("192.0.2.2:3478".parse().unwrap()));
        let due = stun.deadline().unwrap();
        stun.handle_timeout(Some(server), &mut Rng::from_seed(1), due);
        assert!(stun.lets_in(server));
    }
}
