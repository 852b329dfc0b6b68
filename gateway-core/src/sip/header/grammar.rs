//! The lexical rules that header values share (RFC 3261 §25.1): tokens, quoted strings, lists.

use std::borrow::Cow;
use std::net::IpAddr;

/// Whether `text` is a token: one or more letters, digits or ``-.!%*_+`'~``.
#[must_use]
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// Whether `byte` may stand in a token.
#[must_use]
pub fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

/// The length of the quoted string at the start of `text`, both quotes included; `None` when it is not closed.
#[must_use]
pub fn quoted_len(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut escaped = false;
    for (at, &byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Splits at `separator` where it stands outside quoted strings and angle brackets. Parts are trimmed and may be empty.
///
/// `None` when a quoted string is not closed.
#[must_use]
pub fn split_outside(text: &str, separator: u8) -> Option<Vec<&str>> {
    split(text, separator, true)
}

/// Splits at `separator` where it stands outside quoted strings; angle brackets mean nothing. Parts are trimmed and may be empty.
///
/// `None` when a quoted string is not closed.
#[must_use]
pub fn split_unquoted(text: &str, separator: u8) -> Option<Vec<&str>> {
    split(text, separator, false)
}

fn split(text: &str, separator: u8, by_angles: bool) -> Option<Vec<&str>> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let (mut start, mut at, mut in_angle) = (0, 0, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' if !in_angle => {
                at += quoted_len(text.get(at..)?)?;
                continue;
            }
            b'<' => in_angle = by_angles,
            b'>' => in_angle = false,
            _ if byte == separator && !in_angle => {
                parts.push(text.get(start..at)?.trim());
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(text.get(start..)?.trim());
    Some(parts)
}

/// The text of a quoted string without its quotes and escapes; any other text as it is.
#[must_use]
pub fn unquote(text: &str) -> Cow<'_, str> {
    let inner = match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner,
        None => return Cow::Borrowed(text),
    };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.extend(chars.next()),
            c => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

/// `text` as a quoted string. Control characters cannot be carried and become spaces.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A decimal number with nothing around it: no sign, no space.
#[must_use]
pub fn decimal<N: std::str::FromStr>(text: &str) -> Option<N> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Splits `host[:port]`, where an IPv6 host stands in brackets. The host comes back without them.
///
/// White space around the colon is allowed, as in Via. `None` when the host or the port cannot be one.
#[must_use]
pub fn host_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(inner) => {
            let (host, rest) = inner.split_once(']')?;
            ip(host).filter(IpAddr::is_ipv6)?;
            (host, rest.trim())
        }
        None => {
            let end = text.find(':').unwrap_or(text.len());
            let (host, rest) = text.split_at_checked(end)?;
            let host = host.trim_end();
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            if host.is_empty() || !host.bytes().all(legal) {
                return None;
            }
            (host, rest)
        }
    };
    match rest.strip_prefix(':') {
        None if rest.is_empty() => Some((host, None)),
        None => None,
        Some(port) => decimal::<u16>(port.trim()).filter(|port| *port != 0).map(|port| (host, Some(port))),
    }
}

/// The address that a host is, without brackets. A colon too much, which the grammar of RFC 3261 once asked for before an IPv4
/// address at the end, is forgiven (RFC 5118 §4.10).
#[must_use]
pub fn ip(host: &str) -> Option<IpAddr> {
    host.parse().ok().or_else(|| host.replacen(":::", "::", 1).parse().ok())
}

/// A host as it stands in a URI or Via: an IPv6 address goes into brackets.
#[must_use]
pub fn bracketed(host: &str) -> Cow<'_, str> {
    if host.contains(':') { Cow::Owned(format!("[{host}]")) } else { Cow::Borrowed(host) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_inside_quotes_or_angles_separates_nothing() {
        assert_eq!(split_outside(r#""a, \"b" <sip:x,y@z> , c"#, b','), Some(vec![r#""a, \"b" <sip:x,y@z>"#, "c"]));
        assert_eq!(split_outside(r#""open, c"#, b','), None);
        assert_eq!(split_unquoted(r#"a=<b, c="d,e>", "#, b','), Some(vec!["a=<b", r#"c="d,e>""#, ""]));
    }

    #[test]
    fn quoting_and_unquoting_are_inverse() {
        for text in ["", "Zé \"o\" \\ Grande", "plain"] {
            assert_eq!(unquote(&quote(text)), text);
        }
        assert_eq!(quote("a\r\nb"), "\"a  b\"");
    }

    #[test]
    fn hosts_and_ports_split_in_both_families() {
        assert_eq!(host_port("pbx.example"), Some(("pbx.example", None)));
        assert_eq!(host_port("192.0.2.1:5060"), Some(("192.0.2.1", Some(5060))));
        assert_eq!(host_port("[2001:db8::1]:5062"), Some(("2001:db8::1", Some(5062))));
        assert_eq!(host_port("[::1]"), Some(("::1", None)));
        for bad in ["", ":5060", "a:", "a:0", "a:65536", "[::1", "[zz]", "[::1]x", "2001:db8::1", "a b", "a:+5"] {
            assert_eq!(host_port(bad), None, "{bad}");
        }
    }
}
