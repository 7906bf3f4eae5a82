//! The door for cargo-fuzz: one parser, named by the environment, under libFuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names a parser");
    let _ = (fuzz::target(&name).run)(data);
});
