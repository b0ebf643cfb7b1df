//! `cargo +nightly fuzz run judgements --features libfuzzer`; what it checks: [`vetch_fuzz::judgements`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vetch_fuzz::judgements(bytes));
