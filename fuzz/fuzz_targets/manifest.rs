//! `cargo +nightly fuzz run manifest --features libfuzzer`; what it checks: [`vetch_fuzz::manifest`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vetch_fuzz::manifest(bytes));
