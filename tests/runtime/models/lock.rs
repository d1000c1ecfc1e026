//! loom's locks in `parking_lot`'s form.

#![allow(clippy::missing_panics_doc, reason = "as of the lock that it stands for")]

use loom::sync::MutexGuard;

/// A lock that no panic poisons: the first one ends the check.
#[derive(Debug)]
pub struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    /// An unlocked one.
    pub fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    /// Waits until nobody else has it.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap()
    }
}
