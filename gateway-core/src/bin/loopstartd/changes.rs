//! Changes of settings, one a line.

use gateway_core::code;
use gateway_core::config::diff::Change;
use gateway_core::config::fields::FieldValue;

use super::words;

/// `ports[0].target: "200" -> "300" (with the next call)`.
pub(crate) fn line(change: &Change) -> String {
    let (before, after) = (shown(change.before.as_ref()), shown(change.after.as_ref()));
    format!("{}: {before} -> {after} ({})", change.path, words::of(&format!("grade.{}", code::of(&change.grade)), &[]))
}

/// A value as the profile has it; a secret tells only whether it is set.
fn shown(value: Option<&FieldValue>) -> String {
    match value {
        None => "-".to_owned(),
        Some(FieldValue::Flag(on)) => on.to_string(),
        Some(FieldValue::Integer(number)) => number.to_string(),
        Some(FieldValue::Word(text) | FieldValue::Text(text)) => format!("{text:?}"),
        Some(FieldValue::List(items)) => format!("{items:?}"),
        Some(FieldValue::Secret(set)) => if *set { "***" } else { "\"\"" }.to_owned(),
    }
}
