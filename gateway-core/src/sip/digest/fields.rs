//! The fields of an authentication header: a scheme and comma-separated `name=value` (RFC 7235 §2.1).

use crate::sip::header::grammar;

/// The fields after one `Digest`.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Every Digest challenge or credential in one header value; other schemes are left out, a broken value has none.
    ///
    /// RFC 3261 wants one a header, but HTTP's way of several in one line is understood as well.
    pub(super) fn parse(value: &str) -> Vec<Fields> {
        let mut found: Vec<(bool, Fields)> = Vec::new();
        for part in grammar::split_unquoted(value, b',').unwrap_or_default() {
            let (name, text) = part.split_once('=').unwrap_or((part, ""));
            let (scheme, name) = match name.trim().rsplit_once(|c: char| c.is_ascii_whitespace()) {
                Some((scheme, name)) => (Some(scheme.trim()), name),
                None if !part.contains('=') => (Some(name.trim()), ""),
                None => (None, name.trim()),
            };
            if let Some(scheme) = scheme {
                found.push((scheme.eq_ignore_ascii_case("Digest"), Fields::default()));
            }
            let Some((_, fields)) = found.last_mut() else { return Vec::new() };
            if !name.is_empty() {
                fields.0.push((name.to_owned(), grammar::unquote(text.trim()).into_owned()));
            }
        }
        found.into_iter().filter_map(|(digest, fields)| digest.then_some(fields)).collect()
    }

    /// The value of `name` without quotes and escapes. Of a repeated name, the first.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_commas_and_foreign_letters_are_values() {
        let fields = Fields::parse(r#"Digest username="jos\"é, x", realm = "a<b" ,nc=00000001, QOP=auth"#);
        assert_eq!(fields.len(), 1);
        assert_eq!(fields[0].get("username"), Some("jos\"é, x"));
        assert_eq!(fields[0].get("Realm"), Some("a<b"));
        assert_eq!(fields[0].get("qop"), Some("auth"));
        assert_eq!(fields[0].get("opaque"), None);
    }

    #[test]
    fn several_challenges_in_one_line_are_told_apart() {
        let fields = Fields::parse(r#"Basic realm="x", Digest realm="a", nonce="1", digest realm="b""#);
        let realms: Vec<_> = fields.iter().map(|fields| fields.get("realm")).collect();
        assert_eq!(realms, [Some("a"), Some("b")]);
    }

    #[test]
    fn broken_values_hold_nothing() {
        for value in ["", "x=y", "Digest realm=\"open", "NoOneKnowsThisScheme opaque-data=here", ",,,"] {
            assert!(Fields::parse(value).is_empty(), "{value}");
        }
        assert_eq!(Fields::parse("Digest").len(), 1);
    }
}
