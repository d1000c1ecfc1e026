//! The compiler of zbus.
