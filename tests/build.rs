//! Compiles the schemas that the tests use.

fn main() -> Result<(), zbus_build::Error> {
    zbus_build::Builder::new().schema("../schemas/server.zbus").schema("schemas/sample.zbus").compile()
}
