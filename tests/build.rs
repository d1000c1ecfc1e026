//! Compiles the schemas that the tests use.

/// The modules of a real, large API.
const ZOS: [&str; 9] = ["api-gateway", "container", "flist", "gateway", "identityd", "node", "registrar", "vmd", "zui"];

fn main() -> Result<(), zbus_build::Error> {
    zbus_build::Builder::new()
        .schema("../schemas/server.zbus")
        .schema("schemas/jobs.zbus")
        .schema("schemas/sample.zbus")
        .schema("schemas/documented.zbus")
        .schema("schemas/extras.zbus")
        .schema("schemas/snake.zbus")
        .schema("schemas/vectors.zbus")
        .schema("schemas/wide.zbus")
        .schemas(ZOS.map(|stem| format!("../schemas/zos/{stem}.zbus")))
        .compile()
}
