//! `cargo +nightly fuzz run advisory --features libfuzzer`; what it checks: [`vetch_fuzz::advisory`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vetch_fuzz::advisory(bytes));
