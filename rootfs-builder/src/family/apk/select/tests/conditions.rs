//! What is installed as soon as other packages are.

use super::check;

#[test]
fn what_a_condition_brings_in_brings_in_more() {
    check(
        "a\na-rc D:tool | i:a\ntool\ntool-doc i:tool docs\ndocs",
        "a docs",
        "a* a-rc docs* tool tool-doc",
    );
}

#[test]
fn a_condition_is_not_met_by_what_nobody_chose() {
    check("a\nb\nc i:a b", "a", "a*");
}

#[test]
fn conditions_that_wait_for_each_other_never_come_true() {
    check("a\nb i:a c\nc i:a b", "a", "a*");
}

#[test]
fn a_condition_that_cannot_be_had_does_not_spoil_the_rest() {
    check("a\nb D:nobody | i:a", "a", "a*");
    check("a\nb D:!a | i:a", "a", "a*");
}

#[test]
fn a_condition_is_met_where_the_solver_has_the_last_word() {
    // Nobody looks ahead: z is chosen for its version before x turns out to be impossible.
    let lines = "a D:x y\nx=2 D:z=2\nx=1\ny D:z=1\nz=1\nz=2\nq i:z=1 a";
    check(lines, "a", "a* q x y z");
}
