//! The secrets of settings, apart from them: by path, so that they can be sealed and put back.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::config::check::value::{check_value, excerpt, wrong_type};
use crate::config::fields::{self, FIELDS, Field, Kind};
use crate::config::problem::{Problem, ProblemCode};
use crate::config::settings::{Secret, Settings};

/// Secrets by the paths of their settings; blank ones are not among them. `Debug` tells the paths alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<String, String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Secrets {
    /// The secrets that are set.
    #[must_use]
    pub fn of(settings: &Settings) -> Secrets {
        let mut settings = settings.clone();
        Secrets(
            each(&mut settings)
                .into_iter()
                .filter(|(_, secret)| !secret.0.is_empty())
                .map(|(path, secret)| (path, secret.0.clone()))
                .collect(),
        )
    }

    /// True when no secret is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As JSON, `{"path": "secret"}`, in the clear: for the inside of a seal and nothing else.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.0.iter().map(|(path, secret)| (path.clone(), Value::from(secret.as_str()))).collect::<Value>().to_string()
    }

    /// Reads the inside of a seal for these settings.
    ///
    /// # Errors
    /// Everything that is no secret of theirs, each with its path.
    pub fn from_json(text: &str, settings: &Settings) -> Result<Secrets, Vec<Problem>> {
        let none = || vec![Problem::error("sealed_secrets", ProblemCode::SealWithoutSecrets)];
        let tree: Value = serde_json::from_str(text).map_err(|_| none())?;
        let sealed = tree.as_object().ok_or_else(none)?;
        let mut problems = Vec::new();
        let mut secrets = BTreeMap::new();
        let document = fields::document(settings);
        let placed = fields::placed(&document);
        for (path, value) in sealed.iter().take(placed.len() + 1) {
            let row = placed.iter().find(|row| row.path == *path && is_secret(row.field));
            match (row, value) {
                (None, _) => problems.push(Problem::error(excerpt(path), ProblemCode::UnknownSecret)),
                (Some(row), Value::String(secret)) => {
                    problems.extend(check_value(row.field, path, value));
                    secrets.insert(path.clone(), secret.clone());
                }
                (Some(_), other) => problems.push(wrong_type(path, "text", other)),
            }
        }
        if problems.is_empty() { Ok(Secrets(secrets)) } else { Err(problems) }
    }

    /// Puts the secrets into the settings that they were taken of.
    ///
    /// # Errors
    /// A secret that the settings have already: which of the two holds, nobody can tell. Nothing is put in then.
    pub fn put_into(&self, settings: &mut Settings) -> Result<(), Vec<Problem>> {
        let twice = |(path, secret): (String, &mut Secret)| (!secret.0.is_empty() && self.0.contains_key(&path)).then_some(path);
        let twice: Vec<String> = each(settings).into_iter().filter_map(twice).collect();
        if !twice.is_empty() {
            return Err(twice.into_iter().map(|path| Problem::error(path, ProblemCode::SecretTwice)).collect());
        }
        self.restore(settings);
        Ok(())
    }

    /// Puts the secrets into settings, over whatever is there. Paths that the settings do not have are passed over.
    pub fn restore(&self, settings: &mut Settings) {
        for (path, secret) in each(settings) {
            if let Some(known) = self.0.get(&path) {
                known.clone_into(&mut secret.0);
            }
        }
    }
}

/// Whether the secrets of `before`, sealed by a key that is not at hand, can stay as they are with `after`: it brings none of its own,
/// and every place that may have one belongs to the same user at the same server.
#[must_use]
pub fn stay_sealed(before: &Settings, after: &Settings) -> bool {
    let (old, new) = (&before.gateway, &after.gateway);
    let same_server = old.leads_where(new) && old.user == new.user;
    let same_users =
        before.ports.len() <= after.ports.len() && before.ports.iter().zip(&after.ports).all(|(old, new)| old.user == new.user);
    same_server && same_users && Secrets::of(after).is_empty()
}

/// The secrets that `after` would give up because they are sealed by a key that is not at hand and nobody typed them anew, each as
/// something to be confirmed. Whoever has no user has no secret to miss.
#[must_use]
pub fn given_up(before: &Settings, after: &Settings) -> Vec<Problem> {
    if stay_sealed(before, after) {
        return Vec::new();
    }
    let users = std::iter::once(&before.gateway.user).chain(before.ports.iter().map(|port| &port.user));
    let blank = |((path, secret), user): ((String, &mut Secret), &String)| {
        (secret.0.is_empty() && !user.is_empty()).then(|| Problem::confirm(path, ProblemCode::SecretGivenUp))
    };
    each(&mut after.clone()).into_iter().zip(users).filter_map(blank).collect()
}

/// Every secret of settings, set or not, with its path.
fn each(settings: &mut Settings) -> Vec<(String, &mut Secret)> {
    let ports = settings.ports.iter_mut().enumerate().map(|(index, port)| (format!("ports[{index}].secret"), &mut port.secret));
    std::iter::once(("gateway.secret".to_owned(), &mut settings.gateway.secret)).chain(ports).collect()
}

fn is_secret(field: &Field) -> bool {
    matches!(field.kind, Kind::Secret { .. })
}

