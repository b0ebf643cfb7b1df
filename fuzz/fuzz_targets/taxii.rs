//! `cargo +nightly fuzz run taxii --features libfuzzer`; what it checks: [`vetch_fuzz::taxii`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vetch_fuzz::taxii(bytes));
