//! The registrar (RFC 3261 §10.3): who can be reached where, and until when.
