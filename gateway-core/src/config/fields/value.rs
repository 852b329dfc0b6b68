//! A setting's value as people may see it: typed, and without secrets.

use serde::Serialize;
use serde_json::Value;

use super::{Field, Kind, Preset};

/// The value of one setting, fit to be shown. A secret tells only whether it is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum FieldValue {
    /// On or off.
    Flag(bool),
    /// A whole number, in the unit of the row.
    Integer(u32),
    /// A word of a list, as stored.
    Word(String),
    /// A line of text.
    Text(String),
    /// Several words or texts.
    List(Vec<String>),
    /// A secret: whether it is set.
    Secret(bool),
}

impl FieldValue {
    /// The value of a setting, or `None` when it has not the type of its row.
    #[must_use]
    pub fn of_json(field: &Field, value: &Value) -> Option<FieldValue> {
        let text = || value.as_str().map(str::to_owned);
        match field.kind {
            Kind::Flag => value.as_bool().map(FieldValue::Flag),
            Kind::Integer { .. } => value.as_u64().and_then(|number| u32::try_from(number).ok()).map(FieldValue::Integer),
            Kind::Choice { .. } => text().map(FieldValue::Word),
            Kind::Text { .. } => text().map(FieldValue::Text),
            Kind::Secret { .. } => value.as_str().map(|secret| FieldValue::Secret(!secret.is_empty())),
            Kind::Choices { .. } | Kind::Texts { .. } => {
                let items = value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned));
                items.collect::<Option<Vec<_>>>().map(FieldValue::List)
            }
        }
    }

    /// The default of a row.
    #[must_use]
    pub fn of_preset(field: &Field) -> FieldValue {
        match (field.default, field.kind) {
            (Preset::Flag(on), _) => FieldValue::Flag(on),
            (Preset::Integer(number), _) => FieldValue::Integer(number),
            (Preset::Text(word), Kind::Choice { .. }) => FieldValue::Word(word.to_owned()),
            (Preset::Text(text), _) => FieldValue::Text(text.to_owned()),
            (Preset::List(items), _) => FieldValue::List(items.iter().map(|item| (*item).to_owned()).collect()),
            (Preset::Unset, _) => FieldValue::Secret(false),
        }
    }
}
