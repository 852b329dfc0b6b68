//! Exported profiles: settings as a versioned JSON file that a person can read, send and import elsewhere.

mod schema;
pub mod secrets;
mod tree;
mod upgrade;

use serde_json::{Map, Value};

pub use schema::json_schema;
pub use secrets::Secrets;

use super::check::value::{check_value, excerpt, wrong_type};
use super::fields::{self, FIELDS, Field, MAX_PORTS};
use super::problem::{Problem, ProblemCode};
use super::settings::{Secret, Settings};

/// What `format` says in every profile.
pub const FORMAT: &str = "loopstart-profile";

/// The version that this program writes, and the newest one that it reads. 2 came with [`SEALED_SECRETS`]: a program that knows
/// version 1 alone must refuse such a file as too new, not as mistyped. 3 came with dialling rules in the place of blocked prefixes.
pub const VERSION: u32 = upgrade::NEWEST;

/// The key of the sealed secrets: a text, an age file (age-encryption.org/v1) in ASCII armour with [`Secrets`] as JSON inside.
pub const SEALED_SECRETS: &str = "sealed_secrets";

/// How an age file in ASCII armour begins.
const ARMOUR: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// Largest profile that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// Most problems that are told of one profile.
pub const MAX_PROBLEMS: usize = 200;

/// What becomes of secrets in an exported profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretsPolicy<'a> {
    /// They are not in the file; the import tells which are missing.
    LeftOut,
    /// They are in the file, sealed: this text, which holds [`Secrets::of`] the settings. Sealing throws dice, so it is done above.
    Sealed(&'a str),
}

/// A profile that could be read without a mistake.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The settings; what the file does not say has its default.
    pub settings: Settings,
    /// Paths of the secrets that the file does not have although it has their user.
    pub secrets_missing: Vec<String>,
}

/// A profile that could be read without a mistake, before its sealed secrets are opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Unopened {
    /// The settings, and what they lack.
    pub imported: Imported,
    /// The sealed secrets; `None` where the file has none.
    pub sealed: Option<String>,
}

impl Unopened {
    /// Takes what was found in the seal.
    ///
    /// # Errors
    /// What is wrong with it, see [`Secrets::from_json`] and [`Secrets::put_into`]; then nothing of the file is taken.
    pub fn with_secrets(self, json: &str) -> Result<Imported, Vec<Problem>> {
        let mut settings = self.imported.settings;
        Secrets::from_json(json, &settings)?.put_into(&mut settings)?;
        Ok(Imported::of(settings))
    }
}

/// Writes settings as a profile.
#[must_use]
pub fn export(settings: &Settings, secrets: SecretsPolicy<'_>) -> String {
    let mut document = fields::document(settings);
    secrets::leave_out(&mut document);
    let mut profile = Map::new();
    profile.insert("format".to_owned(), Value::from(FORMAT));
    profile.insert("version".to_owned(), Value::from(VERSION));
    profile.insert("settings".to_owned(), document);
    match secrets {
        SecretsPolicy::LeftOut => {}
        SecretsPolicy::Sealed(sealed) => {
            profile.insert(SEALED_SECRETS.to_owned(), Value::from(sealed));
        }
    }
    let mut text = format!("{:#}", Value::Object(profile));
    text.push('\n');
    text
}

/// Reads a profile whose secrets, if it has any, are not sealed.
///
/// # Errors
/// As [`read`]; and sealed secrets, for which [`read`] and a passphrase are needed.
pub fn import(text: &str) -> Result<Imported, Vec<Problem>> {
    let Unopened { imported, sealed } = read(text)?;
    match sealed {
        None => Ok(imported),
        Some(_) => Err(vec![Problem::error(SEALED_SECRETS, ProblemCode::PassphraseNeeded)]),
    }
}

