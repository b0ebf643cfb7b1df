//! `cargo +nightly fuzz run indicators --features libfuzzer`; what it checks: [`vetch_fuzz::indicators`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vetch_fuzz::indicators(bytes));
