//! One value by itself, against its row: type, range, words, form. The checker and the import of profiles share these rules.

use std::net::IpAddr;

use serde_json::{Number, Value};

use crate::config::bind_address::BindAddress;
use crate::config::country;
use crate::config::dialling::rule::Rule;
use crate::config::fields::{Field, Kind, Placed, Shape};
use crate::config::fingerprint::Fingerprint;
use crate::config::host::{Host, HostFault, HostPort};
use crate::config::hosts::{BadHost, HostList};
use crate::config::hours::Hours;
use crate::config::learned_tone;
use crate::config::problem::{Problem, ProblemCode};
use crate::config::target::{Target, is_plain_user};

/// Everything wrong with a placed value; nothing for an absent one.
#[must_use]
pub fn check_placed(placed: &Placed<'_>) -> Vec<Problem> {
    placed.value.map_or_else(Vec::new, |value| check_value(placed.field, &placed.path, value))
}

/// Everything wrong with a value of `field`, told under `path`.
#[must_use]
pub fn check_value(field: &Field, path: &str, value: &Value) -> Vec<Problem> {
    match field.kind {
        Kind::Flag => check_flag(path, value),
        Kind::Integer { min, max, zero_is_off, .. } => check_integer(path, value, min, max, zero_is_off),
        Kind::Choice { words } => texts(path, value, |text| check_word(path, text, words)),
        Kind::Text { shape, max_chars } => texts(path, value, |text| check_text(path, text, shape, max_chars)),
        Kind::Secret { max_chars } => texts(path, value, |text| check_line(path, text, max_chars)),
        Kind::Choices { words } => {
            let max_items = u32::try_from(words.len()).unwrap_or(u32::MAX);
            let mut problems = check_list(path, value, max_items, |item_path, text| check_word(item_path, text, words));
            if value.as_array().is_some_and(Vec::is_empty) {
                problems.push(Problem::error(path, ProblemCode::EmptyList));
            }
            problems
        }
        Kind::Texts { shape, max_chars, max_items } => {
            check_list(path, value, max_items, |item_path, text| check_text(item_path, text, shape, max_chars))
        }
    }
}

/// A value that has not the type it needs.
#[must_use]
pub fn wrong_type(path: &str, expected: &str, value: &Value) -> Problem {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "flag",
        Value::Number(number) if number.is_f64() => "fraction",
        Value::Number(_) => "integer",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    Problem::error(path, ProblemCode::WrongType).with("expected", expected).with("found", found)
}

fn check_flag(path: &str, value: &Value) -> Vec<Problem> {
    if value.is_boolean() { Vec::new() } else { vec![wrong_type(path, "flag", value)] }
}

fn check_integer(path: &str, value: &Value, min: u32, max: u32, zero_is_off: bool) -> Vec<Problem> {
    let Some(found) = value.as_number().and_then(Number::as_i128) else {
        return vec![wrong_type(path, "integer", value)];
    };
    if zero_is_off && found == 0 {
        Vec::new()
    } else if found < i128::from(min) {
        vec![Problem::error(path, ProblemCode::BelowMinimum).with("minimum", min).with("found", found)]
    } else if found > i128::from(max) {
        vec![Problem::error(path, ProblemCode::AboveMaximum).with("maximum", max).with("found", found)]
    } else {
        Vec::new()
    }
}

fn texts(path: &str, value: &Value, check: impl Fn(&str) -> Vec<Problem>) -> Vec<Problem> {
    value.as_str().map_or_else(|| vec![wrong_type(path, "text", value)], check)
}

fn check_list(path: &str, value: &Value, max_items: u32, check: impl Fn(&str, &str) -> Vec<Problem>) -> Vec<Problem> {
    let Some(items) = value.as_array() else { return vec![wrong_type(path, "list", value)] };
    let most = usize::try_from(max_items).unwrap_or(usize::MAX);
    let mut problems = Vec::new();
    for (index, item) in items.iter().enumerate().take(most) {
        let item_path = format!("{path}[{index}]");
        problems.extend(texts(&item_path, item, |text| check(&item_path, text)));
        if items[..index].contains(item) {
            problems.push(Problem::error(item_path, ProblemCode::RepeatedItem).with("found", excerpt(item.as_str().unwrap_or_default())));
        }
    }
    if items.len() > most {
        problems.push(Problem::error(path, ProblemCode::TooManyItems).with("maximum", max_items).with("found", items.len()));
    }
    problems
}

fn check_word(path: &str, text: &str, words: &[&str]) -> Vec<Problem> {
    if words.contains(&text) {
        return Vec::new();
    }
    vec![Problem::error(path, ProblemCode::UnknownWord).with("found", excerpt(text)).with("allowed", words.join(", "))]
}

