use super::*;
use crate::config::check;
use crate::config::settings::{AnswerMode, GatewaySettings, Mode, PortSettings};
use crate::rng::Rng;

fn rich() -> Settings {
    let mut settings = Settings { gateway: GatewaySettings::default(), ports: vec![PortSettings::default(), PortSettings::default()] };
    settings.gateway.mode = Mode::SipClient;
    settings.gateway.remote_server = "pbx.example".to_owned();
    settings.gateway.dial_rules = vec!["deny 00.".to_owned(), "allow 9. strip 1".to_owned()];
    settings.ports[0].name = "Recepção".to_owned();
    settings.ports[0].user = "line1".to_owned();
    settings.ports[0].secret = Secret("x7kq-93ms-p2rt".to_owned());
    settings.ports[1].line.answer_mode = AnswerMode::FirstOf;
    settings.ports[1].line.longest_call_s = 0;
    settings
}

fn without_secrets(mut settings: Settings) -> Settings {
    settings.ports.iter_mut().for_each(|port| port.secret = Secret::default());
    settings
}

fn mistakes(text: &str) -> Vec<(String, ProblemCode)> {
    import(text).expect_err("a mistake").into_iter().map(|problem| (problem.path, problem.code)).collect()
}

fn profile(settings: &str) -> String {
    format!(r#"{{"format":"loopstart-profile","version":3,"settings":{settings}}}"#)
}

#[test]
fn what_is_exported_is_imported_again_without_its_secrets() {
    let text = export(&rich(), SecretsPolicy::LeftOut);
    assert!(!text.contains("secret") && !text.contains("x7kq"), "{text}");
    let imported = import(&text).unwrap();
    assert_eq!(imported.settings, without_secrets(rich()));
    assert_eq!(imported.secrets_missing, ["ports[0].secret"], "port 2 has no user");
    assert_eq!(export(&imported.settings, SecretsPolicy::LeftOut), text);
}

#[test]
fn what_a_profile_does_not_say_has_its_default() {
    let imported = import(&profile(r#"{"ports":[{},{"line":{"guard_ms":2000}}]}"#)).unwrap();
    assert_eq!(imported.settings.gateway, GatewaySettings::default());
    assert_eq!(imported.settings.ports[0], PortSettings::default());
    assert_eq!(imported.settings.ports[1].line.guard_ms, 2000);
    assert_eq!(imported.settings.ports[1].line.flash_ms, 300);
    assert_eq!(import(&profile("{}")).unwrap().settings.ports, []);
}

#[test]
fn a_profile_with_ten_mistakes_names_all_ten() {
    let text = profile(
        r#"{
        "gateway": { "mode": "sip_sever", "sip_port": "5060", "sip_prt": 1, "auth_tries": 300, "bind_address": "300.1.1.1", "codecs": ["pcma", "opus"] },
        "ports": [
            { "target": "two words", "line": { "guard_ms": 1.5, "flash_ms": 10, "flash": 300 } },
            7
        ],
        "calls": []
    }"#,
    );
    let problems = import(&text).unwrap_err();
    let named: Vec<_> = problems.iter().map(|problem| (problem.path.as_str(), problem.code)).collect();
    assert_eq!(
        named,
        [
            ("calls", ProblemCode::UnknownKey),
            ("gateway.mode", ProblemCode::UnknownWord),
            ("gateway.sip_port", ProblemCode::WrongType),
            ("gateway.sip_prt", ProblemCode::UnknownKey),
            ("gateway.auth_tries", ProblemCode::AboveMaximum),
            ("gateway.bind_address", ProblemCode::BadBindAddress),
            ("gateway.codecs[1]", ProblemCode::UnknownWord),
            ("ports[0].target", ProblemCode::BadTarget),
            ("ports[0].line.guard_ms", ProblemCode::WrongType),
            ("ports[0].line.flash_ms", ProblemCode::BelowMinimum),
            ("ports[0].line.flash", ProblemCode::UnknownKey),
            ("ports[1]", ProblemCode::WrongType),
        ]
    );
    assert_eq!(problems[3].args["meant"], "gateway.sip_port");
    assert_eq!(problems[10].args["meant"], "ports[].line.flash_ms", "another maker's name");
    assert_eq!((problems[2].args["expected"].as_str(), problems[2].args["found"].as_str()), ("integer", "text"));
}

#[test]
fn a_file_that_is_no_profile_says_so_and_nothing_else() {
    for (text, problem) in [
        ("", ("", ProblemCode::NotJson)),
        ("not json", ("", ProblemCode::NotJson)),
        ("{\"format\":", ("", ProblemCode::NotJson)),
        ("[]", ("format", ProblemCode::NotAProfile)),
        ("{}", ("format", ProblemCode::NotAProfile)),
        (r#"{"format":"other","version":9,"x":1}"#, ("format", ProblemCode::NotAProfile)),
        (r#"{"format":"loopstart-profile","settings":{}}"#, ("version", ProblemCode::KeyMissing)),
        (r#"{"format":"loopstart-profile","version":1}"#, ("settings", ProblemCode::KeyMissing)),
        (r#"{"format":"loopstart-profile","version":0,"settings":{}}"#, ("version", ProblemCode::BelowMinimum)),
        (r#"{"format":"loopstart-profile","version":-1,"settings":{}}"#, ("version", ProblemCode::WrongType)),
        (r#"{"format":"loopstart-profile","version":"1","settings":{}}"#, ("version", ProblemCode::WrongType)),
        (r#"{"format":"loopstart-profile","version":1,"settings":null}"#, ("settings", ProblemCode::WrongType)),
    ] {
        assert_eq!(mistakes(text), [(problem.0.to_owned(), problem.1)], "{text}");
    }
    let problem = &import("{\n  \"format\": oops").unwrap_err()[0];
    assert_eq!(problem.args["line"], "2");
}

#[test]
fn a_profile_of_a_newer_version_is_refused_clearly() {
    let problems = import(r#"{"format":"loopstart-profile","version":4,"settings":{"future":1}}"#).unwrap_err();
    assert_eq!(problems, [Problem::error("version", ProblemCode::ProfileFromNewerVersion).with("found", 4).with("newest", 3)]);
}

#[test]
fn a_profile_and_the_list_of_its_problems_have_bounds() {
    assert_eq!(mistakes(&" ".repeat(MAX_BYTES + 1)), [(String::new(), ProblemCode::ProfileTooLarge)]);
    let keys: Vec<String> = (0..5000).map(|i| format!(r#""k{i}":0"#)).collect();
    let problems = mistakes(&profile(&format!("{{{}}}", keys.join(","))));
    assert_eq!(problems.len(), MAX_PROBLEMS + 1);
    assert_eq!(problems.last().map(|(_, code)| *code), Some(ProblemCode::TooManyProblems));
}

#[test]
fn too_many_ports_are_refused() {
    let ports = vec!["{}"; 65].join(",");
    assert_eq!(mistakes(&profile(&format!(r#"{{"ports":[{ports}]}}"#))), [("ports".to_owned(), ProblemCode::TooManyPorts)]);
}

#[test]
fn a_key_that_stands_twice_is_a_mistake() {
    let text = profile(r#"{"gateway":{"sip_port":5060,"sip_port":5061}}"#);
    assert_eq!(mistakes(&text), [("gateway.sip_port".to_owned(), ProblemCode::RepeatedKey)]);
}

#[test]
fn a_link_to_the_schema_and_a_byte_order_mark_are_no_mistakes() {
    let text = format!("\u{feff}{}", profile("{}").replacen('{', r#"{"$schema":"profile.schema.json","#, 1));
    assert!(import(&text).is_ok());
}

#[test]
fn numbers_beyond_any_range_are_named_not_wrapped() {
    for number in ["-1", "65536", "4294967296", "18446744073709551615", "1e30", "5060.0"] {
        let text = profile(&format!(r#"{{"gateway":{{"sip_port":{number}}}}}"#));
        assert_eq!(mistakes(&text)[0].0, "gateway.sip_port", "{number}");
    }
}

#[test]
fn missing_secrets_are_kept_where_they_would_go_to_the_same_place() {
    let current = rich();
    let fresh = || import(&export(&rich(), SecretsPolicy::LeftOut)).unwrap();
    let mut same = fresh();
    same.keep_secrets_of(&current);
    assert_eq!((same.settings, same.secrets_missing), (rich(), vec![]));
    let elsewhere: [fn(&mut Settings); 3] = [
        |settings| settings.gateway.remote_server = "evil.example".to_owned(),
        |settings| settings.gateway.mode = Mode::SipServer,
        |settings| settings.ports[0].user = "other".to_owned(),
    ];
    for change in elsewhere {
        let mut imported = fresh();
        change(&mut imported.settings);
        imported.keep_secrets_of(&current);
        assert_eq!(imported.settings.ports[0].secret, Secret::default());
        assert_eq!(imported.secrets_missing, ["ports[0].secret"]);
    }
}

#[test]
fn a_secret_in_a_profile_is_read() {
    let imported = import(&profile(r#"{"ports":[{"user":"a","secret":"s3cret-by-hand"}]}"#)).unwrap();
    assert_eq!(imported.settings.ports[0].secret, Secret("s3cret-by-hand".to_owned()));
    assert_eq!(imported.secrets_missing, [""; 0]);
}

/// Changes a valid profile in random places; whatever comes out either is refused with at least one problem, or is settings
/// whose every value stands the check of its row and which survive the way out and in again.
#[test]
fn no_mutation_of_a_profile_panics_or_slips_a_bad_value_through() {
    let mut rng = Rng::from_seed(0x1337);
    let good = export(&rich(), SecretsPolicy::LeftOut).into_bytes();
    let tokens: [&[u8]; 12] =
        [b"null", b"-1", b"1e999", b"\"\"", b"{}", b"[[", b"\\u0000", b"true", b"99999999999", b",", b"\"sip_port\":", b"\xff"];
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..6000 {
        let mut bytes = good.clone();
        for _ in 0..=rng.below(2) {
            let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            match rng.below(4) {
                0 => bytes[at] = rng.next_u32().to_le_bytes()[0],
                1 => drop(bytes.drain(at..(at + 7).min(bytes.len()))),
                2 => bytes[at] = b"0123456789"[usize::try_from(rng.below(10)).unwrap()],
                _ => drop(bytes.splice(at..at, tokens[usize::try_from(rng.below(12)).unwrap()].iter().copied())),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        match import(&text) {
            Ok(imported) => {
                taken += 1;
                let document = fields::document(&imported.settings);
                for setting in fields::placed(&document) {
                    assert_eq!(check::value::check_placed(&setting), [], "{text}");
                }
                let again = import(&export(&imported.settings, SecretsPolicy::LeftOut)).unwrap();
                assert_eq!(again.settings, without_secrets(imported.settings));
            }
            Err(problems) => {
                refused += 1;
                assert!(!problems.is_empty());
            }
        }
    }
    assert!(taken > 100 && refused > 1000, "taken {taken}, refused {refused}: the mutations are too tame or too wild");
}

/// `docs/profile.schema.json` is written from the table. `UPDATE_DOCS=1` writes it anew; without, a stale file fails.
#[test]
fn the_published_schema_is_up_to_date() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/profile.schema.json");
    let fresh = format!("{:#}\n", json_schema());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &fresh).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(stored == fresh, "docs/profile.schema.json is stale: run this test with UPDATE_DOCS=1");
}

#[test]
fn the_schema_knows_every_setting() {
    let schema = json_schema();
    for field in FIELDS {
        let pointer = match field.below_port() {
            Some(below) => format!("/properties/ports/items/properties/{}", below.replace('.', "/properties/")),
            None => format!("/properties/{}", field.path.replace('.', "/properties/")),
        };
        let found = schema.pointer(&format!("/properties/settings{pointer}"));
        assert!(found.is_some_and(|value| value.get("type").is_some() || value.get("enum").is_some()), "{}", field.path);
    }
}
