//! Older profiles, made into those of today: one step a version, each knowing only the next.

use serde_json::{Map, Value};

/// What one version changed, done to a file of the version before.
type Step = fn(&mut Map<String, Value>);

/// `STEPS[0]` makes version 2 of version 1.
const STEPS: &[Step] = &[to_2, to_3];

/// The newest version: one more than there are steps.
pub(super) const NEWEST: u32 = STEPS.len() as u32 + 1;

/// Version 2 has `sealed_secrets`, which version 1 did not know: what stands at that key of a version 1 file is none of ours and
/// must not be taken for a seal.
fn to_2(profile: &mut Map<String, Value>) {
    if let Some(foreign) = profile.shift_remove("sealed_secrets") {
        profile.insert("sealed_secrets (version 1)".to_owned(), foreign);
    }
}

/// Version 3 has dialling rules where version 2 had `blocked_prefixes`: what began with one of them was refused, and is refused by
/// the rule that says so. A `+` after the first place fitted no number, and no rule may have it.
fn to_3(profile: &mut Map<String, Value>) {
    let gateway = profile.get_mut("settings").and_then(|settings| settings.get_mut("gateway")).and_then(Value::as_object_mut);
    let Some(gateway) = gateway else { return };
    let Some(blocked) = gateway.shift_remove("blocked_prefixes") else { return };
    let rules = match blocked {
        Value::Array(prefixes) => Value::Array(prefixes.into_iter().filter_map(denial).collect()),
        // It never was a list, and is told as one of the wrong type.
        other => other,
    };
    gateway.insert("dial_rules".to_owned(), rules);
}

/// The rule that refuses what began with a blocked prefix; what is no text stays, to be told as one of the wrong type.
fn denial(prefix: Value) -> Option<Value> {
    match prefix.as_str() {
        Some(text) if text.chars().skip(1).any(|c| c == '+') => None,
        Some(text) => Some(Value::from(format!("deny {text}."))),
        None => Some(prefix),
    }
}

/// Takes a file from its version to the newest.
pub(super) fn upgrade(profile: &mut Map<String, Value>, version: u32) {
    climb(profile, version, STEPS);
}

fn climb(profile: &mut Map<String, Value>, version: u32, steps: &[Step]) {
    let done = usize::try_from(version).unwrap_or(usize::MAX).saturating_sub(1);
    for step in steps.iter().skip(done) {
        step(profile);
    }
    profile.insert("version".to_owned(), Value::from(done.max(steps.len()) + 1));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(profile: &mut Map<String, Value>, step: &str) {
        let before = profile.get("steps").and_then(Value::as_str).unwrap_or_default().to_owned();
        profile.insert("steps".to_owned(), Value::from(before + step));
    }

    fn climbed(version: u32, steps: &[Step]) -> Value {
        let mut profile = Map::new();
        profile.insert("version".to_owned(), Value::from(version));
        climb(&mut profile, version, steps);
        Value::Object(profile)
    }

    #[test]
    fn a_file_takes_the_steps_that_are_ahead_of_it_in_their_order() {
        let steps: &[Step] = &[|profile| note(profile, "2"), |profile| note(profile, "3")];
        assert_eq!(climbed(1, steps), serde_json::json!({"version": 3, "steps": "23"}));
        assert_eq!(climbed(2, steps), serde_json::json!({"version": 3, "steps": "3"}));
        assert_eq!(climbed(3, steps), serde_json::json!({"version": 3}));
    }

    #[test]
    fn what_version_1_had_by_chance_is_not_taken_for_a_seal() {
        let mut profile = serde_json::json!({"version": 1, "sealed_secrets": "x"}).as_object().unwrap().clone();
        upgrade(&mut profile, 1);
        assert_eq!(Value::Object(profile), serde_json::json!({"version": 3, "sealed_secrets (version 1)": "x"}));
    }

    #[test]
    fn what_version_2_blocked_is_denied_by_a_rule() {
        let upgraded = |blocked: Value| {
            let mut profile = serde_json::json!({"version": 2, "settings": {"gateway": {"blocked_prefixes": blocked, "stealth": true}}});
            let profile = profile.as_object_mut().unwrap();
            upgrade(profile, 2);
            profile["settings"]["gateway"].clone()
        };
        let rules = serde_json::json!({"stealth": true, "dial_rules": ["deny 00.", "deny +55.", 7]});
        assert_eq!(upgraded(serde_json::json!(["00", "+55", "0+1", 7])), rules);
        assert_eq!(upgraded(serde_json::json!("00"))["dial_rules"], "00");
    }
}
