//! Messages out of a stream (RFC 3261 §18.3): a head that an empty line ends, and a body as long as `Content-Length` says.

/// The longest head that is taken: what is longer is no SIP that anybody needs.
pub const MOST_HEAD_BYTES: usize = 64 * 1024;

/// The longest body that is taken.
pub const MOST_BODY_BYTES: usize = 64 * 1024;

const HEAD_END: &[u8] = b"\r\n\r\n";

/// What a stream brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A whole message.
    Message(Vec<u8>),
    /// A sign of life that wants [`PONG`] for an answer (RFC 5626 §3.5.1).
    Ping,
}

/// The answer to [`Piece::Ping`].
pub const PONG: &[u8] = b"\r\n";

/// Why nothing more can be read from a stream: where the next message begins is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamFault {
    /// No end of the head within [`MOST_HEAD_BYTES`].
    #[error("head too long")]
    HeadTooLong,
    /// A body longer than [`MOST_BODY_BYTES`].
    #[error("body too long")]
    BodyTooLong,
    /// No `Content-Length`, one that is no number, or two that differ.
    #[error("no length")]
    NoLength,
}

/// Cuts a stream into messages. What it keeps is less than one message of the longest kind.
#[derive(Clone, Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// So far there is no end of a head.
    searched: usize,
}

impl Framer {
    /// Takes what came, and answers what is whole now, in order.
    ///
    /// # Errors
    /// The connection is of no more use. What was whole before the fault is in `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Piece>) -> Result<(), StreamFault> {
        self.buffer.extend(bytes);
        while let Some(piece) = self.next()? {
            out.push(piece);
        }
        Ok(())
    }

    /// Whether no part of a message waits for its rest.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.buffer.iter().all(u8::is_ascii_whitespace)
    }

    fn next(&mut self) -> Result<Option<Piece>, StreamFault> {
        if self.searched == 0 {
            if self.buffer.starts_with(HEAD_END) {
                self.drop_first(HEAD_END.len());
                return Ok(Some(Piece::Ping));
            }
            // A single line end between messages is the answer to a ping of ours, or nothing.
            while self.buffer.starts_with(PONG) && !HEAD_END.starts_with(&self.buffer) {
                self.drop_first(PONG.len());
            }
            if HEAD_END.starts_with(&self.buffer) {
                return Ok(None);
            }
        }
        let from = self.searched.saturating_sub(HEAD_END.len() - 1);
        let Some(at) = self.buffer[from..].windows(HEAD_END.len()).position(|window| window == HEAD_END) else {
            self.searched = self.buffer.len();
            return if self.searched > MOST_HEAD_BYTES { Err(StreamFault::HeadTooLong) } else { Ok(None) };
        };
        let head = from + at + HEAD_END.len();
        if head > MOST_HEAD_BYTES {
            return Err(StreamFault::HeadTooLong);
        }
        let body = content_length(&self.buffer[..head]).ok_or(StreamFault::NoLength)?;
        if body > MOST_BODY_BYTES {
            return Err(StreamFault::BodyTooLong);
        }
        if self.buffer.len() < head + body {
            // The end of the head is found again at once when more comes.
            self.searched = head - 1;
            return Ok(None);
        }
        Ok(Some(Piece::Message(self.drop_first(head + body))))
    }

    fn drop_first(&mut self, count: usize) -> Vec<u8> {
        self.searched = 0;
        let rest = self.buffer.split_off(count);
        std::mem::replace(&mut self.buffer, rest)
    }
}

/// The length that a head tells, by either name of the header (RFC 3261 §20.14).
fn content_length(head: &[u8]) -> Option<usize> {
    let mut found = None;
    for line in head.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = line[..colon].trim_ascii();
        if name.eq_ignore_ascii_case(b"Content-Length") || name.eq_ignore_ascii_case(b"l") {
            let length: usize = str::from_utf8(line[colon + 1..].trim_ascii()).ok()?.parse().ok()?;
            if found.replace(length).is_some_and(|before| before != length) {
                return None;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    fn message(body: &str) -> Vec<u8> {
        format!("OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP b\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    fn pieces(framer: &mut Framer, bytes: &[u8]) -> Vec<Piece> {
        let mut out = Vec::new();
        framer.push(bytes, &mut out).unwrap();
        out
    }

    #[test]
    fn messages_are_found_however_the_stream_is_cut() {
        let mut rng = Rng::from_seed(4);
        let sent = ["", "v=0\r\n", "x", "\r\n\r\n", "a\r\n\r\nb"].map(message);
        let stream = sent.concat();
        for _ in 0..200 {
            let (mut framer, mut seen, mut rest) = (Framer::default(), Vec::new(), &stream[..]);
            while !rest.is_empty() {
                let (first, after) = rest.split_at(rest.len().min(1 + usize::try_from(rng.below(40)).unwrap()));
                seen.extend(pieces(&mut framer, first));
                rest = after;
            }
            assert_eq!(seen, sent.clone().map(Piece::Message));
            assert!(framer.is_between());
        }
    }

    #[test]
    fn signs_of_life_are_told_apart_from_messages_and_their_answers_dropped() {
        let mut framer = Framer::default();
        assert_eq!(pieces(&mut framer, b"\r\n\r\n"), [Piece::Ping]);
        assert_eq!(pieces(&mut framer, b"\r\n"), []);
        assert_eq!(pieces(&mut framer, b"\r\n"), [Piece::Ping], "in two halves");
        let after_pong = [b"\r\n".to_vec(), message("x")].concat();
        assert_eq!(pieces(&mut framer, &after_pong), [Piece::Message(message("x"))]);
        let both = [message(""), b"\r\n\r\n".to_vec(), message("y")].concat();
        assert_eq!(pieces(&mut framer, &both), [Piece::Message(message("")), Piece::Ping, Piece::Message(message("y"))]);
    }

    #[test]
    fn a_stream_whose_messages_cannot_be_found_is_given_up() {
        let refused = |text: &[u8]| Framer::default().push(text, &mut Vec::new());
        assert_eq!(refused(b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n"), Err(StreamFault::NoLength));
        assert_eq!(refused(b"OPTIONS sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\nab"), Err(StreamFault::NoLength));
        assert_eq!(refused(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n"), Err(StreamFault::NoLength));
        assert_eq!(refused(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 65537\r\n\r\n"), Err(StreamFault::BodyTooLong));
        assert_eq!(refused(&vec![b'x'; MOST_HEAD_BYTES + 1]), Err(StreamFault::HeadTooLong));
        assert_eq!(refused(b"OPTIONS sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 1\r\n\r\na"), Ok(()));
    }

    #[test]
    fn no_bytes_make_it_panic_or_keep_more_than_a_message() {
        let mut rng = Rng::from_seed(5);
        for _ in 0..300 {
            let mut framer = Framer::default();
            for _ in 0..50 {
                let parts: [&[u8]; 7] = [b"\r\n", b"\r\n\r\n", b"l: 3", b"Content-Length:", b"INVITE", b"\r", b"\0\xFF"];
                let bytes = parts[usize::try_from(rng.below(7)).unwrap()];
                if framer.push(bytes, &mut Vec::new()).is_err() {
                    break;
                }
                assert!(framer.buffer.len() <= MOST_HEAD_BYTES + MOST_BODY_BYTES + bytes.len());
            }
        }
    }
}
