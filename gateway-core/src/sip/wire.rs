//! The wire: our own tolerant reader in front of the message model, and the writer.
//!
//! The reader never panics, whatever arrives, and works in bounded space. It forgives what real peers do (compact names,
//! folding, Latin-1, empty lines in front, bare line feeds, a missing Content-Length) and refuses what cannot be answered
//! for (contradicting lengths, repeated single-value headers, broken mandatory headers).

mod reader;

pub use reader::read;

use super::header::{HeaderError, grammar};
use super::message::{Message, Method, Request, Response};

/// The longest message accepted, in bytes: what one UDP datagram can hold.
pub const MAX_MESSAGE: usize = 65_535;

/// The longest head (start line and headers) accepted, in bytes.
pub const MAX_HEAD: usize = 32 * 1024;

/// The most headers accepted, counted after comma-separated Via, Route, Record-Route and Contact were taken apart.
pub const MAX_HEADERS: usize = 256;

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// Nothing but line ends: a keep-alive (RFC 5626 §3.5.1), no defect at all.
    #[error("keep-alive")]
    KeepAlive,
    /// Not SIP of any version; never answered.
    #[error("not SIP")]
    NotSip,
    /// More than [`MAX_MESSAGE`] or [`MAX_HEAD`] bytes, or [`MAX_HEADERS`] headers.
    #[error("message too large")]
    TooLarge,
    /// The datagram ends inside the head.
    #[error("message ends inside a header")]
    Truncated,
    /// The start line breaks its grammar.
    #[error("malformed start line")]
    StartLine,
    /// A SIP version other than 2.0.
    #[error("unknown SIP version")]
    Version,
    /// The Request-URI is malformed or holds what it must not (brackets, headers).
    #[error("malformed Request-URI")]
    RequestUri,
    /// A header line without name or colon, or with a carriage return inside.
    #[error("malformed header line")]
    HeaderLine,
    /// A header that may stand once stands twice.
    #[error("{0} is repeated")]
    Repeated(&'static str),
    /// Content-Length is no number, contradicts itself, or promises more than there is.
    #[error("wrong Content-Length")]
    ContentLength,
    /// The method in CSeq is not that of the request line.
    #[error("CSeq names another method")]
    CSeqMethod,
    /// A mandatory header is missing or malformed.
    #[error(transparent)]
    Header(#[from] HeaderError),
}

/// Why [`read`] refused a message, and how to answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{defect}")]
pub struct WireError {
    /// What is wrong.
    pub defect: Defect,
    /// The refusal to send, when the message is a request other than ACK and its topmost Via could be read.
    ///
    /// Via, From, To, Call-ID and CSeq are copied as far as they were there. Source address and To tag are the caller's
    /// to add.
    pub reply: Option<Box<Response>>,
}

impl WireError {
    /// The status that this defect deserves: 400, 505 or 513.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self.defect {
            Defect::Version => 505,
            Defect::TooLarge => 513,
            Defect::KeepAlive
            | Defect::NotSip
            | Defect::Truncated
            | Defect::StartLine
            | Defect::RequestUri
            | Defect::HeaderLine
            | Defect::Repeated(_)
            | Defect::ContentLength
            | Defect::CSeqMethod
            | Defect::Header(_) => 400,
        }
    }
}

/// The bytes of a message. `Content-Length` is always written, last of the headers, and always true.
#[must_use]
pub fn write(message: &Message) -> Vec<u8> {
    match message {
        Message::Request(request) => write_request(request),
        Message::Response(response) => write_response(response),
    }
}

/// The bytes of a request.
#[must_use]
pub fn write_request(request: &Request) -> Vec<u8> {
    let method: String = match request.method() {
        Method::Other(token) => token.chars().filter(|c| u8::try_from(*c).is_ok_and(grammar::is_token_byte)).collect(),
        known => known.as_str().to_owned(),
    };
    let start = format!("{method} {} SIP/2.0", request.uri());
    write_parts(&start, request.headers().iter(), request.body())
}

/// The bytes of a response.
#[must_use]
pub fn write_response(response: &Response) -> Vec<u8> {
    let start = format!("SIP/2.0 {} {}", response.status(), response.reason());
    write_parts(&start, response.headers().iter(), response.body())
}

fn write_parts<'a>(start: &str, headers: impl Iterator<Item = (&'a str, &'a str)>, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512 + body.len());
    bytes.extend_from_slice(start.as_bytes());
    bytes.extend_from_slice(b"\r\n");
    for (name, value) in headers {
        if name.eq_ignore_ascii_case("Content-Length") || !grammar::is_token(name) {
            continue;
        }
        for part in [name, ": ", value, "\r\n"] {
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

#[cfg(test)]
mod tests;
