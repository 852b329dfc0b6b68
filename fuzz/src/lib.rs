//! What the fuzzer looks for: bytes of which something does not hold that must. The properties are those of the tests.

#[path = "../../gateway-core/tests/any_bytes"]
mod any_bytes {
    pub mod targets;
}

pub use any_bytes::targets;
