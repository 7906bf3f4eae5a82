//! Repositories that are only used where they are asked for.

use super::check;

#[test]
fn a_dependency_stays_in_the_untagged_repository_where_it_can() {
    check("b\n@edge\na D:b\nb=2", "a@edge", "a@edge* b");
}

#[test]
fn a_dependency_comes_from_the_tagged_repository_where_it_must() {
    check("b\n@edge\na D:b>1\nb=2", "a@edge", "a@edge* b@edge=2");
    check("@edge\na D:b\nb", "a@edge", "a@edge* b@edge");
}

#[test]
fn a_tagged_repository_is_not_used_for_other_names() {
    check(
        "c D:b\n@edge\na\nb",
        "a@edge c",
        "c wants b, but b 1 is only in repositories with the tag edge",
    );
}

#[test]
fn a_tag_without_a_repository_is_refused() {
    check("a", "a@edge", "a@edge: no repository has the tag edge");
}

#[test]
fn a_tagged_repository_without_packages_is_no_error() {
    check("a\n@edge", "a@edge", "a*");
}
