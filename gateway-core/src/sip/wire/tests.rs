//! The reader and the writer against each other, byte for byte.

use super::*;

const INVITE: &str = "INVITE sip:*21%23@pbx.example;x=Y SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;rport\r\n\
    Max-Forwards: 70\r\n\
    From: \"Jo\\\"\u{e3}o\" <sip:a@b>;tag=1\r\n\
    To: <sip:100@pbx.example>\r\n\
    Call-ID: x@y\r\n\
    CSeq: 1 INVITE\r\n\
    Content-Type: application/sdp\r\n\
    Content-Length: 5\r\n\
    \r\n\
    v=0\r\n";

fn request(bytes: &[u8]) -> Request {
    match read(bytes) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn defect(bytes: &[u8]) -> Defect {
    read(bytes).unwrap_err().defect
}

#[test]
fn what_is_written_strictly_comes_back_byte_for_byte() {
    assert_eq!(String::from_utf8(write(&read(INVITE.as_bytes()).unwrap())).unwrap(), INVITE);
    let response = "SIP/2.0 200 Tudo certo\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP b\r\nFrom: <sip:a@b>;tag=1\r\n\
        To: <sip:c@d>;tag=2\r\nCall-ID: q\r\nCSeq: 7 BYE\r\nX-Odd: ;;,\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(String::from_utf8(write(&read(response.as_bytes()).unwrap())).unwrap(), response);
}

#[test]
fn compact_names_folding_and_bare_line_feeds_are_read() {
    let text = "\r\n\r\nOPTIONS sip:h SIP/2.0\nv: SIP/2.0/UDP [2001:db8::1]\n ;branch=z9hG4bKq , SIP/2.0/TCP c\nf: <tel:+5511>;tag=1\nt : <sip:h>\ni:1\n\
        CSEQ:2\n\tOPTIONS\nm: <sip:a@b>, <sip:c,d@e>\nl:0\n\n";
    let request = request(text.as_bytes());
    assert_eq!(request.cseq().unwrap().number, 2);
    assert_eq!(request.top_via().unwrap().host, "2001:db8::1");
    assert_eq!(request.headers().all("Via").count(), 2);
    assert_eq!(request.contacts().unwrap().len(), 2);
    assert_eq!(request.from().unwrap().uri, "tel:+5511");
}

#[test]
fn latin_1_names_become_unicode() {
    let bytes: Vec<u8> =
        INVITE.replace("Content-Length: 5", "Content-Length: 0").chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert!(std::str::from_utf8(&bytes).is_err());
    assert_eq!(request(&bytes).from().unwrap().display.as_deref(), Some("Jo\"\u{e3}o"));
}

#[test]
fn the_body_is_what_content_length_says_or_the_rest() {
    let with = |line: &str| INVITE.replace("Content-Length: 5\r\n", line).into_bytes();
    assert_eq!(request(&with("")).body(), b"v=0\r\n");
    assert_eq!(request(&with("l: 3\r\n")).body(), b"v=0");
    assert_eq!(request(&with("l: 3\r\nContent-Length: 3\r\n")).body(), b"v=0");
    for wrong in ["l: 6\r\n", "l: -1\r\n", "l: 18446744073709551616\r\n", "l: 3\r\nl: 4\r\n", "l: \r\n", "l: 3, 3\r\n"] {
        let error = read(&with(wrong)).unwrap_err();
        assert_eq!((error.defect, error.status()), (Defect::ContentLength, 400), "{wrong}");
        assert_eq!(error.reply.unwrap().call_id(), Ok("x@y"));
    }
}

#[test]
fn raw_uri_text_survives() {
    assert_eq!(request(INVITE.as_bytes()).uri(), "sip:*21%23@pbx.example;x=Y");
}

#[test]
fn unknown_methods_and_schemes_are_messages_like_any_other() {
    let text = INVITE.replace("INVITE", "FROB").replace("sip:*21%23@pbx.example;x=Y", "urn:service:sos");
    let request = request(text.as_bytes());
    assert_eq!(request.method(), &Method::Other("FROB".into()));
    assert_eq!(request.uri(), "urn:service:sos");
}

#[test]
fn size_and_count_are_bounded() {
    let big = INVITE.replace("Max-Forwards", &format!("X: {}\r\nMax-Forwards", "y".repeat(MAX_HEAD)));
    let error = read(big.as_bytes()).unwrap_err();
    assert_eq!((error.defect, error.status()), (Defect::TooLarge, 513));
    let many = INVITE.replace("Content-Type", &format!("{}Content-Type", "X: y\r\n".repeat(MAX_HEADERS)));
    let error = read(many.as_bytes()).unwrap_err();
    assert_eq!(error.defect, Defect::TooLarge);
    assert_eq!(error.reply.unwrap().status(), 513);
    let hops = INVITE.replace(";rport", &",SIP/2.0/UDP a".repeat(MAX_HEADERS));
    assert_eq!(defect(hops.as_bytes()), Defect::TooLarge);
    let mut long = INVITE.replace("Content-Length: 5\r\n", "").into_bytes();
    long.resize(MAX_MESSAGE + 1, b'x');
    assert_eq!(defect(&long), Defect::TooLarge);
}

#[test]
fn strangers_and_keep_alives_get_no_answer() {
    for (bytes, expected) in [
        (&b""[..], Defect::KeepAlive),
        (b"\r\n\r\n", Defect::KeepAlive),
        (b"\0\0\0\0", Defect::KeepAlive),
        (b"GET / HTTP/1.1\r\nVia: SIP/2.0/UDP a\r\n\r\n", Defect::NotSip),
        (b"\x80\x81\x82", Defect::Truncated),
        (b"SIP/2.0 4294967301 x\r\nVia: SIP/2.0/UDP a\r\n\r\n", Defect::StartLine),
    ] {
        let error = read(bytes).unwrap_err();
        assert_eq!((error.defect, error.reply), (expected, None));
    }
    let ack = INVITE.replace("INVITE", "ACK").replace("Content-Length: 5", "Content-Length: 6");
    assert_eq!(read(ack.as_bytes()).unwrap_err().reply, None);
}

#[test]
fn what_cannot_be_answered_for_is_refused_with_the_headers_that_were_there() {
    let broken = |from: &str, to: &str| read(INVITE.replace(from, to).as_bytes()).unwrap_err();
    assert_eq!(broken("SIP/2.0\r\nVia", "SIP/3.0\r\nVia").status(), 505);
    assert_eq!(broken("CSeq: 1 INVITE", "CSeq: 1 BYE").defect, Defect::CSeqMethod);
    assert_eq!(broken("CSeq: 1 INVITE\r\n", "").defect, Defect::Header(HeaderError::Missing("CSeq")));
    assert_eq!(broken("Call-ID: x@y\r\n", "Call-ID: x@y\r\ni: z\r\n").defect, Defect::Repeated("Call-ID"));
    assert_eq!(broken("Max-Forwards: 70\r\n", "Max-Forwards 70\r\n").defect, Defect::HeaderLine);
    assert_eq!(broken("Max-Forwards: 70\r\n", "Max-Forwards: 7\r0\r\n").defect, Defect::HeaderLine);
    assert_eq!(broken("pbx.example;x=Y", "pbx.example; x=Y").defect, Defect::RequestUri);
    assert_eq!(broken("pbx.example;x=Y", "pbx.example?To=x").defect, Defect::RequestUri);
    let error = broken("Max-Forwards: 70", "Max-Forwards: many");
    let reply = error.reply.unwrap();
    assert_eq!((reply.status(), reply.headers().get("CSeq")), (400, Some("1 INVITE")));
}

#[test]
fn a_forged_method_or_header_name_cannot_break_the_line() {
    let mut request = Request::new(Method::Other("X\r\nY: z".into()), "sip:a b\r\n@c");
    request.headers_mut().push("Evil\r\nName", "v");
    request.headers_mut().push("Content-Length", "99");
    assert_eq!(write_request(&request), b"XYz sip:a%20b%0D%0A@c SIP/2.0\r\nContent-Length: 0\r\n\r\n");
}

#[test]
fn no_mutation_of_a_message_makes_the_reader_panic() {
    let mut rng = crate::rng::Rng::from_seed(4475);
    let mut refused = 0;
    for round in 0..20_000 {
        let mut bytes = INVITE.as_bytes().to_vec();
        for _ in 0..=rng.below(6) {
            let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            match rng.below(4) {
                0 => bytes[at] = u8::try_from(rng.below(256)).unwrap(),
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"\r\n <>\";,:@%=\0\xff/"[usize::try_from(rng.below(15)).unwrap()]),
                _ => bytes.truncate(at.max(1)),
            }
            if bytes.is_empty() {
                break;
            }
        }
        match read(&bytes) {
            Ok(message) => {
                let again = read(&write(&message)).unwrap_or_else(|error| panic!("round {round}: {error}: {message:?}"));
                assert_eq!(again, message, "round {round}");
            }
            Err(_) => refused += 1,
        }
    }
    assert!((2_000..19_000).contains(&refused), "{refused}");
}
