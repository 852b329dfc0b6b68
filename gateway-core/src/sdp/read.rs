//! Reading a description tolerantly, for what one audio stream needs (RFC 8866).

use std::borrow::Cow;
use std::net::IpAddr;

use sdp_types::{Attribute, Connection, Media, Session};

use super::{Codec, CryptoLine, Direction, SdpError};

/// The most streams a description may have.
const MAX_STREAMS: usize = 32;

/// The most keys that are read of a stream.
const MAX_CRYPTO_LINES: usize = 16;

/// The largest description read, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// A description, as far as a telephone gateway cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Every `m=` line, in order.
    pub streams: Vec<Stream>,
}

/// One `m=` line and what belongs to it, session-level values included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// `audio`, `video`, …
    pub media: String,
    /// Port; 0 refuses or removes the stream.
    pub port: u16,
    /// `RTP/AVP` and others.
    pub proto: String,
    /// The formats, as they stood.
    pub formats: String,
    /// Where the peer receives; `None` for a host name.
    pub address: Option<IpAddr>,
    /// Direction as seen by whoever wrote the description.
    pub direction: Direction,
    /// Our codecs among the formats with their payload types, in their order.
    pub codecs: Vec<(u8, Codec)>,
    /// Payload type of `telephone-event/8000`.
    pub telephone_event: Option<u8>,
    /// Packet time the writer likes to receive, in ms.
    pub ptime_ms: Option<u16>,
    /// Longest packet time the writer can receive, in ms.
    pub maxptime_ms: Option<u16>,
    /// RTCP port and address where they are not the usual ones (RFC 3605).
    pub rtcp: Option<(u16, Option<IpAddr>)>,
    /// The lines with keys for SRTP that can be used here, in their order.
    pub crypto: Vec<CryptoLine>,
}

impl Stream {
    /// Whether this is an audio stream over RTP that is not refused.
    #[must_use]
    pub fn is_usable_audio(&self) -> bool {
        let over_rtp = self.is_secure() || matches!(self.proto.as_str(), "RTP/AVP" | "RTP/AVPF");
        self.media.eq_ignore_ascii_case("audio") && self.port != 0 && over_rtp
    }

    /// Whether it is over SRTP and nothing else (RFC 4568 §3.1).
    #[must_use]
    pub fn is_secure(&self) -> bool {
        matches!(self.proto.as_str(), "RTP/SAVP" | "RTP/SAVPF")
    }

    /// The payload types in their order; other formats are left out.
    pub fn payload_types(&self) -> impl Iterator<Item = u8> {
        self.formats.split_ascii_whitespace().filter_map(|format| format.parse().ok()).filter(|payload_type| *payload_type < 128)
    }
}

/// Reads a description.
///
/// Lines that mean nothing here are skipped unread, `o=` lines with spaces in the user name are mended, and text that
/// is no UTF-8 is read as Latin-1.
///
/// # Errors
/// [`SdpError::Malformed`] when what is left is no SDP, or larger than anything a telephone sends.
pub fn parse(bytes: &[u8]) -> Result<Description, SdpError> {
    if bytes.len() > MAX_BYTES {
        return Err(SdpError::Malformed);
    }
    let session = Session::parse(&mend(bytes)).map_err(|_| SdpError::Malformed)?;
    if session.medias.len() > MAX_STREAMS {
        return Err(SdpError::Malformed);
    }
    Ok(Description { streams: session.medias.iter().map(|media| stream(&session, media)).collect() })
}

/// The lines that are read here, in a form that the parser takes.
fn mend(bytes: &[u8]) -> Vec<u8> {
    let mut mended = Vec::with_capacity(bytes.len() + 16);
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        let Some((kind @ (b'v' | b'o' | b's' | b'c' | b't' | b'm' | b'a'), [b'=', value @ ..])) = line.split_first() else {
            continue;
        };
        if value.contains(&b'\r') || value.contains(&0) {
            continue;
        }
        let text = match std::str::from_utf8(value) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(value.iter().copied().map(char::from).collect()),
        };
        let text = match kind {
            b'o' => mend_origin(&text),
            // Nothing here looks at the time, and some peers write nonsense.
            b't' => "0 0".to_owned(),
            _ => text.into_owned(),
        };
        mended.push(*kind);
        mended.push(b'=');
        mended.extend_from_slice(text.as_bytes());
        mended.extend_from_slice(b"\r\n");
    }
    mended
}

