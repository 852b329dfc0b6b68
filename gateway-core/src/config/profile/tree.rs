//! JSON into a value, telling the keys that stand twice in one object, which plain parsing would drop silently.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::MAX_PROBLEMS;
use crate::config::check::value::excerpt;
use crate::config::problem::{Problem, ProblemCode};

/// Reads a JSON text; the first of two equal keys counts, the second is a problem.
///
/// # Errors
/// A text that is not one JSON value. Nesting is bounded by the parser (128 levels).
pub(super) fn parse(text: &str) -> Result<(Value, Vec<Problem>), serde_json::Error> {
    let repeated = RefCell::new(Vec::new());
    let mut parser = serde_json::Deserializer::from_str(text);
    let value = Node { path: "", repeated: &repeated }.deserialize(&mut parser)?;
    parser.end()?;
    Ok((value, repeated.into_inner()))
}

/// One value on its way in, and where it stands.
#[derive(Clone, Copy)]
struct Node<'a> {
    path: &'a str,
    repeated: &'a RefCell<Vec<Problem>>,
}

impl Node<'_> {
    fn path_of(&self, key: &str) -> String {
        let key = excerpt(key);
        // Problems name settings as the rest of the program does: `gateway.mode`, not `settings.gateway.mode`.
        if self.path.is_empty() || self.path == "settings" { key } else { format!("{}.{key}", self.path) }
    }

    fn tell_repeated(&self, path: String) {
        let mut repeated = self.repeated.borrow_mut();
        if repeated.len() <= MAX_PROBLEMS {
            repeated.push(Problem::error(path, ProblemCode::RepeatedKey));
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let path = format!("{}[{}]", self.path, list.len());
            match items.next_element_seed(Node { path: &path, ..self })? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let path = self.path_of(&key);
            let value = entries.next_value_seed(Node { path: &path, ..self })?;
            if map.contains_key(&key) {
                self.tell_repeated(path);
            } else {
                map.insert(key, value);
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_reads_what_the_plain_parser_reads() {
        for text in [r#"{"a":[1,-2,1.5,null,true,"x",{"b":{}}]}"#, "[]", "3", r#""\u00e9""#, "18446744073709551615", "1e400"] {
            let plain: Option<Value> = serde_json::from_str(text).ok();
            assert_eq!(parse(text).ok().map(|(value, _)| value), plain, "{text}");
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_told_and_the_first_one_counts() {
        let (value, repeated) = parse(r#"{"settings":{"ports":[{},{"user":"a","user":"b"}],"ports":[]},"x":1}"#).unwrap();
        assert_eq!(value["settings"]["ports"][1]["user"], "a");
        let paths: Vec<_> = repeated.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["ports[1].user", "ports"]);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "{} {}", "{'a':1}", "nan", "{\"a\":1,}", "\u{0}"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
