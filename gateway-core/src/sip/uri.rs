//! URIs (RFC 3261 §19.1, RFC 3966), read for what routing needs. The raw text stays with its message.

use std::fmt;
use std::net::IpAddr;

use super::header::{Params, grammar};

/// Why a URI could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// No `scheme:` in front.
    #[error("no scheme")]
    Scheme,
    /// The user part breaks its grammar.
    #[error("broken user part")]
    User,
    /// The host or port breaks its grammar.
    #[error("broken host or port")]
    Host,
    /// A parameter breaks its grammar.
    #[error("broken parameter")]
    Params,
}

/// A URI taken apart.
///
/// `sip:` and `sips:` fill every field. `tel:` has the number as user and no host. Of any other scheme only `scheme` and
/// `opaque` are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uri {
    /// In lower case.
    pub scheme: String,
    /// User part with `%XX` decoded.
    pub user: Option<String>,
    /// User part as it stood.
    pub raw_user: Option<String>,
    /// Password, as it stood; its use is discouraged everywhere.
    pub password: Option<String>,
    /// Host as it stood; an IPv6 address without its brackets. Empty for `tel:` and unknown schemes.
    pub host: String,
    /// Port, when given.
    pub port: Option<u16>,
    /// Parameters after the host (or the number).
    pub params: Params,
    /// What follows `?`, as it stood. Not allowed in a Request-URI.
    pub headers: Option<String>,
    /// Everything after the colon, for schemes that are not known here.
    pub opaque: Option<String>,
}

impl Uri {
    /// A `sip:` URI; characters that the user part cannot hold are escaped.
    #[must_use]
    pub fn sip(user: Option<&str>, host: &str, port: Option<u16>) -> Self {
        Uri {
            scheme: "sip".to_owned(),
            user: user.map(str::to_owned),
            raw_user: user.map(escape_user),
            host: host.to_owned(),
            port,
            ..Uri::default()
        }
    }

    /// Reads a URI.
    ///
    /// # Errors
    /// When it has no scheme, or a known scheme's grammar is broken. A raw `#` in the user part, as star codes have it,
    /// is tolerated.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let (scheme, rest) = text.split_once(':').ok_or(UriError::Scheme)?;
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.bytes().all(legal) {
            return Err(UriError::Scheme);
        }
        let scheme = scheme.to_ascii_lowercase();
        match scheme.as_str() {
            "sip" | "sips" => Self::parse_sip(scheme, rest),
            "tel" => Self::parse_tel(scheme, rest),
            _ => Ok(Uri { scheme, opaque: Some(rest.to_owned()), ..Uri::default() }),
        }
    }

    fn parse_sip(scheme: String, rest: &str) -> Result<Self, UriError> {
        let (userinfo, rest) = match rest.split_once('@') {
            Some((userinfo, rest)) => (Some(userinfo), rest),
            None => (None, rest),
        };
        let (raw_user, password) = match userinfo.map(|text| text.split_once(':').map_or((text, None), |(u, p)| (u, Some(p)))) {
            Some((user, password)) => (Some(user), password),
            None => (None, None),
        };
        let broken = |c: char| c.is_whitespace() || c.is_control() || "<>\"@".contains(c);
        if raw_user.is_some_and(|user| user.is_empty() || user.contains(broken)) || password.is_some_and(|text| text.contains(broken)) {
            return Err(UriError::User);
        }
        let user = raw_user.map(|raw| unescape(raw).ok_or(UriError::User)).transpose()?;
        let (rest, headers) = match rest.split_once('?') {
            Some((rest, headers)) => (rest, Some(headers.to_owned())),
            None => (rest, None),
        };
        let (host, params) = rest.split_at_checked(rest.find(';').unwrap_or(rest.len())).ok_or(UriError::Host)?;
        if host.contains(char::is_whitespace) {
            return Err(UriError::Host);
        }
        let (host, port) = grammar::host_port(host).ok_or(UriError::Host)?;
        Ok(Uri {
            scheme,
            user,
            raw_user: raw_user.map(str::to_owned),
            password: password.map(str::to_owned),
            host: host.to_owned(),
            port,
            params: parse_params(params)?,
            headers,
            opaque: None,
        })
    }

    fn parse_tel(scheme: String, rest: &str) -> Result<Self, UriError> {
        let (number, params) = rest.split_at_checked(rest.find(';').unwrap_or(rest.len())).ok_or(UriError::User)?;
        let legal = |byte: u8| byte.is_ascii_hexdigit() || b"+-.()*#%".contains(&byte);
        if number.is_empty() || !number.bytes().all(legal) {
            return Err(UriError::User);
        }
        let user = unescape(number).ok_or(UriError::User)?;
        Ok(Uri { scheme, user: Some(user), raw_user: Some(number.to_owned()), params: parse_params(params)?, ..Uri::default() })
    }

    /// The host as an address, when it is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        grammar::ip(&self.host)
    }

    /// Whether the scheme is `sip` or `sips`.
    #[must_use]
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme.as_str(), "sip" | "sips")
    }

    /// Whether both name the same resource (RFC 3261 §19.1.4): the user compared exactly after decoding, the rest without
    /// regard to case; `user`, `ttl`, `method`, `maddr` and `transport` must stand on both sides or on neither.
    #[must_use]
    pub fn equivalent(&self, other: &Uri) -> bool {
        let param = |uri: &Uri, name: &str| uri.params.get(name).map(|value| value.unwrap_or_default().to_ascii_lowercase());
        let same_where_both = |(name, _): (&str, Option<&str>)| !other.params.has(name) || param(self, name) == param(other, name);
        self.scheme == other.scheme
            && self.user == other.user
            && self.password == other.password
            && (self.host.eq_ignore_ascii_case(&other.host) || (self.ip().is_some() && self.ip() == other.ip()))
            && self.port == other.port
            && self.opaque == other.opaque
            && self.headers == other.headers
            && ["user", "ttl", "method", "maddr", "transport"].into_iter().all(|name| param(self, name) == param(other, name))
            && self.params.iter().all(same_where_both)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scheme)?;
        if let Some(opaque) = &self.opaque {
            return f.write_str(opaque);
        }
        if let Some(user) = &self.raw_user {
            f.write_str(user)?;
            if let Some(password) = &self.password {
                write!(f, ":{password}")?;
            }
            if !self.host.is_empty() {
                f.write_str("@")?;
            }
        }
        f.write_str(&grammar::bracketed(&self.host))?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)?;
        match &self.headers {
            Some(headers) => write!(f, "?{headers}"),
            None => Ok(()),
        }
    }
}

