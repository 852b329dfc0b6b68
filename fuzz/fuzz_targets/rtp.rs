//! Any datagrams on the RTP and RTCP ports of a call, in any order: never a panic, and never more sound than a frame.
#![no_main]

use gateway_core::config::country;
use gateway_core::config::settings::PortSettings;
use gateway_core::dsp::Frame;
use gateway_core::gateway::plan;
use gateway_core::media::{Channel, MediaCommand, MediaPlan};
use gateway_core::sdp::{Agreed, Codec, Direction};
use gateway_core::time::Moment;
use libfuzzer_sys::fuzz_target;

fn plan() -> MediaPlan {
    let (remote, remote_rtcp) = (([192, 0, 2, 1], 4000).into(), ([192, 0, 2, 1], 4001).into());
    let agreed = Agreed {
        remote,
        remote_rtcp,
        codec: Codec::Pcma,
        payload_type: 8,
        telephone_event: Some(101),
        ptime_ms: 20,
        direction: Direction::Sendrecv,
        srtp: None,
    };
    MediaPlan { agreed, signalling: None, ssrc: 1, first_sequence: 0, first_timestamp: 0, cname: String::new() }
}

fuzz_target!(|datagrams: Vec<(bool, u8, Vec<u8>)>| {
    let mut channel = Channel::new(plan::media_config(&PortSettings::default(), country::brazil()));
    let (mut now, mut out) = (Moment::ZERO, Vec::new());
    channel.command(MediaCommand::Attach(Box::new(plan())), now, &mut out);
    for (rtcp, wait, bytes) in datagrams.iter().take(64) {
        if *rtcp {
            channel.rtcp(bytes, ([192, 0, 2, 1], 4001).into(), now, &mut out);
        } else {
            channel.packet(bytes, ([192, 0, 2, 1], 4000).into(), now, &mut out);
        }
        for _ in 0..wait % 8 {
            now = Moment::from_millis(now.as_millis() + 20);
            channel.line_frame(&Frame::SILENCE, now, &mut out);
            let _ = channel.to_line(now);
        }
        out.clear();
    }
});
