//! What is served has to implement the object's trait.

include!("../golden/errors.rs");

struct Strict;

fn main() {
    let _ = zbus::Server::new("errors").register(errors::MathServer::new(Strict));
}
