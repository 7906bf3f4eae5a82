//! Runs real tools in real sandboxes. This program is at once the test, the sandbox's helper and
//! the tool in the guest.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod foreign;
mod guest;
mod harness;
mod isolation;
mod leftovers;
mod lifetime;
mod ownership;
mod rungs;
mod users;

fn main() {
    sandbox::dispatch();
    if guest::dispatch() {
        return;
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["build", root, rung] => lifetime::stay(rungs::rung_of(rung), root),
        ["climb", rung, root, word] => rungs::climb(rung, root, word),
        ["climbed", rung, root, word] => rungs::be_on(rung, root, word),
        ["work-in", parent] => leftovers::work_in(parent),
        ["own-and-clean", parent] => leftovers::own_and_clean(parent),
        ["take-away", parent] => leftovers::take_away(parent),
        ["probe"] => rungs::print_report(),
        _ => harness::run(&[
            isolation::TESTS,
            lifetime::TESTS,
            rungs::TESTS,
            leftovers::TESTS,
            foreign::TESTS,
            ownership::TESTS,
        ]),
    }
}
