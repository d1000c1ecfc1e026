//! Calling without async: a client whose calls hold the thread until they have ended, for programs that have no runtime of their own.
//!
//! ```
//! # use zbus::blocking::Client;
//! # fn main() -> Result<(), zbus::Error> {
//! let client = Client::connect("memory://docs-blocking")?; // or redis://127.0.0.1:6379
//! let calls = client.clone(); // for another thread
//! # drop(calls);
//! # Ok(())
//! # }
//! ```
//!
//! Stubs over it come from the schema where the build says `.blocking(true)`, in a module `blocking` beside the others, with the same
//! methods, values and errors: `calculator::blocking::CalculatorClient::new(client)`. Events are an [`Iterator`], a [`Subscription`], and
//! `calculator::blocking::CalculatorEvents` publishes them.
//!
//! # Inside an async runtime
//! A call that holds a thread of a runtime holds up the runtime's tasks, and never ends where it waits for one of them. So it is an
//! error there, [`Error::InAsync`], and nothing is sent. That is so for all threads that know of a tokio runtime: those that may
//! block, such as `tokio::task::spawn_blocking` has, say so with [`allow_here`].

mod driver;
mod subscription;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use self::driver::Driver;
pub use self::driver::allow_here;
pub use self::subscription::Subscription;
use crate::client::ClientBuilder;
use crate::error::Error;
use crate::status::Status;

/// A client of the bus whose calls hold the thread. Cheap to clone, for other threads too; all clones share their connections, and one
/// thread that serves them, until the last of them and of what was made with them is gone.
#[derive(Clone)]
pub struct Client {
    // Dropped before the thread that it is served by.
    client: crate::Client,
    driver: Arc<Driver>,
}

impl Client {
    /// Connects as [`zbus::Client::connect`](crate::Client::connect) does. To set something before, see
    /// [`ClientBuilder::connect_blocking`].
    ///
    /// # Errors
    /// Those of the other, [`Error::InAsync`] inside an async runtime, and [`Error::Thread`] where the system gives no thread.
    pub fn connect(address: &str) -> Result<Self, Error> {
        crate::Client::builder().connect_blocking(address)
    }

    /// What one of the servers of a module tells of itself, as [`zbus::Client::status`](crate::Client::status) gives it.
    ///
    /// # Errors
    /// Those of a call, and [`Error::InAsync`] inside an async runtime.
    pub fn status(&self, module: &str) -> Result<Status, Error> {
        self.wait(self.client.status(module))
    }

    /// The async client whose calls these are: for what has no blocking form, together with [`Client::wait`].
    pub fn asynchronous(&self) -> &crate::Client {
        &self.client
    }

    /// Runs a future to its end, one of [`Client::asynchronous`] as a rule, and holds the thread until then.
    ///
    /// # Errors
    /// Those of the future, and [`Error::InAsync`] inside an async runtime, where the future is dropped and not begun.
    pub fn wait<T, E: From<Error>>(&self, future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        driver::may_block()?;
        self.driver.wait(future)
    }

    /// The events of a subscription that was made with [`Client::asynchronous`], to be waited for.
    pub fn events<T>(&self, subscription: crate::Subscription<T>) -> Subscription<T> {
        Subscription::new(subscription, Arc::clone(&self.driver))
    }
}

impl ClientBuilder {
    /// Connects a client whose calls block the thread.
    ///
    /// # Errors
    /// Those of [`blocking::Client::connect`](Client::connect).
    pub fn connect_blocking(self, address: &str) -> Result<Client, Error> {
        driver::may_block()?;
        let driver = Driver::start().map_err(Error::Thread)?;
        let client = driver.wait(self.connect(address))?;
        Ok(Client { client, driver: Arc::new(driver) })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.client.fmt(formatter)
    }
}
