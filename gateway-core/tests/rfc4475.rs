//! The torture messages of RFC 4475 against the wire reader and the typed headers.
//!
//! The 49 messages are not part of this repository: they are looked for in `shared/data/rfc4475` beside it, and the test says
//! so when they are absent.

#![allow(clippy::unwrap_used, clippy::panic, reason = "everything here is a test")]

use std::path::{Path, PathBuf};

use gateway_core::rng::Rng;
use gateway_core::sip::digest::{Verdict, Verifier};
use gateway_core::sip::message::{HeaderError, Message, Method, NameAddr, Request, Response, Uri};
use gateway_core::sip::wire::{self, Defect};
use gateway_core::time::Moment;

/// What must become of a message.
enum Expected {
    /// A request that is read, with these values.
    Request(fn(&Request)),
    /// A response that is read, with these values.
    Response(fn(&Response)),
    /// Refused for this reason and answered with this status.
    Refused(u16, Defect),
    /// Refused for this reason and not answered.
    Dropped(Defect),
}

use Expected::{Dropped, Refused, Request as Read, Response as ReadResponse};

/// Every message, in the order of the RFC.
fn table() -> Vec<(&'static str, Expected)> {
    let mut table = valid_messages();
    table.extend(invalid_messages());
    table.extend(application_messages());
    table
}

