//! The language of zbus: texts in, a resolved [`Schema`](schema::Schema) or diagnostics out.

pub mod schema;
