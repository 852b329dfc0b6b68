//! `docs/SETTINGS.md` is written from the table and from the doc comments of the settings.
//! `UPDATE_DOCS=1` writes it anew; without, the test fails when it is stale.

use std::fmt::Write as _;
use std::path::Path;

use super::super::{FIELDS, Field, FieldValue, Grade, Kind, Shape, Unit};

#[test]
fn the_reference_of_the_settings_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/SETTINGS.md");
    let fresh = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &fresh).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(stored == fresh, "docs/SETTINGS.md is stale: run this test with UPDATE_DOCS=1");
}

#[test]
fn every_setting_has_a_sentence_in_the_reference() {
    for field in FIELDS {
        assert!(sentence(field).ends_with('.'), "{}: {}", field.path, sentence(field));
    }
}

fn reference() -> String {
    let mut page = String::from(
        "# Settings\n\nWritten from the table of settings (`gateway-core/src/config/fields/rows.rs`) by a test; do not edit by hand.\n\n\
         *Takes effect*: **now** (calls go on) · **next call** of the port · **when idle** (as soon as the port is) · \
         **registers again** (registrations start over, calls go on) · **rebind** (sockets are opened anew).\n\
         *Known as*: what other makers call it.\n",
    );
    for (title, belongs) in [
        ("The gateway", (|path| path.starts_with("gateway.")) as fn(&str) -> bool),
        ("Each port", |path| path.starts_with("ports[].") && !path.contains(".line.")),
        ("The line of each port", |path| path.contains(".line.")),
    ] {
        write!(page, "\n## {title}\n\n| setting | what it is | values | default | takes effect | known as |\n|---|---|---|---|---|---|\n")
            .unwrap();
        for field in FIELDS.iter().filter(|field| belongs(field.path)) {
            let known = field.aliases.join(" · ");
            let (values, default) = (values(field), default(field));
            writeln!(page, "| `{}` | {} | {values} | {default} | {} | {known} |", field.path, sentence(field), grade(field.grade)).unwrap();
        }
    }
    page
}

/// The doc comment of the setting in `settings.rs`, on one line.
fn sentence(field: &Field) -> String {
    let source = include_str!("../../settings.rs");
    let (structure, name) = match field.path.rsplit_once('.').unwrap() {
        ("gateway", name) => ("pub struct GatewaySettings", name),
        ("ports[]", name) => ("pub struct PortSettings", name),
        ("ports[].line", name) => ("pub struct LineSettings", name),
        (other, _) => panic!("{other} is no part of the settings"),
    };
    let body = source.split_once(structure).and_then(|(_, rest)| rest.split_once("\n}")).unwrap().0;
    let declared = format!("    pub {name}:");
    let mut words = Vec::new();
    for line in body.lines() {
        match line.trim().strip_prefix("///") {
            Some(words_of_line) => words.push(words_of_line.trim()),
            None if line.starts_with(&declared) => break,
            None => words.clear(),
        }
    }
    words.join(" ").replace('|', "\\|")
}

fn values(field: &Field) -> String {
    match field.kind {
        Kind::Flag => "on, off".to_owned(),
        Kind::Integer { min, max, unit, zero_is_off } => {
            let unit = match unit {
                Unit::None => "",
                Unit::Milliseconds => " ms",
                Unit::Seconds => " s",
                Unit::Minutes => " min",
                Unit::Percent => " %",
                Unit::Cycles => " cycles",
                Unit::Tries => " tries",
            };
            format!("{min}–{max}{unit}{}", if zero_is_off { ", or 0 (off)" } else { "" })
        }
        Kind::Choice { words } => code_list(words),
        Kind::Choices { words } => format!("one or more of {}, preferred first", code_list(words)),
        Kind::Text { shape, max_chars } => format!("{}, up to {max_chars} characters", form(shape)),
        Kind::Secret { max_chars } => format!("secret, up to {max_chars} characters"),
        Kind::Texts { shape, max_chars, max_items } => format!("up to {max_items} times {} of up to {max_chars} characters", form(shape)),
    }
}

fn form(shape: Shape) -> &'static str {
    match shape {
        Shape::Name => "text",
        Shape::User => "SIP user",
        Shape::RemoteServer => "`host[:port]`",
        Shape::AreaCode => "digits",
        Shape::DnsServer => "`address[:port]`",
        Shape::BindAddress => "IP address or network interface",
        Shape::HostAddress => "IP address",
        Shape::Target => "`user`, `user@host[:port]` or SIP URI",
        Shape::HostList => "IPs, CIDR blocks, host names",
        Shape::Country => "country code",
        Shape::Hours => "spans of the day `hh:mm-hh:mm`",
        Shape::File => "path of a file",
        Shape::Fingerprint => "64 hexadecimal digits, colons between them or not",
        Shape::LearnedTone => "a tone, as `busy 425 250/250` or `dial 350+440 continuous`",
        Shape::DialRule => "[a dialling rule](DIALLING.md)",
    }
}

fn default(field: &Field) -> String {
    match FieldValue::of_preset(field) {
        FieldValue::Flag(on) => if on { "on" } else { "off" }.to_owned(),
        FieldValue::Integer(number) => number.to_string(),
        FieldValue::Word(text) | FieldValue::Text(text) if !text.is_empty() => format!("`{text}`"),
        FieldValue::Word(_) | FieldValue::Text(_) | FieldValue::Secret(_) => "blank".to_owned(),
        FieldValue::List(items) if items.is_empty() => "none".to_owned(),
        FieldValue::List(items) => code_list(&items),
    }
}

fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Now => "now",
        Grade::NextCall => "next call",
        Grade::WhenIdle => "when idle",
        Grade::RegistersAgain => "registers again",
        Grade::Rebind => "rebind",
    }
}

fn code_list<T: AsRef<str>>(words: &[T]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
}