/// URI parameters: unlike header parameters they know no quotes and no white space, and names may hold more than tokens.
fn parse_params(text: &str) -> Result<Params, UriError> {
    let mut params = Params::new();
    let Some(text) = text.strip_prefix(';') else { return Ok(params) };
    // A semicolon too many says nothing, and some telephones end their Contact with one.
    for part in text.split(';').filter(|part| !part.is_empty()) {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (part, None),
        };
        let broken = |c: char| c.is_whitespace() || c.is_control() || "<>\"@".contains(c);
        if name.is_empty() || part.contains(broken) {
            return Err(UriError::Params);
        }
        params.set(name, value);
    }
    Ok(params)
}

/// `text` with `%XX` decoded; bytes that are no UTF-8 are read as Latin-1. `None` when a `%` is not followed by two digits.
#[must_use]
pub fn unescape(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            plain.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            plain.push(byte);
        }
    }
    Some(String::from_utf8(plain).unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect()))
}

/// `user` with everything escaped that the user part of a URI cannot hold (RFC 3261 §25.1).
#[must_use]
pub fn escape_user(user: &str) -> String {
    escape(user, |byte| byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte))
}

/// `uri` with white space and control characters escaped, so that it cannot leave its place in a request line.
pub(super) fn without_breaks(uri: &str) -> String {
    escape(uri, |byte| byte > b' ' && byte != 0x7f)
}

fn escape(text: &str, keep: impl Fn(u8) -> bool) -> String {
    if text.bytes().all(&keep) {
        return text.to_owned();
    }
    let mut escaped = Vec::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if keep(byte) {
            escaped.push(byte);
        } else {
            escaped.extend(format!("%{byte:02X}").bytes());
        }
    }
    String::from_utf8(escaped).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_sip_uri_comes_apart_and_goes_together() {
        let text = "sip:%2A21%23:pw@[2001:db8::1]:5062;user=phone;lr?Subject=x";
        let uri = Uri::parse(text).unwrap();
        assert_eq!(uri.user.as_deref(), Some("*21#"));
        assert_eq!(uri.raw_user.as_deref(), Some("%2A21%23"));
        assert_eq!((uri.host.as_str(), uri.port), ("2001:db8::1", Some(5062)));
        assert_eq!(uri.params.value("user"), Some("phone"));
        assert_eq!(uri.headers.as_deref(), Some("Subject=x"));
        assert_eq!(uri.to_string(), text);
    }

    #[test]
    fn star_codes_work_raw_and_escaped() {
        assert_eq!(Uri::parse("sip:*21#@10.0.0.1").unwrap().user.as_deref(), Some("*21#"));
        assert_eq!(Uri::sip(Some("*21#"), "10.0.0.1", None).to_string(), "sip:*21%23@10.0.0.1");
        assert_eq!(Uri::sip(Some("José"), "::1", Some(5060)).to_string(), "sip:Jos%C3%A9@[::1]:5060");
    }

    #[test]
    fn tel_and_unknown_schemes_are_understood_as_far_as_they_go() {
        let tel = Uri::parse("tel:+55-11-3333.4444;phone-context=br").unwrap();
        assert_eq!((tel.user.as_deref(), tel.host.as_str()), (Some("+55-11-3333.4444"), ""));
        assert_eq!(tel.to_string(), "tel:+55-11-3333.4444;phone-context=br");
        assert_eq!(Uri::parse("soap.beep://192.0.2.103:3002").unwrap().opaque.as_deref(), Some("//192.0.2.103:3002"));
        assert!(Uri::parse("tel:").is_err());
    }

    #[test]
    fn broken_uris_are_refused() {
        for bad in [
            "",
            "sip",
            ":x",
            "sip:",
            "sip:@h",
            "sip:u@",
            "sip:u@h:0",
            "sip:u@h:99999",
            "sip:u@h;=x",
            "sip:a@b@c",
            "sip:u%4@h",
            "sip:u@h; lr",
            "<sip:u@h>",
            "sip:u@[::1",
            "sip:u v@h",
            "1sip:u@h",
            "sip:u@h;a=<b>",
        ] {
            assert!(Uri::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn equivalence_follows_rfc_3261_19_1_4() {
        let same = |a: &str, b: &str| Uri::parse(a).unwrap().equivalent(&Uri::parse(b).unwrap());
        assert!(same("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"));
        assert!(same("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"));
        assert!(!same("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"));
        assert!(!same("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
        assert!(!same("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"));
        assert!(!same("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;newparam=6"));
        assert!(same("sip:a@[2001:db8:0::1]", "sip:a@[2001:DB8::1]"));
    }
}
