//! How generated code comes into a crate.

/// Takes in the module that `zbus_build::compile` made of a schema: `include_schema!("calculator")` is `pub mod calculator { … }`, from
/// `calculator.zbus`.
///
/// Schemas that import each other have to stand side by side: [`include_schemas!`](crate::include_schemas) takes in all of a build.
#[macro_export]
macro_rules! include_schema {
    // A `tt`: the build's own macro looks at the name, which it could not in a `literal`.
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

/// Takes in the modules of all schemas of a build, side by side.
#[macro_export]
macro_rules! include_schemas {
    () => {
        ::core::include!(::core::concat!($crate::__out_dir!(), "/zbus_schemas.rs"));
    };
}

/// Where the build script writes.
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
