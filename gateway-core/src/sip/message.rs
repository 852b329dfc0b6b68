//! The facade over SIP messages: the only SIP types that the rest of the house knows.
//!
//! The message model underneath is the `rsip` crate's; [`super::wire`] reads and prints it. Raw URI text is kept, because
//! routing and digest need the bytes that came, not a re-printed form.

mod headers;
mod reason;

use std::fmt;

pub use super::header::{CSeq, HeaderError, NameAddr, Params, Via};
pub use super::uri::Uri;
pub use headers::Headers;
pub use reason::phrase;

use super::header::grammar;
use super::hop::Transport;

/// A SIP method.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// RFC 3261.
    Invite,
    /// RFC 3261.
    Ack,
    /// RFC 3261.
    Bye,
    /// RFC 3261.
    Cancel,
    /// RFC 3261.
    Register,
    /// RFC 3261.
    Options,
    /// RFC 6086.
    Info,
    /// RFC 3262.
    Prack,
    /// RFC 3311.
    Update,
    /// RFC 3515.
    Refer,
    /// RFC 6665.
    Notify,
    /// RFC 6665.
    Subscribe,
    /// RFC 3428.
    Message,
    /// Any other token.
    Other(String),
}

impl Method {
    /// The method as it stands in a request line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Method::Invite => "INVITE",
            Method::Ack => "ACK",
            Method::Bye => "BYE",
            Method::Cancel => "CANCEL",
            Method::Register => "REGISTER",
            Method::Options => "OPTIONS",
            Method::Info => "INFO",
            Method::Prack => "PRACK",
            Method::Update => "UPDATE",
            Method::Refer => "REFER",
            Method::Notify => "NOTIFY",
            Method::Subscribe => "SUBSCRIBE",
            Method::Message => "MESSAGE",
            Method::Other(token) => token,
        }
    }

    /// The method of a token; methods are case-sensitive (RFC 3261 §7.1). `None` when it is no token.
    #[must_use]
    pub fn from_token(token: &str) -> Option<Self> {
        Some(match token {
            "INVITE" => Method::Invite,
            "ACK" => Method::Ack,
            "BYE" => Method::Bye,
            "CANCEL" => Method::Cancel,
            "REGISTER" => Method::Register,
            "OPTIONS" => Method::Options,
            "INFO" => Method::Info,
            "PRACK" => Method::Prack,
            "UPDATE" => Method::Update,
            "REFER" => Method::Refer,
            "NOTIFY" => Method::Notify,
            "SUBSCRIBE" => Method::Subscribe,
            "MESSAGE" => Method::Message,
            other if grammar::is_token(other) => Method::Other(other.to_owned()),
            _ => return None,
        })
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A SIP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

impl From<Request> for Message {
    fn from(request: Request) -> Self {
        Message::Request(request)
    }
}

impl From<Response> for Message {
    fn from(response: Response) -> Self {
        Message::Response(response)
    }
}

/// A SIP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    method: Method,
    uri: String,
    headers: Headers,
    body: Vec<u8>,
}

/// A SIP response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: rsip::StatusCode,
    headers: Headers,
    body: Vec<u8>,
}

impl Request {
    /// A request with no headers yet. White space and control characters, which no URI holds, become `%XX`.
    #[must_use]
    pub fn new(method: Method, uri: &str) -> Self {
        Request { method, uri: super::uri::without_breaks(uri), headers: Headers::new(), body: Vec::new() }
    }

    /// A request from parts that the wire reader has checked.
    pub(super) fn from_parts(method: Method, uri: String, headers: Headers, body: Vec<u8>) -> Self {
        Request { method, uri, headers, body }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The Request-URI exactly as it stands in the request line.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// It goes over this transport: the Via that we put on top of it says so (RFC 3261 §18.1.1).
    pub(super) fn set_via_transport(&mut self, transport: Transport) {
        if let Some(Ok(via)) = self.headers.get("Via").map(Via::parse) {
            let via = Via { transport: transport.via().to_owned(), ..via };
            self.headers.set("Via", via.to_string());
        }
    }

    /// The response of RFC 3261 §8.2.6: every Via, From, To, Call-ID and CSeq copied, the usual reason phrase.
    ///
    /// The To tag is the caller's to add (§8.2.6.2): only it knows the dialog.
    #[must_use]
    pub fn respond(&self, status: u16) -> Response {
        let mut response = Response::new(status);
        response.copy_from(&self.headers);
        response
    }
}

impl Response {
    /// A response with no headers yet and the usual reason phrase. A status outside 100–699 becomes 500.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self::with_reason(status, phrase(status))
    }

    /// A response with a reason phrase of its own.
    #[must_use]
    pub fn with_reason(status: u16, reason: &str) -> Self {
        let status = if (100..700).contains(&status) { status } else { 500 };
        let reason = reason.replace(['\r', '\n'], " ");
        Response { status: rsip::StatusCode::Other(status, reason), headers: Headers::new(), body: Vec::new() }
    }

    /// A response from parts that the wire reader has checked.
    pub(super) fn from_parts(status: u16, reason: &str, headers: Headers, body: Vec<u8>) -> Self {
        Response { headers, body, ..Self::with_reason(status, reason) }
    }

