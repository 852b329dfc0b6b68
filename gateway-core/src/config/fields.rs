//! The table of settings: one row each. Range checks, import, differences, the window's limits and the reference page all read it.

mod rows;
pub mod value;

use serde::Serialize;
use serde_json::Value;

use super::PortId;
use super::settings::Settings;
pub use rows::FIELDS;
pub use value::FieldValue;

/// Most ports that one gateway may have.
pub const MAX_PORTS: u16 = 64;

/// What a text setting must look like; [`super::check`] holds the rules of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Any words for people.
    Name,
    /// User part of a SIP address (RFC 3261 §25.1 `user`, without escapes). May be blank.
    User,
    /// `host[:port]`. May be blank.
    RemoteServer,
    /// `address[:port]`. May be blank.
    DnsServer,
    /// An IP address of this computer, `0.0.0.0` or `::` for all, or the name of a network interface.
    BindAddress,
    /// An IP address that somebody can send to. May be blank.
    HostAddress,
    /// What an FXO ring calls. May be blank.
    Target,
    /// Who may use a port. May be blank.
    HostList,
    /// ISO 3166 alpha-2 code of a country that has a line profile.
    Country,
    /// Spans of the day, see [`super::hours`]. May be blank.
    Hours,
    /// Digits of an area, without the trunk prefix. May be blank.
    AreaCode,
    /// One dialling rule, see [`super::dialling::rule`].
    DialRule,
    /// A tone that the line plays, see [`super::learned_tone`].
    LearnedTone,
    /// Path of a file on this computer. May be blank.
    File,
    /// SHA-256 in hexadecimal, see [`super::fingerprint`]. May be blank.
    Fingerprint,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A bare number.
    None,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hundredths of something.
    Percent,
    /// Cycles of a cadence.
    Cycles,
    /// Tries.
    Tries,
}

/// Type and range of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Kind {
    /// On or off.
    Flag,
    /// A whole number.
    Integer {
        /// Smallest, apart from 0 where `zero_is_off`.
        min: u32,
        /// Largest.
        max: u32,
        /// What it counts.
        unit: Unit,
        /// 0 is allowed too and turns the matter off.
        zero_is_off: bool,
    },
    /// One word of a list.
    Choice {
        /// The words, as stored.
        words: &'static [&'static str],
    },
    /// A line of text.
    Text {
        /// What it must look like.
        shape: Shape,
        /// Longest, in characters.
        max_chars: u32,
    },
    /// A secret: never shown, never exported in the clear.
    Secret {
        /// Longest, in characters.
        max_chars: u32,
    },
    /// Several words of a list, in order of preference, at least one, none twice.
    Choices {
        /// The words, as stored.
        words: &'static [&'static str],
    },
    /// Several texts, none twice.
    Texts {
        /// What each must look like.
        shape: Shape,
        /// Longest text, in characters.
        max_chars: u32,
        /// Most texts.
        max_items: u32,
    },
}

/// The default of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Of a flag.
    Flag(bool),
    /// Of a number.
    Integer(u32),
    /// Of a choice or a text.
    Text(&'static str),
    /// Of a list.
    List(&'static [&'static str]),
    /// Of a secret: not set.
    Unset,
}

/// When a change takes effect, in rising order of what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// At once; calls go on.
    Now,
    /// With the next call of the port; calls that are up keep the old value.
    NextCall,
    /// As soon as the port is idle.
    WhenIdle,
    /// Registrations start over; calls go on.
    RegistersAgain,
    /// Sockets are opened anew.
    Rebind,
}

/// One row of the table: one setting.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Where it stands: `gateway.sip_port`, or `ports[].line.guard_ms` for a setting that every port has.
    pub path: &'static str,
    /// Type and range.
    pub kind: Kind,
    /// Default, equal to the one of [`super::settings`].
    pub default: Preset,
    /// When a change of it takes effect.
    pub grade: Grade,
    /// What other makers call it, for the search of a technician who knows another box.
    pub aliases: &'static [&'static str],
}

impl Field {
    /// The row of a path; `[]` or `[3]` after `ports` are the same.
    #[must_use]
    pub fn of(path: &str) -> Option<&'static Field> {
        let general = general_path(path);
        FIELDS.iter().find(|field| field.path == general)
    }

    /// Key of its label in the language files; the sentence of explanation is under the same key with `.hint`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("settings.{}", self.path.replace("[]", ""))
    }

    /// The path below a port, for a setting that every port has.
    #[must_use]
    pub fn below_port(&self) -> Option<&'static str> {
        self.path.strip_prefix("ports[].")
    }

    /// Everything about this row that a window or a page needs.
    #[must_use]
    pub fn info(&self) -> FieldInfo {
        FieldInfo {
            path: self.path.to_owned(),
            label: self.label(),
            kind: self.kind,
            default: FieldValue::of_preset(self),
            grade: self.grade,
            aliases: self.aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        }
    }
}

/// A row as the window gets it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct FieldInfo {
    /// See [`Field::path`].
    pub path: String,
    /// See [`Field::label`].
    pub label: String,
    /// Type and range.
    pub kind: Kind,
    /// Default.
    pub default: FieldValue,
    /// When a change takes effect.
    pub grade: Grade,
    /// What other makers call it.
    pub aliases: Vec<String>,
}

/// The whole table for the window.
#[must_use]
pub fn infos() -> Vec<FieldInfo> {
    FIELDS.iter().map(Field::info).collect()
}

/// One setting of one gateway: where it stands, its row, and its value as JSON (secrets in the clear).
#[derive(Clone, Debug)]
pub struct Placed<'a> {
    /// With the index of the port: `ports[1].line.guard_ms`.
    pub path: String,
    /// The port it belongs to; `None` for a setting of the gateway as a whole.
    pub port: Option<PortId>,
    /// Its row.
    pub field: &'static Field,
    /// Its value; `None` where it is absent.
    pub value: Option<&'a Value>,
}

/// All settings of a document, in the order of the table, port by port; `document` is `{"gateway": …, "ports": […]}`.
#[must_use]
pub fn placed(document: &Value) -> Vec<Placed<'_>> {
    let gateway = FIELDS.iter().filter(|field| field.below_port().is_none()).map(|field| Placed {
        path: field.path.to_owned(),
        port: None,
        field,
        value: at(document, field.path),
    });
    let ports = document.get("ports").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let of_ports = ports.iter().zip(0..MAX_PORTS).flat_map(|(port, index)| {
        FIELDS.iter().filter_map(move |field| {
            let below = field.below_port()?;
            Some(Placed { path: format!("ports[{index}].{below}"), port: Some(PortId(index)), field, value: at(port, below) })
        })
    });
    gateway.chain(of_ports).collect()
}

/// Settings as a JSON document, secrets in the clear.
#[must_use]
pub fn document(settings: &Settings) -> Value {
    // Settings are plain structs, texts and numbers; should their JSON ever fail, every row reports its value as absent.
    serde_json::to_value(settings).unwrap_or(Value::Null)
}

fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |inner, key| inner.get(key))
}

/// `ports[3].user` and `ports[].user` both become `ports[].user`.
fn general_path(path: &str) -> String {
    let Some(rest) = path.strip_prefix("ports[") else { return path.to_owned() };
    match rest.split_once(']') {
        Some((index, below)) if index.chars().all(|c| c.is_ascii_digit()) => format!("ports[]{below}"),
        Some(_) | None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests;
