//! Offer and answer (RFC 3264) for one audio stream.

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Attribute, Connection, Media, Origin, Session, Time};

use super::read::{Stream, parse};
use super::{Agreed, Codec, CryptoLine, Direction, LocalMedia, SdpError, SrtpKeys, SrtpUse};

/// The telephone events we take: 16 DTMF digits and flash (RFC 4733 §3.2).
const EVENTS: &str = "0-16";

/// Packet times we send with, in ms. Others fall back to our own.
const PTIMES_MS: [u16; 6] = [10, 20, 30, 40, 50, 60];

/// An offer of everything `local` can do.
///
/// Where SRTP is only preferred, the stream is offered as plain RTP with keys: whoever knows them uses them (RFC 8643).
#[must_use]
pub fn offer(local: &LocalMedia) -> Vec<u8> {
    match local.srtp {
        SrtpUse::Off => offer_secured(local, false, &[]),
        SrtpUse::Preferred => offer_secured(local, false, &local.keys.offered()),
        SrtpUse::Mandatory => offer_secured(local, true, &local.keys.offered()),
    }
}

/// A further offer in a call, sealed with the key that it has, or not at all.
#[must_use]
pub fn offer_again(local: &LocalMedia, srtp: Option<&SrtpKeys>) -> Vec<u8> {
    let crypto = srtp.map(|keys| CryptoLine { tag: 1, key: keys.sending.clone() });
    offer_secured(local, srtp.is_some_and(|keys| keys.alone), crypto.as_slice())
}

/// An offer with these keys; `alone`: of sealed audio and nothing else.
fn offer_secured(local: &LocalMedia, alone: bool, crypto: &[CryptoLine]) -> Vec<u8> {
    let formats: Vec<(u8, Codec)> = local.codecs.iter().map(|codec| (codec.static_payload_type(), *codec)).collect();
    let proto = if alone { "RTP/SAVP" } else { "RTP/AVP" };
    let mut session = session(local);
    session.medias.push(audio(local, proto, &formats, Some(local.telephone_event), Direction::Sendrecv, crypto));
    bytes(&session)
}

/// What both sides agreed on by the `answer` to an offer that said again what holds: the key that seals stays what it was.
///
/// # Errors
/// When the answer refuses the stream, chooses nothing that we have, or is not secured as the call is.
pub fn accept_again(local: &LocalMedia, before: &Agreed, answer: &[u8]) -> Result<Agreed, SdpError> {
    let parsed = parse(answer)?;
    let stream = parsed.streams.iter().find(|stream| stream.is_usable_audio()).ok_or(SdpError::NoAudio)?;
    let theirs = |keys: &SrtpKeys| stream.crypto.iter().find(|line| line.key.suite() == keys.sending.suite()).map(|line| line.key.clone());
    let srtp = match &before.srtp {
        None if stream.is_secure() => return Err(SdpError::NotSecured),
        None => None,
        Some(keys) => Some(SrtpKeys { receiving: theirs(keys).ok_or(SdpError::NotSecured)?, ..keys.clone() }),
    };
    chosen_of_answer(local, stream, srtp)
}

/// The answer to `offer`, and what both sides agreed on with it.
///
/// Of the usable audio streams the first secured one is taken where we want that, else the first; with the first of our codecs that it
/// knows. Every other stream is refused in its place. Hold (`sendonly`, `inactive`, an address of all zeros) is mirrored.
///
/// # Errors
/// When there is nothing to agree on; then no answer exists.
pub fn answer(local: &LocalMedia, offer: &[u8]) -> Result<(Vec<u8>, Agreed), SdpError> {
    let offer = parse(offer)?;
    let (at, stream, crypto) = chosen_of_offer(local, &offer.streams)?;
    let chosen = local.codecs.iter().find_map(|codec| stream.codecs.iter().find(|(_, offered)| offered == codec));
    let &(payload_type, codec) = chosen.ok_or(SdpError::NoCommonCodec)?;
    let ours = crypto.and_then(|line| local.keys.answering(line));
    let srtp = crypto.zip(ours.as_ref()).map(|(theirs, ours)| SrtpKeys {
        sending: ours.key.clone(),
        receiving: theirs.key.clone(),
        alone: stream.is_secure(),
    });
    let agreed = Agreed { srtp, ..agree(local, stream, payload_type, codec, stream.telephone_event)? };
    let mut session = session(local);
    for (number, other) in offer.streams.iter().enumerate() {
        session.medias.push(if number == at {
            audio(local, &stream.proto, &[(payload_type, codec)], agreed.telephone_event, agreed.direction, ours.as_slice())
        } else {
            refused(other)
        });
    }
    Ok((bytes(&session), agreed))
}

/// What both sides agreed on by the `answer` to our offer.
///
/// # Errors
/// When the answer refuses the stream, chooses nothing that we offered, or is not secured as we want it.
pub fn accept(local: &LocalMedia, answer: &[u8]) -> Result<Agreed, SdpError> {
    let answer = parse(answer)?;
    let stream = answer.streams.iter().find(|stream| stream.is_usable_audio()).ok_or(SdpError::NoAudio)?;
    let srtp = match local.srtp {
        SrtpUse::Off => None,
        SrtpUse::Preferred | SrtpUse::Mandatory => keys_of_answer(local, stream),
    };
    if srtp.is_none() && (stream.is_secure() || local.srtp == SrtpUse::Mandatory) {
        return Err(SdpError::NotSecured);
    }
    chosen_of_answer(local, stream, srtp)
}

