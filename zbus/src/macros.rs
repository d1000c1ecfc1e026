//! Macros that include generated code in a crate.

/// Includes the module that `zbus_build::compile` generated from a schema: `include_schema!("calculator")` is `pub mod calculator { … }`,
/// from `calculator.zbus`.
///
/// Schemas that import each other must be included side by side. [`include_schemas!`](crate::include_schemas) includes all schemas of a
/// build.
#[macro_export]
macro_rules! include_schema {
    // A `tt`, since the macro of the build matches the name. It could not match a `literal`.
    ($stem:tt) => {
        const _: () = {
            mod made {
                ::core::include!(::core::concat!($crate::__out_dir!(), "/zbus_stems.rs"));
                zbus_stems!($stem);
            }
        };
        ::core::include!(::core::concat!($crate::__out_dir!(), "/", $stem, ".rs"));
    };
}

/// Includes the modules of all schemas of a build, side by side.
#[macro_export]
macro_rules! include_schemas {
    () => {
        ::core::include!(::core::concat!($crate::__out_dir!(), "/zbus_schemas.rs"));
    };
}

/// The folder that the build script writes to.
#[doc(hidden)]
#[macro_export]
macro_rules! __out_dir {
    () => {
        ::core::env!(
            "OUT_DIR",
            "this crate has no build script, so there is no generated code; add a build.rs that calls `zbus_build::compile`"
        )
    };
}
