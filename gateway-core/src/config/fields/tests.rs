use super::*;
use crate::config::settings::{GatewaySettings, PortSettings};

fn one_port() -> Value {
    document(&Settings { gateway: GatewaySettings::default(), ports: vec![PortSettings::default()] })
}

/// The paths of all leaves of a settings document, with `[]` for the index of a port.
fn leaves(value: &Value, path: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                leaves(inner, &if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, out);
            }
        }
        Value::Array(items) if path == "ports" => leaves(&items[0], "ports[]", out),
        _ => out.push(path.to_owned()),
    }
}

#[test]
fn every_setting_has_one_row_and_every_row_a_setting() {
    let mut settings = Vec::new();
    leaves(&one_port(), "", &mut settings);
    let mut rows: Vec<String> = FIELDS.iter().map(|field| field.path.to_owned()).collect();
    settings.sort();
    rows.sort();
    assert_eq!(settings, rows);
    rows.dedup();
    assert_eq!(rows.len(), FIELDS.len());
}

#[test]
fn the_defaults_of_the_table_are_the_defaults_of_the_settings() {
    let document = one_port();
    let placed = placed(&document);
    assert_eq!(placed.len(), FIELDS.len());
    for setting in placed {
        let value = FieldValue::of_json(setting.field, setting.value.unwrap());
        assert_eq!(value, Some(FieldValue::of_preset(setting.field)), "{}", setting.path);
    }
}

#[test]
fn every_default_is_allowed() {
    let document = one_port();
    for setting in placed(&document) {
        assert_eq!(crate::config::check::value::check_placed(&setting), [], "{}", setting.path);
    }
}

#[test]
fn the_words_of_a_choice_are_the_words_of_its_type() {
    for field in FIELDS {
        let (Kind::Choice { words } | Kind::Choices { words }) = field.kind else { continue };
        for word in words {
            let mut document = one_port();
            let place = match field.below_port() {
                Some(below) => format!("/ports/0/{}", below.replace('.', "/")),
                None => format!("/{}", field.path.replace('.', "/")),
            };
            let listed = matches!(field.kind, Kind::Choices { .. });
            *document.pointer_mut(&place).unwrap() = if listed { serde_json::json!([word]) } else { serde_json::json!(word) };
            let read: Settings = serde_json::from_value(document.clone()).unwrap_or_else(|error| panic!("{} {word}: {error}", field.path));
            assert_eq!(super::document(&read), document);
        }
    }
}

#[test]
fn a_row_is_found_by_its_path_with_or_without_an_index() {
    for path in ["ports[].line.guard_ms", "ports[0].line.guard_ms", "ports[63].line.guard_ms"] {
        assert_eq!(Field::of(path).map(|field| field.path), Some("ports[].line.guard_ms"));
    }
    assert_eq!(Field::of("gateway.sip_port").map(|field| field.label()), Some("settings.gateway.sip_port".to_owned()));
    assert_eq!(Field::of("ports[1].user").map(|field| field.label()), Some("settings.ports.user".to_owned()));
    for path in ["", "ports[x].user", "ports[0", "ports", "gateway.sip_ports"] {
        assert!(Field::of(path).is_none(), "{path}");
    }
}

#[test]
fn a_secret_is_never_part_of_what_is_shown() {
    let field = Field::of("gateway.secret").unwrap();
    assert_eq!(FieldValue::of_json(field, &Value::from("hunter2")), Some(FieldValue::Secret(true)));
    assert_eq!(FieldValue::of_json(field, &Value::from("")), Some(FieldValue::Secret(false)));
}

#[test]
fn the_window_gets_the_whole_table_as_plain_data() {
    let infos = serde_json::to_value(infos()).unwrap();
    let guard = infos.as_array().unwrap().iter().find(|info| info["path"] == "ports[].line.guard_ms").unwrap();
    assert_eq!(
        guard["kind"],
        serde_json::json!({"type": "integer", "min": 200, "max": 30000, "unit": "milliseconds", "zero_is_off": false})
    );
    assert_eq!(guard["default"], serde_json::json!({"type": "integer", "value": 1000}));
    assert_eq!(guard["grade"], "when_idle");
    assert!(guard["aliases"].as_array().unwrap().contains(&Value::from("GuardTimeBetweenCalls")));
}

mod reference;
