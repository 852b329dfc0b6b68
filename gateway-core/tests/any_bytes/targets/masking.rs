//! Any SIP message in the trace: nothing of a secret is left, whatever stands before and behind it.
//!
//! The first piece stands before the secret, the second behind it.

use gateway_core::sip::masking::{MASK, mask};

use super::pieces::pieces;

/// Places of secrets: what stands before one, the secret, what stands behind it.
const PLACES: [(&str, &str, &str); 9] = [
    ("\r\nAuthorization: Digest username=\"ana\", uri=\"sip:pbx.example\", response=\"", "0123456789abcdef", "\", nc=00000001\r\n"),
    ("\r\nProxy-Authorization: Basic ", "YW5hOnNlY3JldA==", "\r\n"),
    ("\r\nAuthentication-Info: qop=auth, rspauth=\"", "fedcba9876543210", "\"\r\n"),
    ("\r\nX-Log: response=", "0123456789abcdef", "\r\n"),
    ("\r\nContact: <sip:ana:", "pass.word", "@192.0.2.1>\r\n"),
    ("\r\nContact: <sip:gw-", "0123456789abcdef", "@192.0.2.1>\r\n"),
    ("\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:", "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz", "|2^20\r\n"),
    ("\r\nk=", "base64:c2VjcmV0", "\r\n"),
    ("\r\na=ice-pwd:", "asd88fgpdd777uzjYhagZg", "\r\n"),
];

pub fn holds(bytes: &[u8]) {
    let parts = pieces(bytes);
    let part = |number: usize| parts.get(number).map_or(&[][..], |piece| piece.bytes);
    masked(bytes);
    for (before, secret, behind) in PLACES {
        let message = [part(0), before.as_bytes(), secret.as_bytes(), behind.as_bytes(), part(1)].concat();
        let start = part(0).len() + before.len();
        let left = &masked(&message)[start..start + secret.len()];
        assert!(left.iter().all(|byte| *byte == MASK), "{:?} is left behind {before:?}", String::from_utf8_lossy(left));
    }
}

/// The message after masking: as long as before, and what has changed is hidden.
fn masked(message: &[u8]) -> Vec<u8> {
    let mut after = message.to_vec();
    mask(&mut after);
    assert_eq!(after.len(), message.len());
    assert!(after.iter().zip(message).all(|(after, before)| after == before || *after == MASK));
    after
}