/// RFC 4475 §3.1.1: unusual and valid.
fn valid_messages() -> Vec<(&'static str, Expected)> {
    vec![
        ("wsinv", Read(wsinv)),
        ("intmeth", Read(intmeth)),
        ("esc01", Read(esc01)),
        ("escnull", Read(escnull)),
        ("esc02", Read(esc02)),
        (
            "lwsdisp",
            Read(|request| {
                assert_eq!(address(request.from()), (Some("caller".into()), "sip:caller@example.com".into(), Some("323".into())));
            }),
        ),
        ("longreq", Read(longreq)),
        (
            "dblreq",
            Read(|request| {
                assert_eq!(request.method(), &Method::Register);
                assert_eq!((request.call_id(), request.body()), (Ok("dblreq.0ha0isndaksdj99sdfafnl3lk233412"), &[][..]));
            }),
        ),
        (
            "semiuri",
            Read(|request| {
                let uri = Uri::parse(request.uri()).unwrap();
                assert_eq!((uri.user.as_deref(), uri.host.as_str()), (Some("user;par=u@example.net"), "example.com"));
                assert_eq!(request.headers().list("Accept").count(), 6);
            }),
        ),
        (
            "transports",
            Read(|request| {
                let transports: Vec<_> = request.headers().all("Via").map(|hop| hop.split(['/', ' ']).nth(2).unwrap()).collect();
                assert_eq!(transports, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
            }),
        ),
        (
            "mpart01",
            Read(|request| {
                assert_eq!((request.method(), request.body().len()), (&Method::Message, 553));
                assert_eq!(request.content_type().as_deref(), Some("multipart/mixed"));
                assert_eq!(request.top_via().unwrap().rport, Some(None));
            }),
        ),
        (
            "unreason",
            ReadResponse(|response| {
                assert_eq!(response.status(), 200);
                assert!(response.reason().starts_with("= 2**3 * 5**2 но сто"));
                assert_eq!(response.body().len(), 154);
            }),
        ),
        ("noreason", ReadResponse(|response| assert_eq!((response.status(), response.reason()), (100, "")))),
    ]
}

/// RFC 4475 §3.1.2: broken. Some are understood without doubt and tolerated, as the RFC allows.
fn invalid_messages() -> Vec<(&'static str, Expected)> {
    vec![
        ("badinv01", Refused(400, Defect::Header(HeaderError::Malformed("Via")))),
        ("clerr", Refused(400, Defect::ContentLength)),
        ("ncl", Refused(400, Defect::ContentLength)),
        ("scalar02", Refused(400, Defect::Header(HeaderError::Malformed("CSeq")))),
        ("scalarlg", Dropped(Defect::Header(HeaderError::Malformed("CSeq")))),
        ("quotbal", Refused(400, Defect::Header(HeaderError::Malformed("To")))),
        ("ltgtruri", Refused(400, Defect::RequestUri)),
        ("lwsruri", Refused(400, Defect::RequestUri)),
        ("lwsstart", Read(|request| assert_eq!(request.uri(), "sip:user@example.com"))),
        ("trws", Read(|request| assert_eq!(request.uri(), "sip:remote-target@example.com"))),
        ("escruri", Refused(400, Defect::RequestUri)),
        ("baddate", Read(|request| assert_eq!(request.headers().get("date"), Some("Fri, 01 Jan 2010 16:00:00 EST")))),
        ("regbadct", Read(|request| assert_eq!(request.contacts(), Err(HeaderError::Malformed("Contact"))))),
        ("badaspec", Read(|request| assert_eq!(request.to().unwrap().uri, "sip:t.watson@example.org"))),
        ("baddn", Read(|request| assert_eq!(request.from().unwrap().display.as_deref(), Some("Bell, Alexander")))),
        ("badvers", Refused(505, Defect::Version)),
        ("mismatch01", Refused(400, Defect::CSeqMethod)),
        ("mismatch02", Refused(400, Defect::CSeqMethod)),
        ("bigcode", Dropped(Defect::StartLine)),
    ]
}

/// RFC 4475 §3.2–§3.4: sound on the wire, for the layers above to judge; or not answerable for.
fn application_messages() -> Vec<(&'static str, Expected)> {
    vec![
        ("badbranch", Read(|request| assert!(!request.top_via().unwrap().has_rfc3261_branch()))),
        ("insuf", Refused(400, Defect::Header(HeaderError::Missing("From")))),
        ("unkscm", Read(|request| assert_eq!(request.uri(), "nobodyKnowsThisScheme:totallyopaquecontent"))),
        ("novelsc", Read(|request| assert_eq!(Uri::parse(request.uri()).unwrap().scheme, "soap.beep"))),
        ("unksm2", Read(|request| assert_eq!(request.to().unwrap().uri, "isbn:2983792873"))),
        (
            "bext01",
            Read(|request| {
                let required: Vec<_> = request.headers().list("Require").collect();
                assert_eq!(required, ["nothingSupportsThis", "nothingSupportsThisEither"]);
            }),
        ),
        ("invut", Read(|request| assert_eq!(request.content_type().as_deref(), Some("application/unknownformat")))),
        ("regaut01", Read(regaut01)),
        ("multi01", Refused(400, Defect::Repeated("CSeq"))),
        ("mcl01", Refused(400, Defect::ContentLength)),
        ("bcast", ReadResponse(|response| assert_eq!(response.headers().all("Via").count(), 2))),
        ("zeromf", Read(|request| assert_eq!(request.max_forwards(), Ok(Some(0))))),
        (
            "cparam01",
            Read(|request| {
                let contact = request.contacts().unwrap().remove(0);
                assert_eq!((contact.uri.as_str(), contact.params.get("unknownparam")), ("sip:+19725552222@gw1.example.net", Some(None)));
            }),
        ),
        (
            "cparam02",
            Read(|request| {
                let contact = request.contacts().unwrap().remove(0);
                assert!(Uri::parse(&contact.uri).unwrap().params.has("unknownparam") && contact.params.is_empty());
            }),
        ),
        (
            "regescrt",
            Read(|request| {
                let contact = request.contacts().unwrap().remove(0);
                assert_eq!(Uri::parse(&contact.uri).unwrap().headers.as_deref(), Some("Route=%3Csip:sip.example.com%3E"));
            }),
        ),
        ("sdp01", Read(|request| assert_eq!(request.headers().get("Accept"), Some("text/nobodyKnowsThis")))),
        (
            "inv2543",
            Read(|request| {
                assert_eq!((request.from().unwrap().tag(), request.top_via().unwrap().branch), (None, None));
                assert!(request.body().ends_with(b"m=audio 49217 RTP/AVP 0\r\n"));
            }),
        ),
    ]
}

fn wsinv(request: &Request) {
    assert_eq!(request.uri(), "sip:vivekg@chair-dnrc.example.com;unknownparam");
    assert_eq!(address(request.to()), (None, "sip:vivekg@chair-dnrc.example.com".into(), Some("1918181833n".into())));
    assert_eq!(address(request.from()), (Some("J Rosenberg \\\"".into()), "sip:jdrosen@example.com".into(), Some("98asjd8".into())));
    assert_eq!((request.max_forwards(), request.cseq().unwrap().number), (Ok(Some(68)), 9));
    assert_eq!(request.headers().all("Via").count(), 3);
    let top = request.top_via().unwrap();
    assert_eq!((top.host.as_str(), top.branch.as_deref()), ("192.0.2.2", Some("390skdjuw")));
    assert_eq!(request.headers().get("NewFangledHeader"), Some("newfangled value continued newfangled value"));
    assert_eq!(request.headers().get("Subject"), Some(""));
    assert_eq!(request.headers().get("UnknownHeaderWithUnusualValue"), Some(";;,,;;,;"));
    let contact = request.contacts().unwrap().remove(0);
    assert_eq!((contact.display.as_deref(), contact.param("q")), (Some("Quoted string \"\""), Some("0.33")));
    assert_eq!(request.body().len(), 150);
}

fn intmeth(request: &Request) {
    let method = "!interesting-Method0123456789_*+`.%indeed'~";
    assert_eq!(request.method(), &Method::Other(method.into()));
    assert_eq!(request.cseq().unwrap().method.as_str(), method);
    let uri = Uri::parse(request.uri()).unwrap();
    assert_eq!(uri.raw_user.as_deref(), Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"));
    assert_eq!(uri.password.as_deref(), Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"));
    assert_eq!(request.to().unwrap().display.as_deref(), Some("BEL:\u{7} NUL:\0 DEL:\u{7f}"));
    assert_eq!(request.from().unwrap().tag(), Some("_token~1'+`*%!-."));
    assert_eq!(request.call_id(), Ok(r#"intmeth.word%ZK-!.*_+'@word`~)(><:\/"][?}{"#));
    assert_eq!(request.headers().get("extensionHeader-!.%*+_`'~"), Some("\u{feff}大停電"));
}

fn esc01(request: &Request) {
    assert_eq!(request.uri(), "sip:sips%3Auser%40example.com@example.net");
    assert_eq!(Uri::parse(request.uri()).unwrap().user.as_deref(), Some("sips:user@example.com"));
    assert_eq!(Uri::parse(&request.to().unwrap().uri).unwrap().user.as_deref(), Some("user"));
    assert_eq!(Uri::parse(&request.from().unwrap().uri).unwrap().user.as_deref(), Some("I have spaces"));
    assert_eq!(request.contacts().unwrap()[0].uri, "sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31");
}

fn escnull(request: &Request) {
    let contacts = request.contacts().unwrap();
    assert_eq!(contacts.len(), 2);
    assert_eq!(Uri::parse(&contacts[1].uri).unwrap().user.as_deref(), Some("\0\0"));
    assert_eq!(Uri::parse(&request.to().unwrap().uri).unwrap().user.as_deref(), Some("null-\0-null"));
}

fn esc02(request: &Request) {
    assert_eq!(request.method(), &Method::Other("RE%47IST%45R".into()));
    assert_eq!(request.from().unwrap().display.as_deref(), Some("%Z%45"));
    assert_eq!(request.contacts().unwrap().len(), 2);
    assert_eq!(request.headers().get("C%6Fntact"), Some("<sip:alias2@host2.example.com>"));
    assert_eq!(request.top_via().unwrap().branch.as_deref(), Some("z9hG4bK209%fzsnel234"));
}

fn longreq(request: &Request) {
    assert_eq!(Uri::parse(&request.to().unwrap().uri).unwrap().port, Some(6000));
    assert!(request.from().unwrap().tag().unwrap().len() > 100);
    assert_eq!(request.headers().all("Via").count(), 34);
    assert_eq!(request.body().len(), 150);
}

fn regaut01(request: &Request) {
    let mut verifier = Verifier::new("example.com", Verifier::STRONGEST, &mut Rng::from_seed(1));
    let verdict = verifier.check(request, "192.0.2.253".parse().unwrap(), None, Moment::ZERO);
    assert_eq!(verdict, Verdict::Challenge { stale: false });
}

/// Display name, URI and tag.
fn address(address: Result<NameAddr, HeaderError>) -> (Option<String>, String, Option<String>) {
    let address = address.unwrap();
    let tag = address.tag().map(str::to_owned);
    (address.display, address.uri, tag)
}

/// The folder with the messages, beside the repository.
fn folder() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().skip(1).map(|folder| folder.join("shared/data/rfc4475")).find(|folder| folder.is_dir())
}

#[allow(clippy::print_stderr, reason = "a skipped test must say so")]
fn messages() -> Option<Vec<(&'static str, Vec<u8>, Expected)>> {
    let Some(folder) = folder() else {
        eprintln!("skipped: no folder shared/data/rfc4475 beside the repository");
        return None;
    };
    let read = |(name, expected)| (name, std::fs::read(folder.join(format!("{name}.dat"))).unwrap(), expected);
    Some(table().into_iter().map(read).collect())
}

/// Reads every typed value there is; nothing may panic.
fn exercise(message: &Message) {
    let headers = match message {
        Message::Request(request) => {
            assert_eq!(request.respond(486).call_id(), request.call_id());
            assert!(Uri::parse(request.uri()).is_ok());
            request.headers()
        }
        Message::Response(response) => response.headers(),
    };
    assert!(headers.top_via().is_ok_and(|via| via.response_address().is_none_or(|address| address.port() > 0)));
    for name in ["From", "To", "Contact", "Route", "Record-Route", "Reply-To"] {
        for address in headers.addresses(name).into_iter().flatten() {
            if let Ok(uri) = Uri::parse(&address.uri) {
                assert!(uri.equivalent(&uri), "{uri}");
            }
        }
    }
    for name in ["Expires", "Retry-After", "Min-Expires"] {
        let _ = headers.seconds(name);
    }
}

#[test]
fn each_torture_message_is_read_refused_or_dropped_as_it_should() {
    let Some(messages) = messages() else { return };
    assert_eq!(messages.len(), 49);
    for (name, bytes, expected) in messages {
        match (wire::read(&bytes), expected) {
            (Ok(message), Expected::Request(check)) => {
                let Message::Request(request) = &message else { panic!("{name}: {message:?}") };
                check(request);
                assert_eq!(wire::read(&wire::write(&message)).as_ref(), Ok(&message), "{name} does not survive the writer");
            }
            (Ok(Message::Response(response)), Expected::Response(check)) => {
                check(&response);
                assert_eq!(wire::read(&wire::write_response(&response)), Ok(response.into()), "{name} does not survive the writer");
            }
            (Err(error), Expected::Refused(status, defect)) => {
                assert_eq!((error.defect, error.status()), (defect, status), "{name}");
                match error.reply {
                    Some(reply) => assert_eq!(reply.status(), status, "{name}"),
                    // Its Via is part of what is broken, so nobody knows where a reply would go.
                    None => assert_eq!(name, "badinv01"),
                }
            }
            (Err(error), Expected::Dropped(defect)) => assert_eq!((error.defect, error.reply), (defect, None), "{name}"),
            (result, _) => panic!("{name}: {result:?}"),
        }
    }
}

#[test]
fn no_mutation_of_a_torture_message_panics_and_what_is_read_survives_the_writer() {
    let Some(messages) = messages() else { return };
    let seeds: Vec<Vec<u8>> = messages.into_iter().map(|(_, bytes, _)| bytes).collect();
    let mut rng = Rng::from_seed(4475);
    let mut pick = |bound: usize| usize::try_from(rng.below(bound as u64)).unwrap();
    let mut read = 0;
    for round in 0..30_000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        for _ in 0..=pick(5) {
            let at = pick(bytes.len());
            match pick(5) {
                0 => bytes[at] = u8::try_from(pick(256)).unwrap(),
                1 if bytes.len() > 1 => drop(bytes.remove(at)),
                1 | 2 => bytes.insert(at, b"\r\n\t <>\";,:@%=\\[]\0\xff/"[pick(19)]),
                3 => {
                    // Splices in a piece of another message.
                    let other = &seeds[pick(seeds.len())];
                    let from = pick(other.len());
                    let piece = other[from..(from + pick(60)).min(other.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
                _ => {
                    let end = (at + pick(40)).min(bytes.len());
                    drop(bytes.drain(at..end));
                }
            }
            if bytes.is_empty() {
                break;
            }
        }
        if let Ok(message) = wire::read(&bytes) {
            read += 1;
            exercise(&message);
            assert_eq!(wire::read(&wire::write(&message)).as_ref(), Ok(&message), "round {round}");
        }
    }
    assert!(read > 3_000, "only {read} of 30000 were read");
}
