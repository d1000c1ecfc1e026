//! A crate without a `build.rs` has no generated code to take in.

zbus::include_schema!("calculator");

mod all {
    zbus::include_schemas!();
}

fn main() {}
