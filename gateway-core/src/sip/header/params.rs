//! Parameters of headers and URIs: `;name`, `;name=value`, in the order they came.

use std::fmt;

use super::grammar;

/// An ordered list of parameters; names are compared without regard to case.
///
/// Values are kept as they stand on the wire, so a quoted value keeps its quotes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, Option<String>)>);

impl Params {
    /// No parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads `;a=b;c` (the first semicolon included), with white space around `;` and `=`. `None` when it is malformed.
    ///
    /// A value may be empty (`;rport=`), as some telephones write it; a name may not.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Some(Self::new());
        }
        let mut params = Vec::new();
        for part in grammar::split_unquoted(text.strip_prefix(';')?, b';')? {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name.trim_end(), Some(value.trim_start())),
                None => (part, None),
            };
            let sound = |value: &str| {
                grammar::quoted_len(value) == Some(value.len()) || !value.contains(|c: char| c.is_whitespace() || c == '"' || c == ',')
            };
            if !grammar::is_token(name) || !value.is_none_or(sound) {
                return None;
            }
            params.push((name.to_owned(), value.map(str::to_owned)));
        }
        Some(Params(params))
    }

    /// The value of `name`: `None` when it is absent, `Some(None)` when it stands without a value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Option<&str>> {
        self.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The value of `name`, when it has one.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.get(name).flatten()
    }

    /// Whether `name` is there, with or without a value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Sets `name` in its place, or adds it at the end.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(str::to_owned);
        match self.0.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            Some(param) => param.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Takes `name` out and returns its value as [`Params::get`] would.
    pub fn remove(&mut self, name: &str) -> Option<Option<String>> {
        let at = self.0.iter().position(|(n, _)| n.eq_ignore_ascii_case(name))?;
        let value = self.0.remove(at).1;
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        Some(value)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.iter() {
            match value {
                Some(value) => write!(f, ";{name}={value}")?,
                None => write!(f, ";{name}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_their_order_and_quotes() {
        let params = Params::parse(r#" ; Tag = a1 ;lr; x="a;b" "#).unwrap();
        assert_eq!(params.value("tag"), Some("a1"));
        assert_eq!(params.get("lr"), Some(None));
        assert_eq!(params.to_string(), r#";Tag=a1;lr;x="a;b""#);
    }

    #[test]
    fn an_empty_value_is_kept_as_it_is() {
        let params = Params::parse(";rport=;x").unwrap();
        assert_eq!((params.value("rport"), params.to_string().as_str()), (Some(""), ";rport=;x"));
    }

    #[test]
    fn empty_or_broken_parameters_are_refused() {
        for bad in [";", ";;", ";=b", "a", ";a b", ";a=b c", ";x=\"open", ";a=<b;c>"] {
            assert_eq!(Params::parse(bad), None, "{bad}");
        }
    }
}
