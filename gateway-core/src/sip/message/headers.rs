//! The header list of a message: `rsip` headers underneath, names without regard to case, order kept.

use rsip::Header;
use rsip::headers::UntypedHeader;

use crate::sip::header::{CSeq, HeaderError, NameAddr, Via, grammar};

/// Writes the table of header names once, and from it both directions between a name and an `rsip` header.
macro_rules! header_names {
    ($($variant:ident $name:literal),* $(,)?) => {
        fn build(name: &str, value: String) -> Header {
            $(if name.eq_ignore_ascii_case($name) {
                return Header::$variant(UntypedHeader::new(value));
            })*
            Header::Other(name.to_owned(), value)
        }

        fn parts(header: &Header) -> (&str, &str) {
            match header {
                $(Header::$variant(inner) => ($name, inner.value()),)*
                Header::Other(name, value) => (name, value),
            }
        }
    };
}

header_names! {
    Via "Via", From "From", To "To", CallId "Call-ID", CSeq "CSeq", MaxForwards "Max-Forwards", Contact "Contact",
    Route "Route", RecordRoute "Record-Route", ContentType "Content-Type", ContentLength "Content-Length",
    Expires "Expires", UserAgent "User-Agent", Server "Server", Allow "Allow", Supported "Supported",
    Require "Require", Authorization "Authorization", WwwAuthenticate "WWW-Authenticate",
    ProxyAuthenticate "Proxy-Authenticate", ProxyAuthorization "Proxy-Authorization",
    Accept "Accept", AcceptEncoding "Accept-Encoding", AcceptLanguage "Accept-Language", AlertInfo "Alert-Info",
    AuthenticationInfo "Authentication-Info", CallInfo "Call-Info", ContentDisposition "Content-Disposition",
    ContentEncoding "Content-Encoding", ContentLanguage "Content-Language", Date "Date", ErrorInfo "Error-Info",
    Event "Event", InReplyTo "In-Reply-To", MimeVersion "MIME-Version", MinExpires "Min-Expires",
    Organization "Organization", Priority "Priority", ProxyRequire "Proxy-Require", ReplyTo "Reply-To",
    RetryAfter "Retry-After", Subject "Subject", SubscriptionState "Subscription-State", Timestamp "Timestamp",
    Unsupported "Unsupported", Warning "Warning",
}

/// The headers of one message.
///
/// Names are compared without regard to case and in their long form; compact names are expanded when a message is read.
/// `Content-Length` is never in here: the writer derives it from the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(rsip::Headers);

