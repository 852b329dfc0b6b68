//! From bytes to a message, in one pass over the lines of the head.

use std::borrow::Cow;

use super::{Defect, MAX_HEAD, MAX_HEADERS, MAX_MESSAGE, WireError};
use crate::sip::header::grammar;
use crate::sip::message::{Headers, Message, Method, Request, Response};
use crate::sip::uri::Uri;

/// Headers that may stand once only, of those a user agent decides by.
const SINGLE: [&str; 6] = ["From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Type"];

/// Reads one message that fills a datagram.
///
/// Bytes behind a body whose length is given are ignored (RFC 3261 §18.3); without `Content-Length` the body is the rest.
///
/// # Errors
/// Whatever [`Defect`] comes first, with the answer that fits, if one can be sent.
pub fn read(bytes: &[u8]) -> Result<Message, WireError> {
    let lead = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | 0)).count();
    let bytes = bytes.get(lead..).unwrap_or_default();
    if bytes.is_empty() {
        return Err(WireError { defect: Defect::KeepAlive, reply: None });
    }
    let mut draft = Draft::default();
    let body = draft.read_head(bytes.get(..MAX_MESSAGE.min(bytes.len())).unwrap_or_default());
    if bytes.len() > MAX_MESSAGE {
        draft.blame(Defect::TooLarge);
    }
    let body = draft.frame(body.unwrap_or_default());
    draft.finish(body)
}

/// The first line.
enum Start {
    Request { method: Method, uri: String },
    Response { status: u16, reason: String },
}

/// A message on its way in: what was readable, and the first defect.
#[derive(Default)]
struct Draft {
    start: Option<Start>,
    headers: Headers,
    header_count: usize,
    content_length: Option<usize>,
    defect: Option<Defect>,
    /// Whether the start line ended like a request's; only then is a refusal sent.
    answerable: bool,
}

impl Draft {
    /// Notes `defect` unless an earlier one is known.
    fn blame(&mut self, defect: Defect) {
        self.defect.get_or_insert(defect);
    }

    /// Reads up to the empty line and returns what follows it; `None` when the head does not end.
    fn read_head<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let mut rest = bytes;
        let mut pending: Option<Vec<u8>> = None;
        loop {
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                // Some peers forget the empty line when there is no body; a line cut short is something else.
                self.take_line(pending.take());
                self.blame_if(!rest.is_empty(), Defect::Truncated);
                return None;
            };
            let (line, after) = (rest.get(..end)?, rest.get(end + 1..)?);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                self.take_line(pending.take());
                return Some(after);
            }
            if bytes.len() - after.len() > MAX_HEAD || self.header_count >= MAX_HEADERS {
                self.take_line(pending.take());
                self.blame(Defect::TooLarge);
                return None;
            }
            match (&mut pending, line.first()) {
                (Some(open), Some(b' ' | b'\t')) => {
                    open.push(b' ');
                    open.extend_from_slice(line.trim_ascii());
                }
                _ => self.take_line(pending.replace(line.to_vec())),
            }
            rest = after;
        }
    }

    fn blame_if(&mut self, condition: bool, defect: Defect) {
        if condition {
            self.blame(defect);
        }
    }

    /// Takes in one unfolded line: the start line, then headers.
    fn take_line(&mut self, line: Option<Vec<u8>>) {
        let Some(line) = line else { return };
        let text = text_of(&line);
        if self.start.is_none() && !self.answerable && self.defect.is_none() {
            self.take_start(&text);
        } else if self.defect != Some(Defect::NotSip) {
            self.take_header(&text);
        }
    }

    fn take_start(&mut self, line: &str) {
        let result = if line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/")) {
            status_line(line)
        } else {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            self.answerable = words.last().is_some_and(|word| word.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/")));
            if self.answerable { request_line(&words) } else { Err(Defect::NotSip) }
        };
        match result {
            Ok(start) => {
                self.answerable &= !matches!(start, Start::Request { method: Method::Ack, .. });
                self.start = Some(start);
            }
            Err(defect) => {
                self.answerable &= !line.starts_with("ACK ");
                self.blame(defect);
            }
        }
    }

    fn take_header(&mut self, line: &str) {
        let Some((name, value)) = line.split_once(':') else { return self.blame(Defect::HeaderLine) };
        let (name, value) = (name.trim_end(), value.trim());
        if !grammar::is_token(name) || value.contains('\r') {
            return self.blame(Defect::HeaderLine);
        }
        let name = long_name(name);
        if name.eq_ignore_ascii_case("Content-Length") {
            return self.take_content_length(value);
        }
        if let Some(single) = SINGLE.iter().find(|single| single.eq_ignore_ascii_case(name))
            && self.headers.get(single).is_some()
        {
            return self.blame(Defect::Repeated(single));
        }
        if !["Via", "Route", "Record-Route", "Contact"].iter().any(|list| list.eq_ignore_ascii_case(name)) {
            return self.keep(name, value);
        }
        match grammar::split_outside(value, b',') {
            Some(parts) => parts.into_iter().filter(|part| !part.is_empty()).for_each(|part| self.keep(name, part)),
            None => self.keep(name, value),
        }
    }

    fn keep(&mut self, name: &str, value: &str) {
        if self.header_count >= MAX_HEADERS {
            return self.blame(Defect::TooLarge);
        }
        self.header_count += 1;
        self.headers.push(name, value);
    }

    fn take_content_length(&mut self, value: &str) {
        match grammar::decimal::<usize>(value) {
            Some(length) if self.content_length.is_none_or(|known| known == length) => self.content_length = Some(length),
            _ => self.blame(Defect::ContentLength),
        }
    }

    /// The body within what follows the head.
    fn frame<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let Some(length) = self.content_length else { return rest };
        match rest.get(..length) {
            Some(body) => body,
            None => {
                self.blame(Defect::ContentLength);
                rest
            }
        }
    }

    fn finish(mut self, body: &[u8]) -> Result<Message, WireError> {
        if self.defect.is_none()
            && let Err(defect) = self.check_mandatory()
        {
            self.blame(defect);
        }
        if let Some(defect) = self.defect {
            return Err(self.refuse(defect));
        }
        match self.start.take() {
            Some(Start::Request { method, uri }) => Ok(Request::from_parts(method, uri, self.headers, body.to_vec()).into()),
            Some(Start::Response { status, reason }) => Ok(Response::from_parts(status, &reason, self.headers, body.to_vec()).into()),
            None => Err(self.refuse(Defect::StartLine)),
        }
    }

    /// The headers that every message needs (RFC 3261 §8.1.1), read once for their grammar.
    fn check_mandatory(&self) -> Result<(), Defect> {
        self.headers.top_via()?;
        self.headers.address("From")?;
        self.headers.address("To")?;
        self.headers.call_id()?;
        let cseq = self.headers.cseq()?;
        match &self.start {
            Some(Start::Request { method, .. }) if cseq.method != *method => Err(Defect::CSeqMethod),
            Some(Start::Request { .. }) => self.headers.max_forwards().map(|_| ()).map_err(Defect::from),
            Some(Start::Response { .. }) | None => Ok(()),
        }
    }

    fn refuse(self, defect: Defect) -> WireError {
        let mut error = WireError { defect, reply: None };
        if self.answerable && self.headers.top_via().is_ok() {
            let mut reply = Response::new(error.status());
            reply.copy_from(&self.headers);
            error.reply = Some(Box::new(reply));
        }
        error
    }
}

