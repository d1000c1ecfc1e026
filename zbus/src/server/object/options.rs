//! How an object is served.

/// How a server runs the methods of one of its objects. See [`Server::register_with`](crate::Server::register_with).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[must_use = "options do nothing before an object is registered with them"]
pub struct ObjectOptions {
    pub(crate) workers: Option<u32>,
    pub(crate) blocking: bool,
}

impl ObjectOptions {
    /// Options that say nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the object workers of its own, beside those of [`Server::workers`](crate::Server::workers): 1 to 65,536, and what is
    /// outside is taken as the nearest. As many of its calls run at once, neither more, however many wait, nor less, however busy the
    /// other objects are. It takes a connection to the broker of its own.
    pub fn workers(self, workers: u32) -> Self {
        Self { workers: Some(workers), ..self }
    }

    /// For methods that block their thread: that compute for long, or wait in calls that are not `async`. Each call runs on one of the
    /// runtime's threads for such work, of which no more are taken than the object has workers, so that all else goes on. It costs a
    /// switch between threads and back.
    ///
    /// Such a thread cannot be stopped. At the deadline of a call its caller is answered that it has expired; the method runs on until
    /// its next `.await`, and its worker is busy for as long. A server that stops waits for it within the bounds of
    /// [`Server::drain`](crate::Server::drain).
    ///
    /// The runtime has a limit of its own for such threads, 512 unless set: calls beyond it wait for one.
    pub fn blocking(self) -> Self {
        Self { blocking: true, ..self }
    }
}
