use super::*;
use crate::rng::Rng;
use crate::sip::message::Method;

struct Phone {
    registrar: Registrar,
    number: u32,
    now: Moment,
}

impl Phone {
    fn new() -> Self {
        Phone { registrar: Registrar::new(Limits::default()), number: 0, now: Moment::ZERO }
    }

    fn source() -> Hop {
        "192.0.2.7:40000".parse().unwrap()
    }

    fn send(&mut self, call_id: &str, number: u32, headers: &[(&str, &str)]) -> Response {
        let mut request = Request::new(Method::Register, "sip:gateway");
        for (name, value) in [("From", "<sip:101@gateway>;tag=f"), ("To", "<sip:101@gateway>"), ("Call-ID", call_id)] {
            request.headers_mut().push(name, value);
        }
        request.headers_mut().push("CSeq", format!("{number} REGISTER"));
        for (name, value) in headers {
            request.headers_mut().push(name, *value);
        }
        self.registrar.register(&request, "101", Self::source(), self.now)
    }

    fn register(&mut self, headers: &[(&str, &str)]) -> Response {
        self.number += 1;
        self.send("call", self.number, headers)
    }

    fn uris(&self) -> Vec<String> {
        self.registrar.contacts("101", self.now).into_iter().map(|binding| binding.uri).collect()
    }
}

fn listed(response: &Response) -> Vec<String> {
    response.headers().list("Contact").map(str::to_owned).collect()
}

#[test]
fn each_contact_has_a_lifetime_of_its_own() {
    let mut phone = Phone::new();
    let response = phone.register(&[
        ("Contact", "<sip:101@192.0.2.7:5060>;expires=120, \"Desk\" <sip:101@192.0.2.8>;q=0.5"),
        ("Contact", "<sip:101@192.0.2.9>;expires=90000"),
        ("Expires", "600"),
    ]);
    assert_eq!(response.status(), 200);
    assert_eq!(
        listed(&response),
        ["<sip:101@192.0.2.7:5060>;expires=120", "<sip:101@192.0.2.8>;q=0.500;expires=600", "<sip:101@192.0.2.9>;expires=3600"]
    );
    assert_eq!(phone.registrar.contacts("101", phone.now)[0].source, Phone::source());
    phone.now = Moment::from_secs(119);
    assert_eq!(phone.uris().len(), 3);
    assert_eq!(phone.registrar.deadline(), Some(Moment::from_secs(120)));
    phone.now = Moment::from_secs(120);
    assert_eq!(phone.uris(), ["sip:101@192.0.2.9", "sip:101@192.0.2.8"]);
    assert_eq!(phone.registrar.handle_timeout(phone.now), Vec::<String>::new());
    phone.now = Moment::from_secs(3600);
    assert_eq!(phone.registrar.handle_timeout(phone.now), ["101"]);
    assert_eq!(phone.registrar.deadline(), None);
    assert_eq!(phone.registrar.users_with_bindings().count(), 0);
}

#[test]
fn a_refresh_keeps_the_place_and_moves_its_end() {
    let mut phone = Phone::new();
    phone.register(&[("Contact", "<sip:101@192.0.2.7:5060;line=a>"), ("Expires", "60")]);
    phone.now = Moment::from_secs(50);
    let response = phone.register(&[("Contact", "<SIP:101@192.0.2.7:5060;line=a>"), ("Expires", "60")]);
    assert_eq!(listed(&response), ["<SIP:101@192.0.2.7:5060;line=a>;expires=60"]);
    let bindings = phone.registrar.contacts("101", phone.now);
    assert_eq!((bindings[0].since, bindings[0].expires_at), (Moment::ZERO, Moment::from_secs(110)));
}

#[test]
fn a_request_without_contact_only_asks() {
    let mut phone = Phone::new();
    phone.register(&[("Contact", "<sip:101@192.0.2.7>")]);
    phone.now = Moment::from_secs(100);
    assert_eq!(listed(&phone.register(&[])), ["<sip:101@192.0.2.7>;expires=3500"]);
    assert_eq!(phone.registrar.users_with_bindings().collect::<Vec<_>>(), [("101", 1)]);
}

#[test]
fn too_short_a_lifetime_is_refused_and_changes_nothing() {
    let mut phone = Phone::new();
    let response = phone.register(&[("Contact", "<sip:101@192.0.2.7>, <sip:101@192.0.2.8>;expires=59")]);
    assert_eq!((response.status(), response.headers().get("Min-Expires")), (423, Some("60")));
    assert!(phone.uris().is_empty());
}

