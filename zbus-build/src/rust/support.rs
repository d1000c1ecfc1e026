//! What the runtime cannot carry yet is refused: code that leaves out a part of its schema would look right and be wrong.

use zbus_idl::schema::Schema;

use crate::error::Error;

pub(super) fn check(schema: &Schema) -> Result<(), Error> {
    let refused = |file: usize, what: String| {
        let path = &schema.files[file].path;
        Err(Error::unsupported(format!("{path}: {what} cannot be generated for Rust yet; leave it out for now")))
    };
    for object in &schema.objects {
        let file = object.file.index();
        for method in &object.methods {
            // `@idempotent` is a permission to send a request twice, which nobody has to use.
            if method.uninterruptible {
                return refused(file, format!("`@uninterruptible` of `{}.{}`", object.bus_name(), method.name));
            }
        }
    }
    Ok(())
}
