//! Codes: an enum is known to the window, to files and to the database by the word that stands for it in JSON.

use serde::Serialize;
use serde_json::Value;

/// The code of `value`: of a variant without fields its name in JSON. What is more than a name, or cannot be written, has none.
#[must_use]
pub fn of(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(code)) => code,
        Ok(_) | Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Light {
        AlmostGreen,
        Other { shade: u8 },
    }

    #[test]
    fn a_name_is_a_code_and_what_carries_more_has_none() {
        assert_eq!(of(&Light::AlmostGreen), "almost_green");
        assert_eq!(of(&Light::Other { shade: 3 }), "");
        assert_eq!(of(&None::<Light>), "");
    }
}