/// The text of a line: UTF-8, or else Latin-1, where every byte is a character.
fn text_of(line: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(line) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(line.iter().copied().map(char::from).collect()),
    }
}

fn request_line(words: &[&str]) -> Result<Start, Defect> {
    let [method, uri, version] = words else {
        return Err(if words.len() > 3 { Defect::RequestUri } else { Defect::StartLine });
    };
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return Err(Defect::Version);
    }
    let method = Method::from_token(method).ok_or(Defect::StartLine)?;
    match Uri::parse(uri) {
        Ok(parsed) if parsed.headers.is_none() && !uri.contains(['<', '>', '"']) => Ok(Start::Request { method, uri: (*uri).to_owned() }),
        Ok(_) | Err(_) => Err(Defect::RequestUri),
    }
}

fn status_line(line: &str) -> Result<Start, Defect> {
    let (version, rest) = line.split_once(' ').ok_or(Defect::StartLine)?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return Err(Defect::Version);
    }
    let rest = rest.trim();
    let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let status = grammar::decimal::<u16>(status).filter(|code| (100..700).contains(code)).ok_or(Defect::StartLine)?;
    Ok(Start::Response { status, reason: reason.trim_start().to_owned() })
}

/// The long name of a compact one (RFC 3261 §7.3.3 and the registry of header names); any other as it is.
fn long_name(name: &str) -> &str {
    let &[letter] = name.as_bytes() else { return name };
    match letter.to_ascii_lowercase() {
        b'a' => "Accept-Contact",
        b'b' => "Referred-By",
        b'c' => "Content-Type",
        b'd' => "Request-Disposition",
        b'e' => "Content-Encoding",
        b'f' => "From",
        b'i' => "Call-ID",
        b'j' => "Reject-Contact",
        b'k' => "Supported",
        b'l' => "Content-Length",
        b'm' => "Contact",
        b'n' => "Identity-Info",
        b'o' => "Event",
        b'r' => "Refer-To",
        b's' => "Subject",
        b't' => "To",
        b'u' => "Allow-Events",
        b'v' => "Via",
        b'x' => "Session-Expires",
        b'y' => "Identity",
        _ => name,
    }
}
