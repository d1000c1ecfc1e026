//! Compiles the schemas of the echo that is measured.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    zbus_build::compile("echo.zbus")?;
    println!("cargo:rerun-if-changed=echo.proto");
    Ok(tonic_prost_build::compile_fds(protox::compile(["echo.proto"], ["."])?)?)
}