/// Removes every secret of a settings document, by the table.
pub fn leave_out(document: &mut Value) {
    for field in FIELDS.iter().filter(|field| is_secret(field)) {
        let remove = |root: &mut Value, path: &str| {
            let (holder, key) =
                path.rsplit_once('.').map_or((String::new(), path), |(holder, key)| (format!("/{}", holder.replace('.', "/")), key));
            if let Some(map) = root.pointer_mut(&holder).and_then(Value::as_object_mut) {
                map.shift_remove(key);
            }
        };
        match field.below_port() {
            None => remove(document, field.path),
            Some(below) => {
                document.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten().for_each(|port| remove(port, below))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::problem::Severity;
    use crate::config::settings::{GatewaySettings, PortSettings};

    fn settings() -> Settings {
        let port = |secret: &str| PortSettings { user: "line".to_owned(), secret: Secret(secret.to_owned()), ..PortSettings::default() };
        Settings { gateway: GatewaySettings::default(), ports: vec![port("x7kq-93ms-p2rt"), port("")] }
    }

    fn mistakes(text: &str) -> Vec<(String, ProblemCode)> {
        Secrets::from_json(text, &settings()).unwrap_err().into_iter().map(|problem| (problem.path, problem.code)).collect()
    }

    /// `each` names fields by hand: it must name every row of the table that is a secret.
    #[test]
    fn every_secret_of_the_table_is_among_them() {
        let mut settings = settings();
        let document = fields::document(&settings);
        let rows: Vec<String> = fields::placed(&document).into_iter().filter(|row| is_secret(row.field)).map(|row| row.path).collect();
        assert_eq!(each(&mut settings).into_iter().map(|(path, _)| path).collect::<Vec<_>>(), rows);
    }

    #[test]
    fn what_is_taken_apart_is_put_together_again() {
        let whole = settings();
        let secrets = Secrets::of(&whole);
        let mut document = fields::document(&whole);
        leave_out(&mut document);
        assert!(!document.to_string().contains("x7kq"));
        let mut bare: Settings = serde_json::from_value(document).unwrap();
        let again = Secrets::from_json(&secrets.to_json(), &bare).unwrap();
        assert_eq!(again, secrets);
        again.put_into(&mut bare).unwrap();
        assert_eq!(bare, whole);
        assert_eq!(format!("{again:?}"), r#"{"ports[0].secret"}"#);
    }

    /// Settings as they are read while the key of their secrets is missing.
    fn sealed() -> Settings {
        let mut settings = settings();
        each(&mut settings).into_iter().for_each(|(_, secret)| *secret = Secret::default());
        settings
    }

    #[test]
    fn sealed_secrets_stay_where_nobody_touches_them_and_are_never_given_up_silently() {
        let before = sealed();
        let mut unrelated = before.clone();
        unrelated.gateway.rollback_after_s = 60;
        unrelated.ports.push(PortSettings::default());
        assert!(stay_sealed(&before, &unrelated));
        assert_eq!(given_up(&before, &unrelated), []);

        let mut typed = before.clone();
        typed.ports[0].secret = Secret("typed-anew-77".to_owned());
        let mut elsewhere = before.clone();
        elsewhere.gateway.remote_server = "other.example".to_owned();
        let mut renamed = before.clone();
        renamed.ports[1].user = "somebody".to_owned();
        let mut fewer = before.clone();
        fewer.ports.pop();
        for (after, paths) in [
            (typed, vec!["ports[1].secret"]),
            (elsewhere, vec!["ports[0].secret", "ports[1].secret"]),
            (renamed, vec!["ports[0].secret", "ports[1].secret"]),
            (fewer, vec!["ports[0].secret"]),
        ] {
            assert!(!stay_sealed(&before, &after));
            let told = given_up(&before, &after);
            assert!(told.iter().all(|problem| problem.severity == Severity::Confirm && problem.code == ProblemCode::SecretGivenUp));
            assert_eq!(told.into_iter().map(|problem| problem.path).collect::<Vec<_>>(), paths);
        }
    }

    #[test]
    fn a_secret_that_is_there_already_is_not_replaced_silently() {
        let mut whole = settings();
        let problems = Secrets::of(&settings()).put_into(&mut whole).unwrap_err();
        assert_eq!((problems[0].path.as_str(), problems[0].code), ("ports[0].secret", ProblemCode::SecretTwice));
        assert_eq!(whole, settings());
    }

    #[test]
    fn what_is_no_secret_of_the_settings_is_named() {
        for text in ["", "[]", "7", "\u{0}"] {
            assert_eq!(mistakes(text), [("sealed_secrets".to_owned(), ProblemCode::SealWithoutSecrets)], "{text}");
        }
        let text = r#"{"gateway.user":"a","ports[1].secret":7,"ports[2].secret":"beyond","ports[0].secret":"a\nb"}"#;
        let named = mistakes(text);
        let expected = [
            ("gateway.user", ProblemCode::UnknownSecret),
            ("ports[1].secret", ProblemCode::WrongType),
            ("ports[2].secret", ProblemCode::UnknownSecret),
            ("ports[0].secret", ProblemCode::ControlCharacter),
        ];
        assert_eq!(named, expected.map(|(path, code)| (path.to_owned(), code)));
    }
}
