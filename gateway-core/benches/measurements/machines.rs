//! The machines by themselves: parsing, digest, and the audio of one port, in nanoseconds.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use gateway_core::config::settings::{PortSettings, Secret};
use gateway_core::dsp::babble::Babble;
use gateway_core::dsp::{FRAME_MS, Frame};
use gateway_core::gateway::plan;
use gateway_core::media::{Channel, Ear, MediaCommand, MediaPlan};
use gateway_core::rng::Rng;
use gateway_core::sdp::{Agreed, Codec};
use gateway_core::sip::digest::{Algorithm, Challenge, Credentials, Verdict, Verifier};
use gateway_core::sip::message::{Message, Method, Request, Response};
use gateway_core::sip::wire;
use gateway_core::time::Moment;
use md5::{Digest as _, Md5};
use rsip::headers::untyped::ToTypedHeader as _;
use rsip::message::HeadersExt as _;

use super::processor::{middle, nanos_per};
use super::table::Table;

/// A telephone's INVITE with its offer, as common ones send it.
const INVITE: &str = "INVITE sip:32345678@192.0.2.10:5060 SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.33:5062;branch=z9hG4bK1727310581;rport\r\n\
Route: <sip:192.0.2.10:5060;lr>\r\n\
From: \"Front desk\" <sip:line1@192.0.2.10:5060>;tag=1408512374\r\n\
To: <sip:32345678@192.0.2.10:5060>\r\n\
Call-ID: 5_2163471220@192.0.2.33\r\n\
CSeq: 1 INVITE\r\n\
Contact: <sip:line1@192.0.2.33:5062>\r\n\
Content-Type: application/sdp\r\n\
Allow: INVITE, INFO, PRACK, ACK, BYE, CANCEL, OPTIONS, NOTIFY, REGISTER, SUBSCRIBE, REFER, PUBLISH, UPDATE, MESSAGE\r\n\
Max-Forwards: 70\r\n\
User-Agent: Telephone T4x 66.86.0.15\r\n\
Allow-Events: talk,hold,conference,refer,check-sync\r\n\
Supported: replaces\r\n\
Content-Length: 278\r\n\
\r\n\
v=0\r\n\
o=- 20001 20001 IN IP4 192.0.2.33\r\n\
s=SDP data\r\n\
c=IN IP4 192.0.2.33\r\n\
t=0 0\r\n\
m=audio 11780 RTP/AVP 0 8 18 9 101\r\n\
a=rtpmap:0 PCMU/8000\r\n\
a=rtpmap:8 PCMA/8000\r\n\
a=rtpmap:18 G729/8000\r\n\
a=fmtp:18 annexb=no\r\n\
a=rtpmap:9 G722/8000\r\n\
a=fmtp:101 0-15\r\n\
a=rtpmap:101 telephone-event/8000\r\n";

/// Answers to one challenge that are checked, with counters that go up.
const ANSWERS: usize = 10_000;

/// Answers that are timed together.
const ANSWERS_A_BATCH: usize = 100;

/// Frames of speech that go round.
const SPEECH_FRAMES: usize = 250;

/// Speech on the line and in RTP, on average, in dBm0.
const SPEECH_DBM0: f32 = -20.0;

pub fn measure(table: &mut Table) {
    parse(table);
    digest(table);
    frames(table);
}

fn nanos(nanos: f64) -> String {
    if nanos >= 10_000.0 { format!("{:.1} µs", nanos / 1000.0) } else { format!("{nanos:.0} ns") }
}

fn parse(table: &mut Table) {
    let bytes = INVITE.as_bytes();
    let ours = nanos_per(|| {
        black_box(wire::read(black_box(bytes)).unwrap());
    });
    let theirs = nanos_per(|| {
        black_box(rsip::SipMessage::try_from(black_box(bytes)).unwrap());
    });
    let what = format!("parse an INVITE of {} bytes", bytes.len());
    table.row(&what, nanos(ours), format!("rsip {}", nanos(theirs)), ours / theirs);

    let ours = nanos_per(|| {
        let Ok(Message::Request(request)) = wire::read(black_box(bytes)) else { panic!("no request") };
        black_box((request.top_via().unwrap(), request.from().unwrap(), request.to().unwrap(), request.cseq().unwrap()));
    });
    let theirs = nanos_per(|| {
        let request = rsip::Request::try_from(black_box(bytes)).unwrap();
        let (via, cseq) = (request.via_header().unwrap().typed().unwrap(), request.cseq_header().unwrap().typed().unwrap());
        let (from, to) = (request.from_header().unwrap().clone().typed().unwrap(), request.to_header().unwrap().clone().typed().unwrap());
        black_box((via, from, to, cseq));
    });
    table.row("  with Via, From, To and CSeq understood", nanos(ours), format!("rsip {}", nanos(theirs)), ours / theirs);
}

