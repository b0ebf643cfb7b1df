//! `cargo +nightly fuzz run archive --features libfuzzer`; what it checks: [`vetch_fuzz::archive`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vetch_fuzz::archive(bytes));
