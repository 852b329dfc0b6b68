//! Any datagrams on the RTP and RTCP ports of a call, in any order: whatever we send meanwhile is sound, and goes to the peer.
//!
//! `r` is RTP, `c` RTCP, `o` RTP of another host; then as many frames of 20 ms pass as the second byte says.

use std::net::SocketAddr;

use gateway_core::config::country;
use gateway_core::config::settings::PortSettings;
use gateway_core::dsp::Frame;
use gateway_core::gateway::plan;
use gateway_core::media::{Channel, MediaCommand, MediaOutput, MediaPlan};
use gateway_core::rtp::{packet, rtcp as reports};
use gateway_core::sdp::{Agreed, Codec};
use gateway_core::time::Moment;

use super::pieces::pieces;

pub fn holds(bytes: &[u8]) {
    let [rtp, rtcp, other]: [SocketAddr; 3] = [([192, 0, 2, 1], 4000).into(), ([192, 0, 2, 1], 4001).into(), ([192, 0, 2, 9], 4000).into()];
    let mut channel = Channel::new(plan::media_config(&PortSettings::default(), country::brazil()));
    let (mut now, mut out) = (Moment::ZERO, Vec::new());
    let plan = MediaPlan::new(Agreed::plain(rtp, Codec::Pcma), 1, "any bytes");
    channel.command(MediaCommand::Attach(Box::new(plan)), now, &mut out);
    for piece in pieces(bytes) {
        packet_holds(piece.bytes);
        match piece.what {
            b'c' => channel.rtcp(piece.bytes, rtcp, now, &mut out),
            b'o' => channel.packet(piece.bytes, other, now, &mut out),
            _ => channel.packet(piece.bytes, rtp, now, &mut out),
        }
        for _ in 0..piece.wait {
            now = Moment::from_millis(now.as_millis() + 20);
            channel.line_frame(&Frame::SILENCE, now, &mut out);
            let _ = channel.to_line(now);
        }
        out.drain(..).for_each(|output| output_holds(output, rtp, rtcp));
    }
}

/// What is read of a packet is what was in it: written again, it is read as the same.
fn packet_holds(bytes: &[u8]) {
    if let Ok(read) = packet::read(bytes) {
        assert!(read.payload.len() + 12 <= bytes.len());
        assert_eq!(packet::read(&packet::write(read.header, read.payload)), Ok(read));
    }
}

fn output_holds(output: MediaOutput, rtp: SocketAddr, rtcp: SocketAddr) {
    match output {
        MediaOutput::Rtp { to, bytes } => {
            assert_eq!(to, rtp, "nobody diverts the sound");
            assert!(packet::read(&bytes).is_ok_and(|packet| packet.header.ssrc == 1 && packet.payload.len() <= 480));
        }
        MediaOutput::Rtcp { to, bytes } => {
            assert_eq!(to, rtcp);
            assert!(reports::read(&bytes, 7).is_ok());
        }
        MediaOutput::Event(_) | MediaOutput::Sound(_) => {}
    }
}
