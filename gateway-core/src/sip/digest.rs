//! HTTP digest authentication for SIP (RFC 3261 §22, RFC 7616, RFC 8760): MD5 and SHA-256, `qop=auth`.

use crate::config::settings::Secret;

/// What a user proves to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Digest username.
    pub user: String,
    /// The secret; never printed.
    pub secret: Secret,
}
