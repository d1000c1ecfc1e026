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
        if let Some(stream) = object.streams.iter().find(|stream| stream.lag.is_some()) {
            return refused(file, format!("`@lag` of `{}.{}`", object.bus_name(), stream.name));
        }
    }
    Ok(())
}
