//! RTP packets on the wire (RFC 3550 §5.1): what of a packet we use, and the packets we send.

use rtp_types::{RtpPacket, RtpPacketBuilder};
use thiserror::Error;

/// The longest datagram that is looked at. 160 ms of G.711 with a full header stay below it.
pub const MAX_PACKET_BYTES: usize = 1500;

/// The header fields that a packet of ours carries; no CSRC, no extension, no padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Payload type, 0–127.
    pub payload_type: u8,
    /// First packet of a talk spurt or of an event.
    pub marker: bool,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp of the first sample, 8 kHz.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

/// A packet that was received and understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its header.
    pub header: Header,
    /// Its payload, without padding.
    pub payload: &'a [u8],
}

/// Why a datagram is not an RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PacketError {
    /// Longer than [`MAX_PACKET_BYTES`].
    #[error("datagram too long")]
    TooLong,
    /// Not version 2, truncated, or with padding that does not fit.
    #[error("not an RTP packet")]
    Malformed,
    /// An RTCP packet on the RTP port (RFC 5761 §4).
    #[error("an RTCP packet")]
    Rtcp,
}

/// Reads one datagram.
///
/// # Errors
/// [`PacketError`] when the datagram is no RTP packet; it is then to be dropped.
pub fn read(bytes: &[u8]) -> Result<Packet<'_>, PacketError> {
    if bytes.len() > MAX_PACKET_BYTES {
        return Err(PacketError::TooLong);
    }
    if looks_like_rtcp(bytes) {
        return Err(PacketError::Rtcp);
    }
    let packet = RtpPacket::parse(bytes).map_err(|_| PacketError::Malformed)?;
    let header = Header {
        payload_type: packet.payload_type(),
        marker: packet.marker_bit(),
        sequence: packet.sequence_number(),
        timestamp: packet.timestamp(),
        ssrc: packet.ssrc(),
    };
    let start = packet.payload_offset();
    let end = start + packet.payload_len();
    Ok(Packet { header, payload: bytes.get(start..end).ok_or(PacketError::Malformed)? })
}

/// The bytes of one packet. A payload type above 127 is taken modulo 128.
#[must_use]
pub fn write(header: Header, payload: &[u8]) -> Vec<u8> {
    let builder: RtpPacketBuilder<&[u8], &[u8]> = RtpPacketBuilder::new()
        .payload_type(header.payload_type & 0x7f)
        .marker_bit(header.marker)
        .sequence_number(header.sequence)
        .timestamp(header.timestamp)
        .ssrc(header.ssrc)
        .payload(payload);
    // The writer refuses only payload types, CSRC counts, extensions and paddings that do not occur here.
    builder.write_vec().unwrap_or_default()
}

/// Packet types 192–223 (with what would be the marker bit) belong to RTCP where both share a port (RFC 5761 §4).
fn looks_like_rtcp(bytes: &[u8]) -> bool {
    bytes.get(1).is_some_and(|second| (192..=223).contains(second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    const HEADER: Header = Header { payload_type: 8, marker: true, sequence: 65535, timestamp: 0xffff_ff00, ssrc: 0xdead_beef };

    #[test]
    fn what_is_written_is_read_again() {
        let bytes = write(HEADER, &[1, 2, 3]);
        assert_eq!(bytes.len(), 15);
        assert_eq!(read(&bytes), Ok(Packet { header: HEADER, payload: &[1, 2, 3] }));
    }

    #[test]
    fn csrc_extension_and_padding_are_skipped() {
        let mut bytes = vec![0xb1, 8, 0, 1, 0, 0, 0, 160, 0, 0, 0, 9];
        bytes.extend([0, 0, 0, 7]); // one CSRC
        bytes.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]); // an extension of one word
        bytes.extend([0xd5, 0xd5, 0, 2]); // two samples, two bytes of padding
        assert_eq!(read(&bytes).map(|p| p.payload.to_vec()), Ok(vec![0xd5, 0xd5]));
    }

    #[test]
    fn rtcp_on_the_rtp_port_is_told_apart() {
        assert_eq!(read(&[0x80, 200, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0]), Err(PacketError::Rtcp));
    }

    #[test]
    fn no_bytes_make_the_reader_panic() {
        let mut rng = Rng::from_seed(1);
        let whole = write(HEADER, &[0xd5; 160]);
        for _ in 0..50_000 {
            let mut bytes = whole.clone();
            bytes.truncate(usize::try_from(rng.below(176)).unwrap());
            for _ in 0..rng.below(6) {
                let at = usize::try_from(rng.below(20)).unwrap();
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = u8::try_from(rng.below(256)).unwrap();
                }
            }
            if let Ok(packet) = read(&bytes) {
                assert!(packet.payload.len() <= bytes.len() - 12);
            }
        }
        assert_eq!(read(&[0x80; 1501]), Err(PacketError::TooLong));
    }
}
