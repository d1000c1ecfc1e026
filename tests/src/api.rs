//! The code that is generated from the tests' schemas.

zbus::include_schema!("jobs");
zbus::include_schema!("extras");
zbus::include_schema!("sample");
zbus::include_schema!("server");
zbus::include_schema!("snake");
zbus::include_schema!("vectors");
zbus::include_schema!("wide");