#[test]
fn zero_removes_one_contact_and_the_star_all_of_them() {
    let mut phone = Phone::new();
    phone.register(&[("Contact", "<sip:101@192.0.2.7>, <sip:101@192.0.2.8>, <sip:101@192.0.2.9>")]);
    phone.register(&[("Contact", "<sip:101@192.0.2.8>;expires=0")]);
    assert_eq!(phone.uris(), ["sip:101@192.0.2.7", "sip:101@192.0.2.9"]);
    for (contact, expires) in [("*", "60"), ("*, <sip:101@192.0.2.7>", "0")] {
        assert_eq!(phone.register(&[("Contact", contact), ("Expires", expires)]).status(), 400);
    }
    assert_eq!(phone.register(&[("Contact", "*")]).status(), 400);
    assert_eq!(phone.uris().len(), 2);
    let response = phone.register(&[("Contact", "*"), ("Expires", "0")]);
    assert_eq!((response.status(), listed(&response).len()), (200, 0));
    assert!(phone.uris().is_empty());
}

#[test]
fn an_older_request_of_the_same_client_changes_nothing() {
    let mut phone = Phone::new();
    phone.send("call", 5, &[("Contact", "<sip:101@192.0.2.7>")]);
    for number in [4, 5] {
        assert_eq!(phone.send("call", number, &[("Contact", "<sip:101@192.0.2.7>;expires=0")]).status(), 500);
        assert_eq!(phone.send("call", number, &[("Contact", "*"), ("Expires", "0")]).status(), 500);
    }
    assert_eq!(phone.uris().len(), 1);
    // A phone that was restarted has a new Call-ID and starts to count anew.
    assert_eq!(phone.send("other", 1, &[("Contact", "<sip:101@192.0.2.7>;expires=0")]).status(), 200);
    assert!(phone.uris().is_empty());
}

#[test]
fn the_contact_that_was_not_refreshed_for_longest_makes_room() {
    let mut phone = Phone::new();
    for n in [0, 1, 2, 3, 0, 4, 5, 6, 7, 8, 9, 10] {
        let contact = format!("<sip:101@192.0.2.{n}>;expires={}", 600 - n);
        assert_eq!(phone.register(&[("Contact", &contact)]).status(), 200);
    }
    let uris = phone.uris();
    assert_eq!(uris.len(), 10);
    assert!(uris.contains(&"sip:101@192.0.2.0".to_owned()) && uris.contains(&"sip:101@192.0.2.10".to_owned()));
    assert!(!uris.contains(&"sip:101@192.0.2.1".to_owned()));
}

#[test]
fn users_that_are_configured_no_more_are_dropped() {
    let mut phone = Phone::new();
    phone.register(&[("Contact", "<sip:101@192.0.2.7>")]);
    assert_eq!(phone.registrar.retain_users(|user| user == "101"), Vec::<String>::new());
    assert_eq!(phone.registrar.retain_users(|_| false), ["101"]);
    assert!(phone.uris().is_empty());
}

#[test]
fn every_change_is_told_once_with_what_is_left() {
    let mut phone = Phone::new();
    phone.register(&[("Contact", "<sip:101@192.0.2.7>;expires=60, <sip:101@192.0.2.8>")]);
    let told = |phone: &mut Phone| -> Vec<(String, usize)> {
        phone.registrar.take_changed().into_iter().map(|(user, bindings)| (user, bindings.len())).collect()
    };
    let only = |left: usize| vec![("101".to_owned(), left)];
    assert_eq!(told(&mut phone), only(2));
    // Who only asks, and who is refused, changes nothing.
    phone.register(&[]);
    phone.register(&[("Contact", "<sip:101@192.0.2.9>;expires=5")]);
    assert_eq!(told(&mut phone), []);
    phone.now = Moment::from_secs(60);
    phone.registrar.handle_timeout(phone.now);
    assert_eq!(told(&mut phone), only(1));
    phone.register(&[("Contact", "<sip:101@192.0.2.8>")]);
    assert_eq!(told(&mut phone), only(1));
    phone.register(&[("Contact", "*"), ("Expires", "0")]);
    assert_eq!(told(&mut phone), only(0));
    phone.register(&[("Contact", "<sip:101@192.0.2.7>")]);
    phone.registrar.retain_users(|_| false);
    assert_eq!(told(&mut phone), only(0));
}