/// Length and control characters, which no text may have: they would end up in SIP header lines.
fn check_line(path: &str, text: &str, max_chars: u32) -> Vec<Problem> {
    let mut problems = Vec::new();
    if text.chars().count() > usize::try_from(max_chars).unwrap_or(usize::MAX) {
        problems.push(Problem::error(path, ProblemCode::TooLong).with("maximum", max_chars));
    }
    if text.chars().any(char::is_control) {
        problems.push(Problem::error(path, ProblemCode::ControlCharacter));
    }
    problems
}

fn check_text(path: &str, text: &str, shape: Shape, max_chars: u32) -> Vec<Problem> {
    let problems = check_line(path, text, max_chars);
    if problems.is_empty() { check_shape(path, text, shape) } else { problems }
}

fn check_shape(path: &str, text: &str, shape: Shape) -> Vec<Problem> {
    let one = |problem: Option<Problem>| problem.into_iter().collect();
    match shape {
        Shape::Name | Shape::File => Vec::new(),
        Shape::User => {
            let bad = text.chars().find(|c| !is_plain_user(c.encode_utf8(&mut [0; 4])));
            one(bad.map(|c| Problem::error(path, ProblemCode::BadUser).with("character", c)))
        }
        Shape::RemoteServer => {
            one(remote_server_fault(text).map(|fault| Problem::error(path, ProblemCode::BadRemoteServer).with("fault", fault.word())))
        }
        Shape::DnsServer => {
            let named = matches!(HostPort::parse(text.trim()), Ok(HostPort { host: Host::Name(_), .. })).then_some(HostFault::NotAnAddress);
            let fault = remote_server_fault(text).or(named);
            one(fault.map(|fault| Problem::error(path, ProblemCode::BadDnsServer).with("fault", fault.word())))
        }
        Shape::BindAddress => one(BindAddress::parse(text).is_none().then(|| Problem::error(path, ProblemCode::BadBindAddress))),
        Shape::HostAddress => {
            let usable = text.parse::<IpAddr>().is_ok_and(|ip| !ip.is_multicast() && !ip.is_unspecified() && ip != IpAddr::from([255; 4]));
            one((!text.is_empty() && !usable).then(|| Problem::error(path, ProblemCode::BadHostAddress)))
        }
        Shape::Target => {
            one(Target::parse(text).err().map(|fault| Problem::error(path, ProblemCode::BadTarget).with("fault", fault.word())))
        }
        Shape::HostList => {
            let bad = HostList::parse(text).err().unwrap_or_default();
            let problem = |bad: &BadHost| {
                Problem::error(path, ProblemCode::BadHost).with("entry", excerpt(&bad.entry)).with("fault", bad.fault.word())
            };
            bad.iter().map(problem).collect()
        }
        Shape::Country => one(country::country(text).is_none().then(|| {
            let allowed = country::codes().collect::<Vec<_>>().join(", ");
            Problem::error(path, ProblemCode::UnknownCountry).with("found", excerpt(text)).with("allowed", allowed)
        })),
        Shape::Hours => one(Hours::parse(text).is_none().then(|| Problem::error(path, ProblemCode::BadHours))),
        Shape::Fingerprint => {
            let bad = !text.is_empty() && Fingerprint::parse(text).is_none();
            one(bad.then(|| Problem::error(path, ProblemCode::BadFingerprint)))
        }
        Shape::AreaCode => {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
            one((!digits).then(|| Problem::error(path, ProblemCode::BadAreaCode)))
        }
        Shape::LearnedTone => {
            one(learned_tone::parse(text).err().map(|fault| Problem::error(path, ProblemCode::BadTone).with("fault", fault.word())))
        }
        Shape::DialRule => {
            one(Rule::parse(text).err().map(|fault| Problem::error(path, ProblemCode::BadDialRule).with("fault", fault.word())))
        }
    }
}

fn remote_server_fault(text: &str) -> Option<HostFault> {
    if text.trim().is_empty() {
        return None;
    }
    match HostPort::parse(text.trim()) {
        Ok(server) if server.host.is_peer() => None,
        Ok(_) => Some(HostFault::NotAPeer),
        Err(fault) => Some(fault),
    }
}

/// The beginning of what was found, short enough for a line of words.
#[must_use]
pub fn excerpt(text: &str) -> String {
    const MOST: usize = 40;
    let mut short: String = text.chars().filter(|c| !c.is_control()).take(MOST).collect();
    if text.chars().count() > MOST {
        short.push('…');
    }
    short
}
