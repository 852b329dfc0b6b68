//! Older profiles, made into those of today: one step a version, each knowing only the next.

use serde_json::{Map, Value};

/// What one version changed, done to a file of the version before.
type Step = fn(&mut Map<String, Value>);

/// `STEPS[0]` makes version 2 of version 1.
const STEPS: &[Step] = &[to_2];

/// The newest version: one more than there are steps.
pub(super) const NEWEST: u32 = STEPS.len() as u32 + 1;

/// Version 2 has `sealed_secrets`, which version 1 did not know: what stands at that key of a version 1 file is none of ours and
/// must not be taken for a seal.
fn to_2(profile: &mut Map<String, Value>) {
    if let Some(foreign) = profile.shift_remove("sealed_secrets") {
        profile.insert("sealed_secrets (version 1)".to_owned(), foreign);
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
        assert_eq!(Value::Object(profile), serde_json::json!({"version": 2, "sealed_secrets (version 1)": "x"}));
    }
}