fn digest(table: &mut Table) {
    let source = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 33));
    let mut rng = Rng::from_seed(1);
    let credentials = Credentials { user: "line1".to_owned(), secret: Secret("mX9w-Tr4v-Qz7k-1".to_owned()) };
    let Ok(Message::Request(invite)) = wire::read(INVITE.as_bytes()) else { panic!("no request") };
    let mut verifier = Verifier::new("loopstart", &[Algorithm::Md5], &mut rng);
    let now = Moment::from_secs(10);
    // Each answer is checked once, as it is in life.
    let answered = answers(&mut verifier, source, &invite, &credentials, &mut rng, now);
    let batch = |requests: &[Request]| {
        let began = Instant::now();
        for request in requests {
            let verdict = verifier.check(black_box(request), source, Some(&credentials), now);
            assert_eq!(verdict, Verdict::Granted);
        }
        began.elapsed().as_nanos() as f64 / requests.len() as f64
    };
    let check = middle(answered.chunks(ANSWERS_A_BATCH).map(batch).collect());
    let hashes = nanos_per(|| {
        for text in ["line1:loopstart:mX9w-Tr4v-Qz7k-1", "INVITE:sip:32345678@192.0.2.10:5060", INVITE.get(..180).unwrap()] {
            black_box(Md5::digest(black_box(text)));
        }
    });
    table.row("check a digest (MD5, qop=auth)", nanos(check), format!("its three MD5 alone {}", nanos(hashes)), check / hashes);
}

/// Requests that answer one fresh challenge.
fn answers(
    verifier: &mut Verifier,
    source: IpAddr,
    invite: &Request,
    credentials: &Credentials,
    rng: &mut Rng,
    now: Moment,
) -> Vec<Request> {
    let mut unauthorized = Response::new(401);
    for value in verifier.challenges(source, false, now) {
        unauthorized.headers_mut().push("WWW-Authenticate", value);
    }
    let mut challenge = Challenge::all(&unauthorized).remove(0);
    let answered = (0..ANSWERS).map(|_| {
        let mut request = invite.clone();
        let value = challenge.answer(credentials, &Method::Invite, invite.uri(), rng);
        request.headers_mut().push(challenge.header_name(), value);
        request
    });
    answered.collect()
}

/// The audio of one port in a call: an RTP packet in, 20 ms of the line in, an RTP packet and 20 ms for the line out.
fn frames(table: &mut Table) {
    let budget = FRAME_MS as f64 * 1e6;
    for (what, ear, attached) in [("channel frame in a call", Ear::OffHook, true), ("channel frame of an idle line", Ear::OnHook, false)] {
        let spent = frame_nanos(ear, attached);
        let lines = format!("{:.0} lines a processor", budget / spent);
        table.row(what, format!("{}, {lines}", nanos(spent)), format!("{FRAME_MS} ms"), spent / budget);
    }
}

fn frame_nanos(ear: Ear, attached: bool) -> f64 {
    let peer = SocketAddr::from(([192, 0, 2, 33], 4000));
    let mut channel = Channel::new(plan::media_config(&PortSettings::default(), plan::country("BR")));
    let (mut out, mut now) = (Vec::with_capacity(16), Moment::from_millis(20));
    channel.command(MediaCommand::Listen(ear), now, &mut out);
    if attached {
        channel.command(MediaCommand::Attach(Box::new(media_plan(peer))), now, &mut out);
    }
    let speech = speech(2);
    let packets: Vec<Vec<u8>> = speech_packets();
    let mut number = 0_usize;
    let spent = nanos_per(|| {
        let mut packet = packets[number % SPEECH_FRAMES].clone();
        packet[2..4].copy_from_slice(&((number & 0xffff) as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&((number.wrapping_mul(160) & 0xffff_ffff) as u32).to_be_bytes());
        channel.packet(&packet, peer, now, &mut out);
        channel.line_frame(&speech[number % SPEECH_FRAMES], now, &mut out);
        black_box(channel.to_line(now));
        out.clear();
        number += 1;
        now = now + Duration::from_millis(FRAME_MS);
    });
    let meter = channel.meter();
    assert_eq!(attached, meter.sent > 1000 && meter.received > 1000 && meter.lost == 0, "{meter:?}");
    spent
}

fn speech(seed: u64) -> Vec<Frame> {
    let mut babble = Babble::new(Rng::from_seed(seed), SPEECH_DBM0);
    let frame = || {
        let mut frame = Frame::SILENCE;
        babble.fill(&mut frame.0);
        frame
    };
    std::iter::repeat_with(frame).take(SPEECH_FRAMES).collect()
}

fn speech_packets() -> Vec<Vec<u8>> {
    let packet = |frame: &Frame| {
        let mut packet = vec![0x80, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        packet.extend(frame.0.iter().map(|&sample| gateway_core::dsp::g711::alaw_encode(sample)));
        packet
    };
    speech(1).iter().map(packet).collect()
}

fn media_plan(remote: SocketAddr) -> MediaPlan {
    MediaPlan::new(Agreed::plain(remote, Codec::Pcma), 7, "bench")
}