impl Headers {
    /// No headers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of the first header `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The values of all headers `name`, one for each header line.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The values of all headers `name` with comma-separated lists taken apart, empty elements left out.
    ///
    /// A line whose quotes do not match is one element. Not for `WWW-Authenticate` and its kin, whose commas mean other things.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name).flat_map(|line| grammar::split_outside(line, b',').unwrap_or_else(|| vec![line])).filter(|value| !value.is_empty())
    }

    /// Whether list header `name` (`Require`, `Supported`, `Allow`) holds `token`, compared without regard to case.
    #[must_use]
    pub fn lists(&self, name: &str, token: &str) -> bool {
        self.list(name).any(|value| value.eq_ignore_ascii_case(token))
    }

    /// All headers as name and value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(parts)
    }

    /// Adds a header at the end.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push(build(name, one_line(value.into())));
    }

    /// Adds a header before all others of that name, or at the end when there is none.
    pub fn prepend(&mut self, name: &str, value: impl Into<String>) {
        let mut headers: Vec<Header> = std::mem::take(&mut self.0).into();
        let at = headers.iter().position(|header| parts(header).0.eq_ignore_ascii_case(name)).unwrap_or(headers.len());
        headers.insert(at, build(name, one_line(value.into())));
        self.0 = headers.into();
    }

    /// Replaces the first header `name` and removes the others; adds it at the end when there is none.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let mut replacement = Some(build(name, one_line(value.into())));
        let mut headers: Vec<Header> = Vec::new();
        for header in std::mem::take(&mut self.0) {
            if parts(&header).0.eq_ignore_ascii_case(name) {
                headers.extend(replacement.take());
            } else {
                headers.push(header);
            }
        }
        headers.extend(replacement);
        self.0 = headers.into();
    }

    /// Removes all headers `name`.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|header| !parts(header).0.eq_ignore_ascii_case(name));
    }

    /// Copies all headers `name` from `other` to the end of this list.
    pub fn copy(&mut self, name: &str, other: &Headers) {
        for header in other.0.iter().filter(|header| parts(header).0.eq_ignore_ascii_case(name)) {
            self.0.push(header.clone());
        }
    }

    /// The topmost Via.
    ///
    /// # Errors
    /// When there is none, or it is broken.
    pub fn top_via(&self) -> Result<Via, HeaderError> {
        Via::parse(self.list("Via").next().ok_or(HeaderError::Missing("Via"))?)
    }

    /// Puts `via` in the place of the topmost one, or first when there is none. Hops below it stay as they are.
    pub fn replace_top_via(&mut self, via: &Via) {
        let hops: Vec<String> = self.list("Via").skip(1).map(str::to_owned).collect();
        self.set("Via", via.to_string());
        let mut headers: Vec<Header> = std::mem::take(&mut self.0).into();
        let at = headers.iter().position(|header| matches!(header, Header::Via(_))).map_or(headers.len(), |at| at + 1);
        headers.splice(at..at, hops.into_iter().map(|hop| build("Via", hop)));
        self.0 = headers.into();
    }

    /// The first header `name` as an address.
    ///
    /// # Errors
    /// When there is none, or it is broken.
    pub fn address(&self, name: &'static str) -> Result<NameAddr, HeaderError> {
        NameAddr::parse(self.get(name).ok_or(HeaderError::Missing(name))?, name)
    }

    /// All addresses in headers `name` (Contact, Route, Record-Route), in order; none is fine.
    ///
    /// # Errors
    /// When one is broken.
    pub fn addresses(&self, name: &'static str) -> Result<Vec<NameAddr>, HeaderError> {
        self.list(name).map(|value| NameAddr::parse(value, name)).collect()
    }

    /// Call-ID.
    ///
    /// # Errors
    /// When it is missing, empty or holds white space.
    pub fn call_id(&self) -> Result<&str, HeaderError> {
        let value = self.get("Call-ID").ok_or(HeaderError::Missing("Call-ID"))?;
        if value.is_empty() || value.contains(char::is_whitespace) { Err(HeaderError::Malformed("Call-ID")) } else { Ok(value) }
    }

    /// CSeq.
    ///
    /// # Errors
    /// When it is missing or broken.
    pub fn cseq(&self) -> Result<CSeq, HeaderError> {
        CSeq::parse(self.get("CSeq").ok_or(HeaderError::Missing("CSeq"))?)
    }

    /// A header that is a number of seconds (`Expires`, `Min-Expires`, `Retry-After`); parameters and comments after it are ignored.
    ///
    /// A number too large for 32 bits counts as the largest that fits (RFC 3261 §20.19 allows 2³²−1).
    ///
    /// # Errors
    /// When it is there and no number.
    pub fn seconds(&self, name: &'static str) -> Result<Option<u32>, HeaderError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let digits = value.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        let after = value.get(digits.len()..).unwrap_or_default().trim_start();
        if digits.is_empty() || !(after.is_empty() || after.starts_with([';', '('])) {
            return Err(HeaderError::Malformed(name));
        }
        Ok(Some(digits.parse().unwrap_or(u32::MAX)))
    }

    /// Max-Forwards; `None` when absent (RFC 2543 peers).
    ///
    /// # Errors
    /// When it is there and no number from 0 to 255.
    pub fn max_forwards(&self) -> Result<Option<u8>, HeaderError> {
        match self.get("Max-Forwards") {
            None => Ok(None),
            Some(text) => grammar::decimal(text).map(Some).ok_or(HeaderError::Malformed("Max-Forwards")),
        }
    }
}

/// A value can never break out of its line, whoever it came from.
fn one_line(value: String) -> String {
    if value.contains(['\r', '\n']) { value.replace(['\r', '\n'], " ") } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_case_and_order_is_kept() {
        let mut headers = Headers::new();
        headers.push("call-id", "a@b");
        headers.push("X-Line", "1");
        headers.push("VIA", "SIP/2.0/UDP a");
        headers.prepend("Via", "SIP/2.0/UDP b");
        headers.set("x-line", "2");
        let all: Vec<_> = headers.iter().collect();
        assert_eq!(all, [("Call-ID", "a@b"), ("x-line", "2"), ("Via", "SIP/2.0/UDP b"), ("Via", "SIP/2.0/UDP a")]);
        assert_eq!(headers.get("Call-Id"), Some("a@b"));
        headers.remove("via");
        assert!(headers.top_via().is_err());
    }

    #[test]
    fn a_value_never_breaks_out_of_its_line() {
        let mut headers = Headers::new();
        headers.push("Subject", "x\r\nVia: evil");
        assert_eq!(headers.get("subject"), Some("x  Via: evil"));
    }

    #[test]
    fn replacing_the_top_via_leaves_the_hops_below() {
        let mut headers = Headers::new();
        headers.push("Via", "SIP/2.0/UDP a;rport, SIP/2.0/TCP b");
        headers.push("To", "<sip:x@y>");
        headers.push("Via", "SIP/2.0/TLS c");
        let mut via = headers.top_via().unwrap();
        via.note_source("192.0.2.1:7000".parse().unwrap());
        headers.replace_top_via(&via);
        let hops: Vec<_> = headers.all("Via").collect();
        assert_eq!(hops, ["SIP/2.0/UDP a;rport=7000;received=192.0.2.1", "SIP/2.0/TCP b", "SIP/2.0/TLS c"]);
    }

    #[test]
    fn seconds_saturate_and_reject_words() {
        let mut headers = Headers::new();
        headers.push("Expires", "100000000000000");
        headers.push("Retry-After", "18000;duration=3600 (later)");
        headers.push("Min-Expires", "soon");
        assert_eq!(headers.seconds("Expires"), Ok(Some(u32::MAX)));
        assert_eq!(headers.seconds("Retry-After"), Ok(Some(18000)));
        assert!(headers.seconds("Min-Expires").is_err());
        assert_eq!(headers.seconds("Session-Expires"), Ok(None));
    }
}