/// Reads a profile of this or an older version.
///
/// # Errors
/// Every mistake of the file, each with its place: nothing is taken of a file with a mistake. Whether the settings fit together
/// and what must be confirmed is told by [`super::check::check`], when they are applied.
pub fn read(text: &str) -> Result<Unopened, Vec<Problem>> {
    if text.len() > MAX_BYTES {
        return Err(vec![Problem::error("", ProblemCode::ProfileTooLarge).with("maximum", MAX_BYTES)]);
    }
    // Some editors put a byte order mark in front.
    let (profile, repeated) = tree::parse(text.strip_prefix('\u{feff}').unwrap_or(text))
        .map_err(|error| vec![Problem::error("", ProblemCode::NotJson).with("line", error.line()).with("column", error.column())])?;
    let profile = envelope(profile)?;
    let mut reader = Reader { problems: repeated, settings: Map::new(), sealed: None };
    reader.read_root(&profile);
    let Reader { mut problems, settings, sealed } = reader;
    if problems.is_empty() {
        // Every value stood the check of its row, so this cannot fail unless the table and the types disagree, which a test excludes.
        let settings = serde_json::from_value(Value::Object(settings));
        let settings: Settings = settings.map_err(|_| vec![Problem::error("", ProblemCode::NotAProfile)])?;
        return Ok(Unopened { imported: Imported::of(settings), sealed });
    }
    if problems.len() > MAX_PROBLEMS {
        problems.truncate(MAX_PROBLEMS);
        problems.push(Problem::error("", ProblemCode::TooManyProblems).with("maximum", MAX_PROBLEMS));
    }
    Err(problems)
}

impl Imported {
    /// Settings with whatever secrets they have.
    fn of(settings: Settings) -> Imported {
        let mut secrets_missing = Vec::new();
        let mut missing = |path: String, user: &str, secret: &Secret| {
            if !user.is_empty() && secret.0.is_empty() {
                secrets_missing.push(path);
            }
        };
        missing("gateway.secret".to_owned(), &settings.gateway.user, &settings.gateway.secret);
        for (index, port) in settings.ports.iter().enumerate() {
            missing(format!("ports[{index}].secret"), &port.user, &port.secret);
        }
        Imported { settings, secrets_missing }
    }

    /// Fills missing secrets from the settings in force, where mode, remote server and user are the same: a profile that points
    /// elsewhere must never carry a secret there.
    pub fn keep_secrets_of(&mut self, current: &Settings) {
        let (old, new) = (&current.gateway, &mut self.settings.gateway);
        if !old.leads_where(new) {
            return;
        }
        let mut kept = Vec::new();
        let mut keep = |path: String, same_user: bool, from: &Secret, to: &mut Secret| {
            if same_user && !from.0.is_empty() && self.secrets_missing.contains(&path) {
                *to = from.clone();
                kept.push(path);
            }
        };
        keep("gateway.secret".to_owned(), old.user == new.user, &old.secret, &mut new.secret);
        for (index, (new, old)) in self.settings.ports.iter_mut().zip(&current.ports).enumerate() {
            keep(format!("ports[{index}].secret"), old.user == new.user, &old.secret, &mut new.secret);
        }
        self.secrets_missing.retain(|path| !kept.contains(path));
    }
}

/// Format and version first: of a file that is none of ours, or too new, nothing else is told. An older one is upgraded.
fn envelope(profile: Value) -> Result<Map<String, Value>, Vec<Problem>> {
    let Value::Object(mut profile) = profile else { return Err(vec![Problem::error("format", ProblemCode::NotAProfile)]) };
    if profile.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(vec![Problem::error("format", ProblemCode::NotAProfile)]);
    }
    let version = profile.get("version").ok_or_else(|| vec![Problem::error("version", ProblemCode::KeyMissing)])?;
    let Some(found) = version.as_u64() else { return Err(vec![wrong_type("version", "integer", version)]) };
    if found == 0 {
        return Err(vec![Problem::error("version", ProblemCode::BelowMinimum).with("minimum", 1).with("found", found)]);
    }
    match u32::try_from(found) {
        Ok(found) if found <= VERSION => upgrade::upgrade(&mut profile, found),
        Ok(_) | Err(_) => {
            let problem = Problem::error("version", ProblemCode::ProfileFromNewerVersion);
            return Err(vec![problem.with("found", found).with("newest", VERSION)]);
        }
    }
    if profile.contains_key("settings") { Ok(profile) } else { Err(vec![Problem::error("settings", ProblemCode::KeyMissing)]) }
}

/// Walks a file by the table and gathers what is good and what is wrong.
struct Reader {
    problems: Vec<Problem>,
    settings: Map<String, Value>,
    sealed: Option<String>,
}