    /// Copies the headers that a response takes from its request (RFC 3261 §8.2.6.2).
    pub(super) fn copy_from(&mut self, request: &Headers) {
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            self.headers.copy(name, request);
        }
    }

    /// The status code, 100–699.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.code()
    }

    /// The reason phrase as it stands in the status line; may be empty.
    #[must_use]
    pub fn reason(&self) -> &str {
        match &self.status {
            rsip::StatusCode::Other(_, reason) => reason,
            known => phrase(known.code()),
        }
    }

    /// Whether this is a 1xx.
    #[must_use]
    pub fn is_provisional(&self) -> bool {
        self.status() < 200
    }

    /// Whether this is a 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status())
    }
}

/// What requests and responses have in common, written once.
macro_rules! message_parts {
    ($message:ident) => {
        impl $message {
            /// The headers.
            #[must_use]
            pub fn headers(&self) -> &Headers {
                &self.headers
            }

            /// The headers, to change.
            pub fn headers_mut(&mut self) -> &mut Headers {
                &mut self.headers
            }

            /// The body; empty when there is none.
            #[must_use]
            pub fn body(&self) -> &[u8] {
                &self.body
            }

            /// Sets the body and its `Content-Type`; an empty body removes both.
            pub fn set_body(&mut self, content_type: &str, body: Vec<u8>) {
                if body.is_empty() {
                    self.headers.remove("Content-Type");
                } else {
                    self.headers.set("Content-Type", content_type);
                }
                self.body = body;
            }

            /// The media type of the body in lower case, without parameters; `None` without `Content-Type`.
            #[must_use]
            pub fn content_type(&self) -> Option<String> {
                let value = self.headers.get("Content-Type")?;
                Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
            }

            /// The topmost Via.
            ///
            /// # Errors
            /// When it is missing or broken.
            pub fn top_via(&self) -> Result<Via, HeaderError> {
                self.headers.top_via()
            }

            /// From.
            ///
            /// # Errors
            /// When it is missing or broken.
            pub fn from(&self) -> Result<NameAddr, HeaderError> {
                self.headers.address("From")
            }

            /// To.
            ///
            /// # Errors
            /// When it is missing or broken.
            pub fn to(&self) -> Result<NameAddr, HeaderError> {
                self.headers.address("To")
            }

            /// Call-ID.
            ///
            /// # Errors
            /// When it is missing or broken.
            pub fn call_id(&self) -> Result<&str, HeaderError> {
                self.headers.call_id()
            }

            /// CSeq.
            ///
            /// # Errors
            /// When it is missing or broken.
            pub fn cseq(&self) -> Result<CSeq, HeaderError> {
                self.headers.cseq()
            }

            /// All Contacts, in order; none is fine.
            ///
            /// # Errors
            /// When one is broken.
            pub fn contacts(&self) -> Result<Vec<NameAddr>, HeaderError> {
                self.headers.addresses("Contact")
            }

            /// Max-Forwards, when there is one.
            ///
            /// # Errors
            /// When it is no number from 0 to 255.
            pub fn max_forwards(&self) -> Result<Option<u8>, HeaderError> {
                self.headers.max_forwards()
            }

            /// Expires in seconds, when there is one.
            ///
            /// # Errors
            /// When it is no number.
            pub fn expires(&self) -> Result<Option<u32>, HeaderError> {
                self.headers.seconds("Expires")
            }

            /// Notes in the topmost Via where the message really came from (RFC 3261 §18.2.1, RFC 3581 §4).
            ///
            /// # Errors
            /// When that Via is missing or broken; nothing is changed then.
            pub fn note_source(&mut self, source: std::net::SocketAddr) -> Result<(), HeaderError> {
                let mut via = self.headers.top_via()?;
                via.note_source(source);
                self.headers.replace_top_via(&via);
                Ok(())
            }
        }
    };
}

message_parts!(Request);
message_parts!(Response);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_copies_what_rfc_3261_wants_and_nothing_else() {
        let mut request = Request::new(Method::Invite, "sip:100@pbx.example");
        request.headers_mut().push("Via", "SIP/2.0/UDP a;branch=z9hG4bK1");
        request.headers_mut().push("Via", "SIP/2.0/UDP b;branch=z9hG4bK2");
        request.headers_mut().push("Max-Forwards", "70");
        request.headers_mut().push("From", "<sip:a@b>;tag=1");
        request.headers_mut().push("To", "<sip:100@pbx.example>");
        request.headers_mut().push("Call-ID", "x");
        request.headers_mut().push("CSeq", "1 INVITE");
        let response = request.respond(486);
        assert_eq!((response.status(), response.reason()), (486, "Busy Here"));
        let names: Vec<_> = response.headers().iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["Via", "Via", "From", "To", "Call-ID", "CSeq"]);
    }

    #[test]
    fn methods_are_case_sensitive() {
        assert_eq!(Method::from_token("INVITE"), Some(Method::Invite));
        assert_eq!(Method::from_token("invite"), Some(Method::Other("invite".into())));
        assert_eq!(Method::from_token("INV ITE"), None);
    }
}
