//! Compiles the schema of the echo that is measured.

fn main() -> Result<(), zbus_build::Error> {
    zbus_build::compile("echo.zbus")
}