impl Reader {
    fn read_root(&mut self, profile: &Map<String, Value>) {
        for (key, value) in profile {
            match (key.as_str(), value) {
                // `$schema` is a link to the schema, for editors.
                ("format" | "version" | "$schema" | "settings", _) => {}
                (SEALED_SECRETS, Value::String(sealed)) if sealed.starts_with(ARMOUR) => self.sealed = Some(sealed.clone()),
                (SEALED_SECRETS, Value::String(_)) => self.problems.push(Problem::error(SEALED_SECRETS, ProblemCode::SealDamaged)),
                (SEALED_SECRETS, other) => self.problems.push(wrong_type(SEALED_SECRETS, "text", other)),
                (_, _) => self.unknown("", key),
            }
        }
        if let Some(settings) = profile.get("settings") {
            self.read_settings(settings);
        }
    }

    fn read_settings(&mut self, settings: &Value) {
        let Some(settings) = settings.as_object() else {
            self.problems.push(wrong_type("settings", "object", settings));
            return;
        };
        for key in settings.keys().filter(|key| !matches!(key.as_str(), "gateway" | "ports")) {
            self.unknown("", key);
        }
        let empty = Value::Object(Map::new());
        let gateway = self.read_group("gateway", "gateway", settings.get("gateway").unwrap_or(&empty));
        let ports = settings.get("ports").map_or_else(Vec::new, |ports| self.read_ports(ports));
        self.settings.insert("gateway".to_owned(), gateway);
        self.settings.insert("ports".to_owned(), Value::Array(ports));
    }

    fn read_ports(&mut self, ports: &Value) -> Vec<Value> {
        let Some(ports) = ports.as_array() else {
            self.problems.push(wrong_type("ports", "list", ports));
            return Vec::new();
        };
        if ports.len() > usize::from(MAX_PORTS) {
            let problem = Problem::error("ports", ProblemCode::TooManyPorts);
            self.problems.push(problem.with("maximum", MAX_PORTS).with("found", ports.len()));
        }
        let places = ports.iter().take(usize::from(MAX_PORTS)).enumerate();
        places.map(|(index, port)| self.read_group("ports[]", &format!("ports[{index}]"), port)).collect()
    }

    /// Reads an object of settings; `general` is its path in the table, `path` the one to tell.
    fn read_group(&mut self, general: &str, path: &str, value: &Value) -> Value {
        let mut read = Map::new();
        let Some(object) = value.as_object() else {
            self.problems.push(wrong_type(path, "object", value));
            return Value::Object(read);
        };
        for (key, inner) in object {
            let (inner_general, inner_path) = (format!("{general}.{key}"), format!("{path}.{key}"));
            // An exact row, never `Field::of`: a key may hold brackets of its own.
            if let Some(field) = FIELDS.iter().find(|field| field.path == inner_general) {
                self.problems.extend(check_value(field, &inner_path, inner));
                read.insert(key.clone(), inner.clone());
            } else if is_group(&inner_general) {
                let group = self.read_group(&inner_general, &inner_path, inner);
                read.insert(key.clone(), group);
            } else {
                self.unknown(path, key);
            }
        }
        Value::Object(read)
    }

    fn unknown(&mut self, path: &str, key: &str) {
        // A hostile file may hold a hundred thousand of them; no more than these are told.
        if self.problems.len() > MAX_PROBLEMS {
            return;
        }
        let shown = excerpt(key);
        let full = if path.is_empty() { shown } else { format!("{path}.{shown}") };
        let problem = Problem::error(full, ProblemCode::UnknownKey);
        self.problems.push(match meant(path, key) {
            Some(meant) => problem.with("meant", meant),
            None => problem,
        });
    }
}

fn is_group(general: &str) -> bool {
    FIELDS.iter().any(|field| field.path.strip_prefix(general).is_some_and(|rest| rest.starts_with('.')))
}

/// The setting that an unknown key may stand for: one of the same name elsewhere, one that differs in a letter or two, or one
/// that another maker calls so.
fn meant(path: &str, key: &str) -> Option<&'static str> {
    let name = |field: &&'static Field| field.path.rsplit('.').next().unwrap_or_default();
    let nearest = |field: &&'static Field| {
        let here = usize::from(!path.is_empty() && !field.path.starts_with(path.split('[').next().unwrap_or_default()));
        (distance(name(field), key), here)
    };
    let near = FIELDS.iter().filter(|field| distance(name(field), key) <= 2).min_by_key(nearest);
    let known = || FIELDS.iter().find(|field| field.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(key)));
    near.or_else(known).map(|field| field.path)
}

/// Letters to insert, remove or replace to make one word of the other (Levenshtein), capped for words of very different length.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
