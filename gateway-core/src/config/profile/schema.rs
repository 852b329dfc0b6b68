//! The published JSON Schema of profiles, derived from the table.

use serde_json::{Map, Value, json};

use super::{ARMOUR, FORMAT, SEALED_SECRETS, VERSION};
use crate::config::fields::{FIELDS, Field, FieldValue, Kind, MAX_PORTS};

/// The JSON Schema (draft 2020-12) of the profiles of this version.
#[must_use]
pub fn json_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Loopstart profile",
        "type": "object",
        "required": ["format", "version", "settings"],
        "additionalProperties": false,
        "properties": {
            "$schema": { "type": "string" },
            "format": { "const": FORMAT },
            "version": { "const": VERSION },
            "settings": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "gateway": group("gateway"),
                    "ports": { "type": "array", "maxItems": MAX_PORTS, "items": group("ports[]") },
                },
            },
            SEALED_SECRETS: { "type": "string", "pattern": format!("^{ARMOUR}") },
        },
    })
}

/// The object of all settings below a path.
fn group(path: &str) -> Value {
    let mut properties = Map::new();
    for field in FIELDS {
        let Some(below) = field.path.strip_prefix(path).and_then(|rest| rest.strip_prefix('.')) else { continue };
        match below.split_once('.') {
            None => {
                properties.insert(below.to_owned(), value(field));
            }
            Some((inner, _)) => {
                properties.entry(inner).or_insert_with(|| group(&format!("{path}.{inner}")));
            }
        }
    }
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn value(field: &Field) -> Value {
    let mut schema = match field.kind {
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Integer { min, max, zero_is_off: false, .. } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Integer { min, max, zero_is_off: true, .. } => {
            json!({ "type": "integer", "anyOf": [{ "const": 0 }, { "minimum": min, "maximum": max }] })
        }
        Kind::Choice { words } => json!({ "enum": words }),
        Kind::Text { max_chars, .. } | Kind::Secret { max_chars } => json!({ "type": "string", "maxLength": max_chars }),
        Kind::Choices { words } => json!({ "type": "array", "items": { "enum": words }, "minItems": 1, "uniqueItems": true }),
        Kind::Texts { max_chars, max_items, .. } => {
            json!({ "type": "array", "items": { "type": "string", "maxLength": max_chars }, "maxItems": max_items, "uniqueItems": true })
        }
    };
    let default = match FieldValue::of_preset(field) {
        FieldValue::Flag(on) => json!(on),
        FieldValue::Integer(number) => json!(number),
        FieldValue::Word(text) | FieldValue::Text(text) => json!(text),
        FieldValue::List(items) => json!(items),
        FieldValue::Secret(_) => Value::Null,
    };
    if !default.is_null() {
        schema["default"] = default;
    }
    schema
}
