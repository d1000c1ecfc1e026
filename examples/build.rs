//! Compiles the schema that the examples share.

fn main() -> Result<(), zbus_build::Error> {
    // With blocking clients too; without them it is `zbus_build::compile("../schemas/calculator.zbus")`.
    zbus_build::Builder::new().schema("../schemas/calculator.zbus").blocking(true).compile()
}
