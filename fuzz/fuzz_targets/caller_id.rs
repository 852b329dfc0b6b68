#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| loopstart_fuzz::targets::caller_id::holds(bytes));