fn chosen_of_answer(local: &LocalMedia, stream: &Stream, srtp: Option<SrtpKeys>) -> Result<Agreed, SdpError> {
    let chosen = stream.codecs.iter().find(|(_, codec)| local.codecs.contains(codec));
    let &(payload_type, codec) = chosen.ok_or(SdpError::NoCommonCodec)?;
    // Some peers repeat our number and forget to say again what it means.
    let repeated = || stream.payload_types().find(|payload_type| *payload_type == local.telephone_event);
    Ok(Agreed { srtp, ..agree(local, stream, payload_type, codec, stream.telephone_event.or_else(repeated))? })
}

/// The stream of an offer that is taken, with its place, and the key that it is secured with.
fn chosen_of_offer<'a>(local: &LocalMedia, streams: &'a [Stream]) -> Result<(usize, &'a Stream, Option<&'a CryptoLine>), SdpError> {
    let usable = || streams.iter().enumerate().filter(|(_, stream)| stream.is_usable_audio());
    let secured = || usable().find_map(|(at, stream)| Some((at, stream, Some(stream.crypto.first()?))));
    let plain = || usable().find(|(_, stream)| !stream.is_secure()).map(|(at, stream)| (at, stream, None));
    let chosen = match local.srtp {
        SrtpUse::Off => plain(),
        SrtpUse::Preferred => secured().or_else(plain),
        SrtpUse::Mandatory => secured(),
    };
    chosen.ok_or_else(|| if usable().next().is_some() { SdpError::NotSecured } else { SdpError::NoAudio })
}

/// The keys of an answer that chose one of the lines we offered.
fn keys_of_answer(local: &LocalMedia, stream: &Stream) -> Option<SrtpKeys> {
    let theirs = stream.crypto.first()?;
    let ours = local.keys.offered().into_iter().find(|ours| ours.tag == theirs.tag && ours.key.suite() == theirs.key.suite())?;
    Some(SrtpKeys { sending: ours.key, receiving: theirs.key.clone(), alone: stream.is_secure() })
}

fn agree(local: &LocalMedia, stream: &Stream, payload_type: u8, codec: Codec, event: Option<u8>) -> Result<Agreed, SdpError> {
    let address = stream.address.ok_or(SdpError::NoAddress)?;
    if address.is_ipv4() != local.address.is_ipv4() && !address.is_unspecified() {
        return Err(SdpError::NoAddress);
    }
    let wanted = stream.direction.mirrored();
    // An address of all zeros is the older way to say hold (RFC 3264 §8.4): nothing can be sent there.
    let direction = Direction::of(wanted.sends() && !address.is_unspecified(), wanted.receives());
    let (rtcp_port, rtcp_address) = stream.rtcp.unwrap_or((stream.port.saturating_add(1), None));
    let asked = stream.ptime_ms.filter(|ptime| PTIMES_MS.contains(ptime));
    let longest = stream.maxptime_ms.filter(|ptime| *ptime >= 10).unwrap_or(u16::MAX);
    Ok(Agreed {
        remote: SocketAddr::new(address, stream.port),
        remote_rtcp: SocketAddr::new(rtcp_address.unwrap_or(address), rtcp_port),
        codec,
        payload_type,
        telephone_event: event.filter(|event| *event != payload_type),
        ptime_ms: asked.unwrap_or(local.ptime_ms).min(longest / 10 * 10),
        direction,
        srtp: None,
    })
}

/// The session level of our descriptions.
fn session(local: &LocalMedia) -> Session {
    let ip: IpAddr = local.address.ip();
    let mut session = Session::new(Origin::with_ip_addr(local.session_id, local.session_version, ip), "-");
    session.connection = Some(Connection::from_ip_addr(ip));
    session.times = vec![Time { start_time: 0, stop_time: 0, repeats: Vec::new() }];
    session
}

fn audio(
    local: &LocalMedia,
    proto: &str,
    formats: &[(u8, Codec)],
    event: Option<u8>,
    direction: Direction,
    crypto: &[CryptoLine],
) -> Media {
    let numbers = formats.iter().map(|(payload_type, _)| *payload_type).chain(event);
    let mut attributes: Vec<Attribute> =
        formats.iter().map(|(number, codec)| attribute("rtpmap", format!("{number} {}/8000", codec.encoding_name()))).collect();
    if let Some(event) = event {
        attributes.push(attribute("rtpmap", format!("{event} telephone-event/8000")));
        attributes.push(attribute("fmtp", format!("{event} {EVENTS}")));
    }
    attributes.push(attribute("ptime", local.ptime_ms.to_string()));
    attributes.extend(crypto.iter().map(|line| attribute("crypto", line.write())));
    attributes.push(Attribute { attribute: direction.as_str().to_owned(), value: None });
    Media { attributes, ..media("audio", local.address.port(), proto, numbers.map(|n| n.to_string()).collect::<Vec<_>>().join(" ")) }
}

/// A stream we do not take, in its place (RFC 3264 §6).
fn refused(stream: &Stream) -> Media {
    media(&stream.media, 0, &stream.proto, stream.formats.clone())
}

fn media(media: &str, port: u16, proto: &str, fmt: String) -> Media {
    Media {
        media: media.to_owned(),
        port,
        num_ports: None,
        proto: proto.to_owned(),
        fmt,
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}

fn attribute(name: &str, value: String) -> Attribute {
    Attribute { attribute: name.to_owned(), value: Some(value) }
}

fn bytes(session: &Session) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory has no way to fail.
    let _ = session.write(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests;
