//! The runtime of zbus.
