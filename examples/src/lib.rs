//! Small programs over zbus.
