//! `cargo +nightly fuzz run javascript_lockfile --features libfuzzer`; what it checks: [`vetch_fuzz::javascript_lockfile`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vetch_fuzz::javascript_lockfile(bytes));
