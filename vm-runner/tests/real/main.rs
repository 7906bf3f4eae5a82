//! Boots real machines. This program is at once the test, the machines' helper, and a caller that
//! is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::print_stderr)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod acceleration;
mod boots;
mod failures;
mod guest;
mod harness;
mod lifetime;

fn main() {
    vm_runner::dispatch();
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["hold", kernel, initrd, disk] => lifetime::hold(kernel, initrd, disk),
        _ => harness::run(&[acceleration::TESTS, boots::TESTS, failures::TESTS, lifetime::TESTS]),
    }
}
