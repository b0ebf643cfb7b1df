//! `cargo +nightly fuzz run syntax --features libfuzzer`; what it checks: [`vetch_fuzz::syntax`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vetch_fuzz::syntax(bytes));
