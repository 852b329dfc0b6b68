use super::*;

const PEER: ([u8; 4], u16) = ([192, 0, 2, 10], 5060);

fn passage(direction: SipDirection, at_ms: u64) -> SipPassage {
    SipPassage { direction, transport: Transport::Udp, peer: PEER.into(), at: Moment::from_millis(at_ms) }
}

fn request(method: &str, call_id: &str) -> String {
    format!(
        "{method} sip:100@gw SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK{method}\r\nFrom: \"Ana\" <sip:200@pbx>;tag=1\r\nTo: sip:100@gw;tag=2\r\n\
         Call-ID: {call_id}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    )
}

fn response(line: &str, call_id: &str) -> String {
    request("INVITE", call_id).replace("INVITE sip:100@gw SIP/2.0", &format!("SIP/2.0 {line}"))
}

fn keep(ring: &mut SipRing, direction: SipDirection, at_ms: u64, text: &str) {
    ring.keep(passage(direction, at_ms), MaskedCopy::of(text.as_bytes()).unwrap(), None);
}

fn all(ring: &SipRing) -> SipTrace {
    ring.answer(SipTraceQuery::default()).decoded()
}

fn owner(call_id: &str, port: u16, call: Option<&str>) -> SipOwner {
    SipOwner { call_id: call_id.to_owned(), port: PortId(port), call: call.map(str::to_owned) }
}

#[test]
fn a_message_says_what_it_is_whose_it_is_and_which_way_it_went() {
    let mut ring = SipRing::default();
    keep(&mut ring, SipDirection::In, 10, &request("INVITE", "a@b"));
    ring.belongs(owner("a@b", 1, Some("00ff")));
    keep(&mut ring, SipDirection::Out, 12, &response("486 Busy Here", "a@b"));
    let trace = all(&ring);
    let [invite, busy] = trace.messages.as_slice() else { panic!("{trace:?}") };
    assert_eq!((invite.title(), busy.title(), busy.method.as_str()), ("INVITE".to_owned(), "486 Busy Here".to_owned(), "INVITE"));
    assert_eq!((invite.from.as_str(), invite.to.as_str(), invite.call_id.as_str()), ("sip:200@pbx", "sip:100@gw", "a@b"));
    assert_eq!((invite.peer.as_str(), invite.at_ms, invite.direction), ("192.0.2.10:5060", 10, SipDirection::In));
    for message in [invite, busy] {
        assert_eq!((message.port, message.call.as_deref(), message.cut_bytes), (Some(PortId(1)), Some("00ff"), 0));
    }
    assert_eq!(invite.text, request("INVITE", "a@b"));
}

#[test]
fn who_asks_for_what_is_new_is_told_whose_the_old_messages_are() {
    let mut ring = SipRing::default();
    keep(&mut ring, SipDirection::In, 0, &request("INVITE", "a"));
    keep(&mut ring, SipDirection::Out, 0, &response("401 Unauthorized", "a"));
    let first = all(&ring);
    assert_eq!((first.messages.len(), first.messages[0].port), (2, None));
    ring.belongs(owner("a", 0, Some("x")));
    let news = ring.answer(SipTraceQuery { after: Some(1), owners_after: Some(first.owners_told) }).decoded();
    assert_eq!((news.messages.len(), news.owners.as_slice()), (0, &[owner("a", 0, Some("x"))][..]));
    let again = SipTraceQuery { after: Some(1), owners_after: Some(news.owners_told) };
    assert!(ring.answer(again).decoded().owners.is_empty(), "it is told once");
    keep(&mut ring, SipDirection::In, 0, &request("INVITE", "b"));
    ring.belongs(owner("b", 1, None));
    let news = ring.answer(again).decoded();
    assert_eq!((news.messages[0].port, news.owners.len()), (Some(PortId(1)), 0), "a new message says it itself");
}

#[test]
fn a_message_that_passes_again_is_told_to_be_a_retransmission_of_the_first() {
    let mut ring = SipRing::default();
    keep(&mut ring, SipDirection::In, 0, &request("INVITE", "a"));
    keep(&mut ring, SipDirection::Out, 1, &response("180 Ringing", "a"));
    keep(&mut ring, SipDirection::In, 500, &request("INVITE", "a"));
    keep(&mut ring, SipDirection::In, 1500, &request("INVITE", "a"));
    keep(&mut ring, SipDirection::Out, 1500, &request("INVITE", "a"));
    let elsewhere = SipPassage { peer: ([192, 0, 2, 11], 5060).into(), ..passage(SipDirection::In, 1600) };
    ring.keep(elsewhere, MaskedCopy::of(request("INVITE", "a").as_bytes()).unwrap(), None);
    let repeats: Vec<_> = all(&ring).messages.iter().map(|message| message.repeats).collect();
    assert_eq!(repeats, [None, None, Some(0), Some(0), None, None]);
}

#[test]
fn the_oldest_of_too_many_messages_go_and_are_counted() {
    let mut ring = SipRing::default();
    for n in 0..MOST_MESSAGES + 3 {
        keep(&mut ring, SipDirection::In, 0, &request("OPTIONS", &n.to_string()));
    }
    let trace = all(&ring);
    assert_eq!((trace.messages.len(), trace.gone, trace.messages[0].number), (MOST_MESSAGES, 3, 3));
    let newer = ring.answer(SipTraceQuery { after: Some(512), owners_after: None }).decoded();
    assert_eq!(newer.messages.iter().map(|message| message.number).collect::<Vec<_>>(), [513, 514]);
}

#[test]
fn the_oldest_of_too_many_bytes_go_however_few_messages_those_are() {
    let mut ring = SipRing::default();
    for n in 0..300 {
        keep(&mut ring, SipDirection::In, 0, &format!("{}{}", request("MESSAGE", &n.to_string()), "x\r\n".repeat(2600)));
    }
    assert!(ring.bytes <= MOST_BYTES && ring.bytes > MOST_BYTES - MOST_MESSAGE_BYTES, "{}", ring.bytes);
    assert_eq!(ring.bytes, ring.messages.iter().map(|kept| kept.copy.bytes.len()).sum::<usize>());
    assert_eq!(u64::try_from(ring.messages.len()).unwrap() + all(&ring).gone, 300);
}

#[test]
fn a_long_message_is_cut_at_a_line_and_says_how_much_is_missing() {
    let mut ring = SipRing::default();
    let long =
        format!("{}X: {}\r\nAuthorization: Digest response=\"0123456789\"\r\n", request("INFO", "a"), "y".repeat(MOST_MESSAGE_BYTES));
    keep(&mut ring, SipDirection::In, 0, &long);
    keep(&mut ring, SipDirection::In, 0, &"z".repeat(20_000));
    let trace = all(&ring);
    assert_eq!(trace.messages[0].text, request("INFO", "a"));
    assert_eq!(trace.messages[0].cut_bytes, u64::try_from(long.len() - request("INFO", "a").len()).unwrap());
    assert_eq!((trace.messages[1].text.as_str(), trace.messages[1].cut_bytes), ("", 20_000));
}

#[test]
fn what_is_no_sip_is_kept_with_the_reason_and_keep_alives_are_not() {
    let mut ring = SipRing::default();
    let why = SipDrop::Malformed { defect: "not SIP".to_owned() };
    for junk in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\xff\xfe\x00x", b"SIP/2.0 2x0 OK\r\n", b"INVITE"] {
        ring.keep(passage(SipDirection::In, 0), MaskedCopy::of(junk).unwrap(), Some(why.clone()));
    }
    let trace = all(&ring);
    assert!(trace.messages.iter().all(|message| message.dropped.as_ref() == Some(&why) && message.method.is_empty()), "{trace:?}");
    assert_eq!(trace.messages[1].text, "ÿþ\0x");
    for keep_alive in [&b"\r\n\r\n"[..], b"", b"\0\0"] {
        assert!(MaskedCopy::of(keep_alive).is_none());
    }
}

#[test]
fn no_secret_is_in_what_is_kept() {
    let mut ring = SipRing::default();
    let digest = "8ca523f5e9506fed4657c9700eebdbec";
    let credentials = format!("Authorization: Digest username=\"line1\", realm=\"loopstart\", response=\"{digest}\"\r\nContent-Length");
    keep(&mut ring, SipDirection::Out, 0, &request("REGISTER", "a").replace("Content-Length", &credentials));
    assert!(!ring.messages[0].copy.bytes.windows(digest.len()).any(|bytes| bytes == digest.as_bytes()));
    let told = serde_json::to_string(&all(&ring)).unwrap();
    assert!(!told.contains(digest) && told.contains("line1") && told.contains(&"*".repeat(32)), "{told}");
}
