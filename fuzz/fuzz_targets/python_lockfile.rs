//! `cargo +nightly fuzz run python_lockfile --features libfuzzer`; what it checks: [`vetch_fuzz::python_lockfile`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vetch_fuzz::python_lockfile(bytes));
