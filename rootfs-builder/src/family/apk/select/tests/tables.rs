//! What apk's own published test cases settle, told with other packages.

use super::check_table;

#[test]
fn versions_are_chosen_as_apk_chooses_them() {
    check_table(include_str!("tables/versions.txt"));
}

#[test]
fn what_is_provided_is_chosen_as_apk_chooses_it() {
    check_table(include_str!("tables/provided.txt"));
}

#[test]
fn conditions_come_true_as_in_apk() {
    check_table(include_str!("tables/conditions.txt"));
}

#[test]
fn repositories_with_tags_are_used_as_apk_uses_them() {
    check_table(include_str!("tables/tags.txt"));
}
