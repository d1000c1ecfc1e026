//! How generated code comes into a crate.

/// Takes in the module that `zbus_build::compile` made of a schema: `include_schema!("calculator")` is `pub mod calculator { … }`, from
/// `calculator.zbus`.
///
/// Schemas that import each other have to stand side by side: [`include_schemas!`](crate::include_schemas) takes in all of a build.
#[macro_export]
macro_rules! include_schema {
    ($stem:literal) => {
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/", $stem, ".rs"));
    };
}

/// Takes in the modules of all schemas of a build, side by side.
#[macro_export]
macro_rules! include_schemas {
    () => {
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/zbus_schemas.rs"));
    };
}
