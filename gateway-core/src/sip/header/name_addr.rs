//! Addresses in From, To, Contact, Route and Record-Route (RFC 3261 §20.10).

use std::fmt;

use super::{HeaderError, Params, grammar};

/// A display name, a URI and header parameters.
///
/// The URI is the text that came, never a re-printed form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameAddr {
    /// Display name without quotes and escapes.
    pub display: Option<String>,
    /// The URI as it stood; `*` for the Contact that means all.
    pub uri: String,
    /// Header parameters: `tag`, `expires`, `q` and others.
    pub params: Params,
}

impl NameAddr {
    /// An address without display name and parameters.
    #[must_use]
    pub fn new(uri: &str) -> Self {
        NameAddr { display: None, uri: uri.to_owned(), params: Params::new() }
    }

    /// Reads one address, in either form: `"Name" <uri>;params` or `uri;params`.
    ///
    /// Tolerated, because they are common and harmless: display names with characters that want quotes, and white
    /// space inside the angle brackets. `header` names the header for the error.
    ///
    /// # Errors
    /// When quotes or brackets do not match, the URI is empty or holds white space, or a parameter is broken; also for
    /// a URI without brackets that holds a comma or question mark (RFC 3261 §20.10).
    pub fn parse(text: &str, header: &'static str) -> Result<Self, HeaderError> {
        Self::read(text.trim()).ok_or(HeaderError::Malformed(header))
    }

    fn read(text: &str) -> Option<Self> {
        if let Some(len) = grammar::quoted_len(text) {
            let (quoted, rest) = text.split_at_checked(len)?;
            let display = Some(grammar::unquote(quoted).into_owned());
            return Self::read_bracketed(display, rest.trim_start());
        }
        let Some(at) = text.find('<') else { return Self::read_bare(text) };
        let (display, rest) = text.split_at_checked(at)?;
        // A quote that was opened here was never closed before the bracket.
        if display.contains('"') {
            return None;
        }
        let display = display.trim();
        Self::read_bracketed((!display.is_empty()).then(|| display.to_owned()), rest)
    }

    fn read_bracketed(display: Option<String>, text: &str) -> Option<Self> {
        let (uri, params) = text.strip_prefix('<')?.split_once('>')?;
        let uri = sound_uri(uri.trim())?;
        Some(NameAddr { display, uri: uri.to_owned(), params: Params::parse(params)? })
    }

    fn read_bare(text: &str) -> Option<Self> {
        let (uri, params) = text.split_at_checked(text.find(';').unwrap_or(text.len()))?;
        let uri = sound_uri(uri.trim_end())?;
        if uri.contains(['?', ',', '"']) {
            return None;
        }
        Some(NameAddr { display: None, uri: uri.to_owned(), params: Params::parse(params)? })
    }

    /// The `tag` parameter.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.params.value("tag")
    }

    /// Sets the `tag` parameter.
    pub fn set_tag(&mut self, tag: &str) {
        self.params.set("tag", Some(tag));
    }

    /// The value of header parameter `name`, when it has one.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.value(name)
    }

    /// Whether this is the Contact `*` (RFC 3261 §10.2.2).
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.uri == "*"
    }
}

/// The URI text when it can be one: not empty, no white space, control or angle bracket.
fn sound_uri(uri: &str) -> Option<&str> {
    let broken = |c: char| c.is_whitespace() || c.is_control() || c == '<' || c == '>';
    (!uri.is_empty() && !uri.contains(broken)).then_some(uri)
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_wildcard() && self.display.is_none() {
            return write!(f, "*{}", self.params);
        }
        if let Some(display) = &self.display {
            write!(f, "{} ", grammar::quote(display))?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> NameAddr {
        NameAddr::parse(text, "From").unwrap()
    }

    #[test]
    fn quoted_names_lose_their_escapes_and_get_them_back() {
        let address = read(r#""Jo\"e \\ <x>, y"  <sip:joe@example.org;user=phone> ; tag = a7 "#);
        assert_eq!(address.display.as_deref(), Some(r#"Jo"e \ <x>, y"#));
        assert_eq!(address.uri, "sip:joe@example.org;user=phone");
        assert_eq!(address.tag(), Some("a7"));
        assert_eq!(address.to_string(), r#""Jo\"e \\ <x>, y" <sip:joe@example.org;user=phone>;tag=a7"#);
    }

    #[test]
    fn without_brackets_parameters_belong_to_the_header() {
        let address = read("sip:+19725552222@gw1.example.net;unknown;tag=5");
        assert_eq!(address.uri, "sip:+19725552222@gw1.example.net");
        assert!(address.params.has("unknown"));
        assert_eq!(read("tel:+551133334444;tag=1").uri, "tel:+551133334444");
        assert_eq!(read("*").to_string(), "*");
    }

    #[test]
    fn names_that_want_quotes_are_understood_and_printed_with_them() {
        assert_eq!(read("Bell, A. (x) <sip:a@b>").to_string(), r#""Bell, A. (x)" <sip:a@b>"#);
        assert_eq!(read("caller<sip:a@b>").display.as_deref(), Some("caller"));
        assert_eq!(read("< sip:a@b >").uri, "sip:a@b");
    }

    #[test]
    fn unbalanced_or_empty_addresses_are_refused() {
        for bad in [
            "",
            "<>",
            "<sip:a@b",
            "\"open <sip:a@b>",
            "x \" <sip:a@b>",
            "sip:a@b?Route=x",
            "<sip:a@b>x",
            "<sip:a b@c>",
            "\"x\" sip:a@b",
            "<sip:a@b>;;;;",
        ] {
            assert!(NameAddr::parse(bad, "To").is_err(), "{bad}");
        }
    }
}
