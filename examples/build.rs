//! Compiles the schema that the examples share.

fn main() -> Result<(), zbus_build::Error> {
    zbus_build::compile("../schemas/calculator.zbus")
}