#[test]
fn bindings_of_an_earlier_run_come_back_while_they_last() {
    let mut before = Phone::new();
    before.register(&[("Contact", "<sip:101@192.0.2.7>;expires=60, <sip:101@192.0.2.8>;q=0.5, <sip:101@192.0.2.9>;expires=600")]);
    let mut kept = before.registrar.contacts("101", before.now);
    kept[0].expires_at = Moment::from_secs(1_000_000);

    let mut after = Phone { now: Moment::from_secs(100), ..Phone::new() };
    after.send("new", 1, &[("Contact", "<sip:101@192.0.2.8>;expires=300")]);
    after.registrar.take_back("101", kept, after.now);
    let ends: Vec<_> = after.registrar.contacts("101", after.now).into_iter().map(|binding| (binding.uri, binding.expires_at)).collect();
    let ended = |uri: &str| ends.iter().find(|(known, _)| known == uri).map(|(_, at)| at.as_millis() / 1000);
    // The clock of the computer was set back: nothing lives longer than it may. One registered meanwhile, one ended.
    assert_eq!((ended("sip:101@192.0.2.7"), ended("sip:101@192.0.2.8"), ended("sip:101@192.0.2.9")), (Some(3700), Some(400), Some(600)));
    // The rules of §10.3 go on where they were: an old request of the same client is old still.
    assert_eq!(after.send("call", 1, &[("Contact", "<sip:101@192.0.2.9>;expires=0")]).status(), 500);
    assert_eq!(after.send("call", 2, &[("Contact", "<sip:101@192.0.2.9>;expires=0")]).status(), 200);
    after.now = Moment::from_secs(3700);
    assert_eq!(after.registrar.handle_timeout(after.now), ["101"]);
}

#[test]
fn the_path_is_kept_in_its_order_and_told_to_who_can_read_it() {
    let mut phone = Phone::new();
    let path = [("Path", "<sip:edge.example;lr>, \"Inner, 2\" <sip:192.0.2.1:5070;lr;transport=tcp>"), ("Path", "<sip:192.0.2.2;lr>")];
    let contact = ("Contact", "<sip:101@192.0.2.7>");
    let whole = ["<sip:edge.example;lr>", "\"Inner, 2\" <sip:192.0.2.1:5070;lr;transport=tcp>", "<sip:192.0.2.2;lr>"];
    let response = phone.register(&[path[0], path[1], contact]);
    assert_eq!((response.status(), response.headers().get("Path")), (200, None));
    assert_eq!(phone.registrar.contacts("101", phone.now)[0].path, whole);
    let response = phone.register(&[path[0], path[1], contact, ("Supported", "gruu, path")]);
    assert_eq!(response.headers().list("Path").collect::<Vec<_>>(), whole);
    // A telephone that comes without proxies now is called without them.
    phone.register(&[contact]);
    assert!(phone.registrar.contacts("101", phone.now)[0].path.is_empty());
}

#[test]
fn a_path_that_cannot_be_followed_is_refused_and_changes_nothing() {
    let mut phone = Phone::new();
    let long = ["<sip:192.0.2.1;lr>"; 9].join(", ");
    for (path, status) in
        [("<sip:192.0.2.1>", 420), ("<sip:192.0.2.1;lr>, <sip:strict.example>", 420), ("<sip:", 400), ("<tel:1>", 400), (&long, 400)]
    {
        let response = phone.register(&[("Contact", "<sip:101@192.0.2.7>"), ("Path", path)]);
        let unsupported = (status == 420).then_some("path");
        assert_eq!((response.status(), response.headers().get("Unsupported")), (status, unsupported), "{path}");
    }
    assert!(phone.uris().is_empty());
}

#[test]
fn preferences_are_read_in_thousandths() {
    for (text, value) in [("1", 1000), ("1.0", 1000), ("0", 0), ("0.5", 500), ("0.25", 250), (".7", 700), ("x", 1000), ("0.1234", 1000)] {
        assert_eq!(q_per_mille(text), value, "{text}");
    }
}

#[test]
fn any_contact_text_is_survived() {
    let mut rng = Rng::from_seed(5);
    let mut phone = Phone::new();
    for _ in 0..5000 {
        let text: String =
            (0..rng.below(40)).map(|_| char::from(b"<>sip:101@[].;=*,\"q0 expires"[usize::try_from(rng.below(28)).unwrap()])).collect();
        let response = phone.register(&[("Contact", &text)]);
        assert!([200, 400, 423].contains(&response.status()));
        assert!(phone.uris().len() <= 10);
    }
}
