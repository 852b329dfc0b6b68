//! Offers and answers as real peers write them.

use super::*;
use crate::rng::Rng;
use crate::sdp::OwnKeys;

fn local() -> LocalMedia {
    LocalMedia { session_id: 77, session_version: 3, ..LocalMedia::plain("192.0.2.10:16400".parse().unwrap()) }
}

fn described(media: &str) -> Vec<u8> {
    format!("v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n{media}").into_bytes()
}

fn answered(media: &str) -> (String, Agreed) {
    let (bytes, agreed) = answer(&local(), &described(media)).unwrap();
    (String::from_utf8(bytes).unwrap(), agreed)
}

fn refusal(media: &str) -> SdpError {
    answer(&local(), &described(media)).unwrap_err()
}

#[test]
fn our_offer_stands_byte_for_byte() {
    assert_eq!(
        String::from_utf8(offer(&local())).unwrap(),
        "v=0\r\no=- 77 3 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 16400 RTP/AVP 8 0 101\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    );
}

#[test]
fn an_answer_takes_one_codec_and_the_event_number_of_the_offer() {
    let (text, agreed) = answered("m=audio 40000 RTP/AVP 0 8 96\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\na=ptime:30\r\n");
    assert_eq!(
        text,
        "v=0\r\no=- 77 3 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 16400 RTP/AVP 8 96\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    );
    let plain = Agreed::plain("198.51.100.1:40000".parse().unwrap(), Codec::Pcma);
    assert_eq!(plain.remote_rtcp, "198.51.100.1:40001".parse().unwrap());
    assert_eq!(agreed, Agreed { telephone_event: Some(96), ptime_ms: 30, ..plain });
}

#[test]
fn other_streams_are_refused_in_their_place() {
    let (text, agreed) = answered(
        "m=image 6000 udptl t38\r\nm=audio 0 RTP/AVP 8\r\nm=audio 40002 RTP/SAVP 8\r\nm=audio 40004 RTP/AVP 18 0\r\nm=video 40006 RTP/AVP 31\r\n",
    );
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(
        lines,
        ["m=image 0 udptl t38", "m=audio 0 RTP/AVP 8", "m=audio 0 RTP/SAVP 8", "m=audio 16400 RTP/AVP 0", "m=video 0 RTP/AVP 31"]
    );
    assert_eq!((agreed.codec, agreed.telephone_event), (Codec::Pcmu, None));
    assert!(!text.contains("telephone-event"));
}

#[test]
fn hold_is_mirrored_in_all_its_spellings() {
    let direction = |media: &str| answered(media).1.direction;
    assert_eq!(direction("m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n"), Direction::Recvonly);
    assert_eq!(direction("m=audio 4000 RTP/AVP 8\r\na=recvonly\r\n"), Direction::Sendonly);
    assert_eq!(direction("m=audio 4000 RTP/AVP 8\r\na=inactive\r\n"), Direction::Inactive);
    assert_eq!(direction("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\n"), Direction::Recvonly);
    assert_eq!(direction("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n"), Direction::Inactive);
    assert_eq!(direction("a=sendonly\r\nm=audio 4000 RTP/AVP 8\r\n"), Direction::Recvonly);
    assert_eq!(direction("a=sendonly\r\nm=audio 4000 RTP/AVP 8\r\na=sendrecv\r\n"), Direction::Sendrecv);
    assert!(answered("m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n").0.ends_with("a=recvonly\r\n"));
}

#[test]
fn payload_types_mean_what_the_map_says() {
    let (text, agreed) = answered("m=audio 4000 RTP/AVP 97 8\r\na=rtpmap:97 pcma/8000/1\r\na=rtpmap:8 G729/8000\r\n");
    assert_eq!((agreed.payload_type, agreed.codec), (97, Codec::Pcma));
    assert!(text.contains("m=audio 16400 RTP/AVP 97\r\na=rtpmap:97 PCMA/8000\r\n"));
    assert_eq!(refusal("m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 PCMA/16000\r\n"), SdpError::NoCommonCodec);
}

#[test]
fn rtcp_goes_where_the_peer_says() {
    let rtcp = |line: &str| answered(&format!("m=audio 4000 RTP/AVP 8\r\n{line}\r\n")).1.remote_rtcp.to_string();
    assert_eq!(rtcp("a=rtcp:5555"), "198.51.100.1:5555");
    assert_eq!(rtcp("a=rtcp:5555 IN IP4 198.51.100.9"), "198.51.100.9:5555");
    assert_eq!(rtcp("a=rtcp:none"), "198.51.100.1:4001");
}

#[test]
fn packet_time_follows_the_peer_within_reason() {
    let ptime = |lines: &str| answered(&format!("m=audio 4000 RTP/AVP 8\r\n{lines}")).1.ptime_ms;
    assert_eq!(ptime("a=ptime:10\r\n"), 10);
    assert_eq!(ptime("a=ptime:200\r\n"), 20);
    assert_eq!(ptime("a=ptime:0\r\n"), 20);
    assert_eq!(ptime("a=ptime:60\r\na=maxptime:45\r\n"), 40);
    assert_eq!(ptime("a=maxptime:0\r\n"), 20);
    assert_eq!(ptime("a=maxptime:15\r\n"), 10);
}

#[test]
fn rtcp_on_the_port_of_rtp_is_declined_and_stays_on_its_own() {
    // Without the attribute in the answer both sides keep to two ports (RFC 5761 §5.1.1).
    let (text, agreed) = answered("m=audio 4000 RTP/AVP 8\r\na=rtcp-mux\r\n");
    assert!(!text.contains("rtcp-mux"));
    assert_eq!(agreed.remote_rtcp, "198.51.100.1:4001".parse().unwrap());
}

#[test]
fn of_two_audio_streams_the_first_is_taken_and_a_later_offer_keeps_their_places() {
    let two = "m=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 8\r\n";
    let (text, agreed) = answered(two);
    assert_eq!((agreed.remote.port(), agreed.codec), (4000, Codec::Pcmu));
    assert!(text.contains("m=audio 16400 RTP/AVP 0\r\n") && text.contains("m=audio 0 RTP/AVP 8\r\n"), "{text}");
    let removed = "m=audio 0 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 8\r\nm=video 4004 RTP/AVP 31\r\n";
    let (text, agreed) = answered(removed);
    assert_eq!((agreed.remote.port(), agreed.codec), (4002, Codec::Pcma));
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(lines, ["m=audio 0 RTP/AVP 0", "m=audio 16400 RTP/AVP 8", "m=video 0 RTP/AVP 31"]);
}

#[test]
fn telephone_events_of_another_clock_are_left_out_and_a_static_type_needs_no_map() {
    let (text, agreed) =
        answered("m=audio 4000 RTP/AVP 102 101 0\r\na=rtpmap:102 telephone-event/48000\r\na=rtpmap:101 telephone-event/8000\r\n");
    assert_eq!((agreed.codec, agreed.payload_type, agreed.telephone_event), (Codec::Pcmu, 0, Some(101)));
    assert!(text.contains("m=audio 16400 RTP/AVP 0 101\r\n"), "{text}");
    // A dynamic type without a map means nothing.
    assert_eq!(refusal("m=audio 4000 RTP/AVP 96\r\n"), SdpError::NoCommonCodec);
}

#[test]
fn ipv6_is_spoken_and_families_are_not_mixed() {
    let six = LocalMedia { address: "[2001:db8::1]:16400".parse().unwrap(), ..local() };
    let offered = offer(&six);
    assert!(String::from_utf8(offered.clone()).unwrap().contains("c=IN IP6 2001:db8::1\r\n"));
    let other = LocalMedia { address: "[2001:db8::2]:30000".parse().unwrap(), ..local() };
    let (answer_bytes, agreed) = answer(&other, &offered).unwrap();
    assert_eq!(agreed.remote, six.address);
    assert_eq!(accept(&six, &answer_bytes).unwrap().remote, other.address);
    assert_eq!(answer(&local(), &offered), Err(SdpError::NoAddress));
}

#[test]
fn an_answer_to_our_offer_tells_what_to_send() {
    let agreed = accept(&local(), &described("m=audio 4000 RTP/AVP 0 101\r\na=ptime:20\r\n")).unwrap();
    assert_eq!((agreed.codec, agreed.payload_type, agreed.telephone_event), (Codec::Pcmu, 0, Some(101)));
    assert_eq!(accept(&local(), &described("m=audio 0 RTP/AVP 8\r\n")), Err(SdpError::NoAudio));
    assert_eq!(accept(&local(), &described("m=audio 4000 RTP/AVP 18\r\n")), Err(SdpError::NoCommonCodec));
}

#[test]
fn odd_but_understandable_descriptions_are_understood() {
    for text in [
        "v=0\r\no=Cisco SIP UA 8.5 1 2 IN IP4 10.0.0.1\r\ns=SIP Call\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n",
        "v=0\no=- 99999999999999999999 99999999999999999999 IN IP4 10.0.0.1\ns=-\nc=IN IP4 10.0.0.1\nt=0 0\nm=audio 4000 RTP/AVP 8",
        "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 8\r\n",
        "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=\r\nc=IN IP4 10.0.0.1\r\nb=AS:many\r\nt=never\r\nk=\r\nx=y\r\nm=audio 4000 RTP/AVP 8\r\ni=\r\nfoo\r\n\r\n",
        "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 x\r\nc=IN IP4 10.0.0.1\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x|2^204\r\n",
    ] {
        let agreed = answer(&local(), text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}")).1;
        assert_eq!(agreed.remote, "10.0.0.1:4000".parse().unwrap());
    }
    let latin_1 =
        [&b"v=0\r\no=Jos\xe9 1 1 IN IP4 10.0.0.1\r\ns=\xe3\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"[..]].concat();
    assert!(answer(&local(), &latin_1).is_ok());
}

#[test]
fn what_leads_to_no_call_says_why() {
    assert_eq!(answer(&local(), b""), Err(SdpError::Malformed));
    assert_eq!(answer(&local(), b"<audio>\r\n"), Err(SdpError::Malformed));
    assert_eq!(refusal(""), SdpError::NoAudio);
    assert_eq!(refusal("m=video 4000 RTP/AVP 31\r\n"), SdpError::NoAudio);
    assert_eq!(refusal("m=audio 4000 RTP/SAVP 8\r\n"), SdpError::NotSecured);
    assert_eq!(refusal("m=audio 4000 UDP/TLS/RTP/SAVP 8\r\n"), SdpError::NoAudio);
    assert_eq!(refusal("m=audio 4000 RTP/AVP 18 101\r\na=rtpmap:101 telephone-event/8000\r\n"), SdpError::NoCommonCodec);
    assert_eq!(refusal("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 phone.example\r\n"), SdpError::NoAddress);
    assert_eq!(refusal("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 224.2.1.1/127\r\n"), SdpError::NoAddress);
    assert_eq!(refusal("m=audio 99999 RTP/AVP 8\r\n"), SdpError::Malformed);
    assert_eq!(refusal(&"m=video 4000 RTP/AVP 31\r\n".repeat(33)), SdpError::Malformed);
}

#[test]
fn whatever_is_answered_is_itself_sound_and_agrees() {
    let base = described(
        "m=audio 40000 RTP/AVP 0 8 96\r\na=rtpmap:96 telephone-event/8000\r\na=ptime:20\r\na=rtcp:40001 IN IP4 198.51.100.1\r\nm=video 0 RTP/AVP 31\r\n",
    );
    let mut rng = crate::rng::Rng::from_seed(3264);
    let mut agreements = 0;
    for _ in 0..20_000 {
        let mut bytes = base.clone();
        for _ in 0..=rng.below(4) {
            let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            match rng.below(3) {
                0 => bytes[at] = u8::try_from(rng.below(256)).unwrap(),
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"\r\n =:/09\0\xff"[usize::try_from(rng.below(10)).unwrap()]),
            }
        }
        let Ok((answer_bytes, agreed)) = answer(&local(), &bytes) else { continue };
        agreements += 1;
        let seen = parse(&answer_bytes).unwrap();
        assert_eq!(seen.streams.len(), parse(&bytes).unwrap().streams.len());
        let audio = seen.streams.iter().find(|stream| stream.is_usable_audio()).unwrap();
        assert_eq!(audio.codecs, [(agreed.payload_type, agreed.codec)]);
        assert_eq!(audio.telephone_event, agreed.telephone_event);
        assert_eq!(audio.direction, agreed.direction);
    }
    assert!(agreements > 5_000, "{agreements}");
}

fn secured(srtp: SrtpUse) -> LocalMedia {
    LocalMedia { srtp, keys: OwnKeys::draw(srtp, &mut Rng::from_seed(1)), ..local() }
}

const KEY: &str = "inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR";

/// What comes of an offer with these streams: protocol and keys of the answer, or why there is none.
fn answer_to(srtp: SrtpUse, streams: &str) -> Result<(String, bool), SdpError> {
    let (text, agreed) = answer(&secured(srtp), &described(streams))?;
    let text = String::from_utf8(text).unwrap();
    let taken = text.lines().find(|line| line.starts_with("m=audio") && !line.starts_with("m=audio 0")).unwrap();
    assert_eq!(text.contains("a=crypto:"), agreed.srtp.is_some(), "{text}");
    Ok((taken.split(' ').nth(2).unwrap().to_owned(), agreed.srtp.is_some()))
}

#[test]
fn an_offer_is_secured_as_both_sides_want_it() {
    use SrtpUse::{Mandatory, Off, Preferred};
    let plain = "m=audio 40000 RTP/AVP 8\r\n";
    let opportunistic = format!("{plain}a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}\r\n");
    let secure = opportunistic.replace("AVP", "SAVP");
    let unknown = "m=audio 40000 RTP/SAVP 8\r\na=crypto:1 F8_128_HMAC_SHA1_80 inline:AAAA\r\n";
    let of = |srtp, streams: &str| answer_to(srtp, streams);
    let sealed = |proto: &str| Ok((proto.to_owned(), true));
    let open = Ok(("RTP/AVP".to_owned(), false));
    assert_eq!([of(Off, plain), of(Off, &opportunistic), of(Off, &secure)], [open.clone(), open.clone(), Err(SdpError::NotSecured)]);
    assert_eq!(
        [of(Preferred, plain), of(Preferred, &opportunistic), of(Preferred, &secure), of(Preferred, unknown)],
        [open.clone(), sealed("RTP/AVP"), sealed("RTP/SAVP"), Err(SdpError::NotSecured)]
    );
    assert_eq!(
        [of(Mandatory, plain), of(Mandatory, &opportunistic), of(Mandatory, &secure), of(Mandatory, unknown)],
        [Err(SdpError::NotSecured), sealed("RTP/AVP"), sealed("RTP/SAVP"), Err(SdpError::NotSecured)]
    );
    let both = format!("{plain}{secure}");
    assert_eq!([of(Off, &both), of(Preferred, &both)], [open, sealed("RTP/SAVP")], "of two streams the secured one is better");
}

#[test]
fn an_answer_repeats_the_tag_and_gives_our_key() {
    let lines = format!("a=crypto:1 F8_128_HMAC_SHA1_80 {KEY}\r\na=crypto:7 AES_CM_128_HMAC_SHA1_32 {KEY}\r\n");
    let offer = described(&format!("m=audio 40000 RTP/SAVP 8\r\n{lines}"));
    let (text, agreed) = answer(&secured(SrtpUse::Preferred), &offer).unwrap();
    let (text, srtp) = (String::from_utf8(text).unwrap(), agreed.srtp.unwrap());
    assert!(text.contains("a=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:") && !text.contains(KEY), "{text}");
    assert_eq!(srtp.receiving.suite(), srtp.sending.suite());
    assert_ne!(srtp.receiving.key(), srtp.sending.key());
}

#[test]
fn two_of_us_agree_on_the_same_keys_crosswise() {
    for (ours, theirs) in [(SrtpUse::Preferred, SrtpUse::Mandatory), (SrtpUse::Mandatory, SrtpUse::Preferred)] {
        let caller = secured(ours);
        let called = LocalMedia { keys: OwnKeys::draw(theirs, &mut Rng::from_seed(2)), ..secured(theirs) };
        let (text, agreed_there) = answer(&called, &offer(&caller)).unwrap();
        let (here, there) = (accept(&caller, &text).unwrap().srtp.unwrap(), agreed_there.srtp.unwrap());
        assert_eq!((here.sending, here.receiving), (there.receiving, there.sending));
    }
}

#[test]
fn an_answer_is_taken_only_as_secured_as_it_has_to_be() {
    let plain = described("m=audio 40000 RTP/AVP 8\r\n");
    let keyed = |tag: u8, suite: &str| described(&format!("m=audio 40000 RTP/SAVP 8\r\na=crypto:{tag} {suite} {KEY}\r\n"));
    let good = keyed(1, "AES_CM_128_HMAC_SHA1_80");
    let sealed = |srtp, answer: &[u8]| accept(&secured(srtp), answer).map(|agreed| agreed.srtp.is_some());
    assert_eq!(sealed(SrtpUse::Off, &plain), Ok(false));
    assert_eq!(sealed(SrtpUse::Off, &good), Err(SdpError::NotSecured));
    assert_eq!([sealed(SrtpUse::Preferred, &plain), sealed(SrtpUse::Preferred, &good)], [Ok(false), Ok(true)]);
    assert_eq!([sealed(SrtpUse::Mandatory, &plain), sealed(SrtpUse::Mandatory, &good)], [Err(SdpError::NotSecured), Ok(true)]);
    for other in [keyed(2, "AES_CM_128_HMAC_SHA1_80"), keyed(1, "AES_CM_128_HMAC_SHA1_32"), keyed(9, "AES_CM_128_HMAC_SHA1_80")] {
        assert_eq!(sealed(SrtpUse::Mandatory, &other), Err(SdpError::NotSecured), "nothing that we offered");
    }
}
