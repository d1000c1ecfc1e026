//! What the runtime cannot carry yet is refused: code that leaves out a part of its schema would look right and be wrong.

use zbus_idl::schema::{Schema, Throws, TypeKind};

use crate::error::Error;

pub(super) fn check(schema: &Schema) -> Result<(), Error> {
    let refused = |file: usize, what: String| {
        let path = &schema.files[file].path;
        Err(Error::unsupported(format!("{path}: {what} cannot be generated for Rust yet; leave it out for now")))
    };
    for def in &schema.types {
        if matches!(def.kind, TypeKind::Error(_)) {
            return refused(def.file.index(), format!("the error type `{}`", def.name));
        }
    }
    for object in &schema.objects {
        let file = object.file.index();
        for method in &object.methods {
            let attributes = [
                (matches!(method.throws, Throws::Typed(_)), "the typed errors"),
                (method.timeout.is_some(), "`@timeout`"),
                (method.idempotent, "`@idempotent`"),
                (method.uninterruptible, "`@uninterruptible`"),
            ];
            if let Some((_, what)) = attributes.iter().find(|(is_there, _)| *is_there) {
                return refused(file, format!("{what} of `{}.{}`", object.bus_name(), method.name));
            }
        }
        if let Some(stream) = object.streams.iter().find(|stream| stream.lag.is_some()) {
            return refused(file, format!("`@lag` of `{}.{}`", object.bus_name(), stream.name));
        }
    }
    Ok(())
}
