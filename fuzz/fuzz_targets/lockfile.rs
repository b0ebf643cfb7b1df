//! `cargo +nightly fuzz run lockfile --features libfuzzer`; what it checks: [`vetch_fuzz::lockfile`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vetch_fuzz::lockfile(bytes));
