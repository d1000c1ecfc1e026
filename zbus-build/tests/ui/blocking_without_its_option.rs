//! Blocking stubs are there where the build asks for them.

include!("../golden/errors.rs");

fn main() {
    let client = zbus::blocking::Client::connect("memory://ui").unwrap();
    let _ = errors::blocking::MathClient::new(client.clone());
    let _ = errors::MathClient::new(client);
}