/// `o=` with exactly six fields: spaces in the user name become underscores, a version beyond 64 bits becomes 0.
fn mend_origin(value: &str) -> String {
    let mut words: Vec<&str> = value.split_ascii_whitespace().collect();
    let tail = words.split_off(words.len().saturating_sub(5));
    let [id, version, nettype, addrtype, address] = tail.as_slice() else { return value.to_owned() };
    let user = if words.is_empty() { "-".to_owned() } else { words.join("_") };
    let version = version.parse::<u64>().unwrap_or(0);
    format!("{user} {id} {version} {nettype} {addrtype} {address}")
}

fn stream(session: &Session, media: &Media) -> Stream {
    let mut stream = Stream {
        media: media.media.clone(),
        port: media.port,
        proto: media.proto.clone(),
        formats: media.fmt.clone(),
        address: media.connections.first().or(session.connection.as_ref()).and_then(address),
        direction: direction(&media.attributes).or_else(|| direction(&session.attributes)).unwrap_or_default(),
        codecs: Vec::new(),
        telephone_event: None,
        ptime_ms: number(media, "ptime").or_else(|| first(&session.attributes, "ptime").and_then(milliseconds)),
        maxptime_ms: number(media, "maxptime"),
        rtcp: first(&media.attributes, "rtcp").and_then(rtcp),
        crypto: crypto_lines(media),
    };
    for payload_type in stream.payload_types().collect::<Vec<u8>>() {
        match encoding(media, payload_type) {
            Some(Encoding::Codec(codec)) => stream.codecs.push((payload_type, codec)),
            Some(Encoding::TelephoneEvent) if stream.telephone_event.is_none() => stream.telephone_event = Some(payload_type),
            Some(Encoding::TelephoneEvent) | None => {}
        }
    }
    stream
}

fn crypto_lines(media: &Media) -> Vec<CryptoLine> {
    let lines = media.attributes.iter().filter(|attribute| attribute.attribute.eq_ignore_ascii_case("crypto"));
    lines.filter_map(|attribute| CryptoLine::parse(attribute.value.as_deref()?)).take(MAX_CRYPTO_LINES).collect()
}

/// What a payload type carries, of what is understood here.
enum Encoding {
    Codec(Codec),
    TelephoneEvent,
}

/// The encoding by `rtpmap`, or else by the static table of RFC 3551.
fn encoding(media: &Media, payload_type: u8) -> Option<Encoding> {
    let maps = media.attributes.iter().filter(|attribute| attribute.attribute.eq_ignore_ascii_case("rtpmap"));
    let mut maps = maps.filter_map(|attribute| attribute.value.as_deref()?.trim().split_once(|c: char| c.is_ascii_whitespace()));
    let Some((_, map)) = maps.find(|(number, _)| number.parse() == Ok(payload_type)) else {
        let codec = [Codec::Pcma, Codec::Pcmu].into_iter().find(|codec| codec.static_payload_type() == payload_type)?;
        return Some(Encoding::Codec(codec));
    };
    let mut parts = map.trim().split('/');
    let (name, rate, channels) = (parts.next()?, parts.next()?, parts.next().unwrap_or("1"));
    if rate.trim() != "8000" || channels.trim() != "1" {
        return None;
    }
    match name.to_ascii_uppercase().as_str() {
        "PCMA" => Some(Encoding::Codec(Codec::Pcma)),
        "PCMU" => Some(Encoding::Codec(Codec::Pcmu)),
        "TELEPHONE-EVENT" => Some(Encoding::TelephoneEvent),
        _ => None,
    }
}

fn address(connection: &Connection) -> Option<IpAddr> {
    connection.try_address().ok().map(|address| address.ip).filter(|ip| !ip.is_multicast())
}

fn direction(attributes: &[Attribute]) -> Option<Direction> {
    let all = [Direction::Sendrecv, Direction::Sendonly, Direction::Recvonly, Direction::Inactive];
    attributes.iter().find_map(|attribute| all.into_iter().find(|direction| attribute.attribute.eq_ignore_ascii_case(direction.as_str())))
}

fn first<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|attribute| attribute.attribute.eq_ignore_ascii_case(name))?.value.as_deref()
}

fn number(media: &Media, name: &str) -> Option<u16> {
    first(&media.attributes, name).and_then(milliseconds)
}

/// A whole number of ms; the fraction that RFC 8866 once allowed is dropped.
fn milliseconds(text: &str) -> Option<u16> {
    text.trim().split('.').next()?.parse().ok()
}

/// `port [IN IP4 address]` (RFC 3605 §2.1).
fn rtcp(value: &str) -> Option<(u16, Option<IpAddr>)> {
    let mut words = value.split_ascii_whitespace();
    let port = words.next()?.parse().ok().filter(|port| *port != 0)?;
    Some((port, words.nth(2).and_then(|address| address.parse().ok())))
}
