//! Requests that cannot be met, in words.

use super::check;

#[test]
fn a_name_that_nothing_has_is_answered_with_similar_ones() {
    check("nginx\nlibc", "ngnix", "no package named ngnix; did you mean nginx?");
}

#[test]
fn all_words_that_mean_nothing_are_told_at_once() {
    check("a", "harp lute=1", "no package named harp\nno package named lute");
    let form = "does not name a package: write name, name@tag, name>=version or !name";
    check("a", "a= a==", &format!("\"a=\" {form}\n\"a==\" {form}"));
}

#[test]
fn who_wants_what_is_missing_is_told() {
    check("a D:b\nb D:c>2\nc", "a", "a wants b, which wants c>2, but only 1 is available");
}

#[test]
fn a_package_whose_words_cannot_be_read_is_refused_only_on_the_way() {
    let lines = "a D:b\nb D:c=\nd";
    check(lines, "d", "d*");
    check(lines, "a", "a wants b, but there is no such package");
}

#[test]
fn a_dead_end_is_left_again() {
    // Nobody looks ahead: the latest x is chosen before it turns out that y excludes it.
    check("a D:x y\nx=2 D:z=2\nx=1\ny D:z=1\nz=1\nz=2", "a", "a* x y z");
}

#[test]
fn a_choice_that_only_a_person_can_make_is_not_made_to_leave_a_dead_end() {
    let lines = "a D:x y\nx=2 D:z=2\nx=1 D:v\ny D:z=1\nz=1\nz=2\np p:v\nq p:v";
    check(lines, "a", "v is a virtual package that x depends on; ask for one of p, q");
    check(lines, "a q", "a* q* x y z");
}

#[test]
fn a_package_that_excludes_itself_by_a_name_that_it_provides_is_fine() {
    check("a D:!v | p:v", "a", "a*");
}
