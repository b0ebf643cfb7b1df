//! `cargo +nightly fuzz run sbom --features libfuzzer`; what it checks: [`vetch_fuzz::sbom`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vetch_fuzz::sbom(bytes));
