//! What must not compile in a user's crate, and what the user is told. The words are rustc's: `TRYBUILD=overwrite` writes them.

#[test]
fn mistakes_in_a_users_crate_are_shown_where_they_are() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
