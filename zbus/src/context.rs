//! What a method may know of the call that it runs for, without a parameter for it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::ObjectId;
use crate::wire::{Generation, Request};

tokio::task_local! {
    static CURRENT: Context;
}

/// The call that a method runs for: who calls, how long the caller waits, and whether it still does.
///
/// Every method has one, and asks for it only where it wants to know:
///
/// ```
/// use std::time::Duration;
/// use zbus::Context;
///
/// async fn search(text: &str) -> Vec<String> {
///     let context = Context::current();
///     let user = context.metadata().get("user").map_or("somebody", String::as_str);
///     // Ends in time to tell what was found by then.
///     let limit = context.remaining().unwrap_or(Duration::from_secs(10)).mul_f64(0.9);
///     tokio::time::timeout(limit, look_up(text, user)).await.unwrap_or_default()
/// }
///
/// async fn look_up(text: &str, user: &str) -> Vec<String> {
///     vec![format!("{text}, for {user}")]
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// // Outside of a call, as in a unit test of a service, the context is empty.
/// assert_eq!(search("zbus").await, ["zbus, for somebody"]);
/// # }
/// ```
///
/// A context may leave its call: a clone can be handed to whatever works for the call, and [`Context::scope`] makes it the current one
/// of a spawned task.
///
/// ```
/// # use zbus::Context;
/// # #[tokio::main]
/// # async fn main() {
/// let context = Context::current();
/// let work = tokio::spawn(context.clone().scope(async {
///     // Here too.
///     Context::current().metadata().len()
/// }));
/// tokio::select! {
///     length = work => assert_eq!(length.unwrap(), 0),
///     () = context.cancelled() => { /* nobody waits any more */ }
/// }
/// # }
/// ```
///
/// # How a call is given up
/// At its deadline, when its caller drops it, and when a stopping server has waited long enough, the future of the method is dropped at
/// its next `.await`. What the method has spawned is not: it can watch [`Context::cancelled`]. A method that the schema calls
/// `@uninterruptible` runs on, and can watch it too.
#[derive(Clone, Debug, Default)]
pub struct Context {
    call: Option<Arc<CallState>>,
}

impl Context {
    /// That of the call which the current task runs; an empty one outside of a call, and in tasks that a method has spawned without
    /// [`Context::scope`].
    pub fn current() -> Self {
        CURRENT.try_with(Self::clone).unwrap_or_default()
    }

    /// Whether the current task runs a call.
    pub(crate) fn is_within_a_call() -> bool {
        CURRENT.try_with(|_| ()).is_ok()
    }

    /// Makes this the current context while a future runs.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> + use<F> {
        CURRENT.scope(self, future)
    }

    /// When the caller stops waiting, by this process' clock; none where it does not say, as Go's and rbus' never do.
    pub fn deadline(&self) -> Option<std::time::Instant> {
        self.call.as_ref()?.deadline.map(Instant::into_std)
    }

    /// How long the caller still waits: nothing once its deadline has passed; none where it does not say.
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.call.as_ref()?.deadline?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }

    /// What the caller says about itself and its call, `traceparent` among it. Empty from Go and rbus.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        static NOTHING: LazyLock<BTreeMap<String, String>> = LazyLock::new(BTreeMap::new);
        self.call.as_ref().map_or(&NOTHING, |call| &call.metadata)
    }

    /// The object that is called; none outside of a call.
    pub fn object(&self) -> Option<&ObjectId> {
        self.call.as_ref().map(|call| &*call.object)
    }

    /// The method that is called, by its name on the wire; none outside of a call.
    pub fn method(&self) -> Option<&str> {
        self.call.as_ref().map(|call| call.method())
    }

    /// The generation of the wire in which the caller asked, [`Generation::Zero`] or [`Generation::One`]; none outside of a call.
    pub fn generation(&self) -> Option<Generation> {
        self.call.as_ref().map(|call| call.generation)
    }

    /// Whether the call was given up before it was answered: see [the type](Context). Never true outside of a call.
    pub fn is_cancelled(&self) -> bool {
        self.call.as_ref().is_some_and(|call| call.is_given_up())
    }

    /// Waits until the call is given up. For ever where it is answered before, and outside of a call.
    pub async fn cancelled(&self) {
        match &self.call {
            Some(call) => call.given_up().await,
            None => std::future::pending().await,
        }
    }
}

impl Context {
    /// The method that runs has no body of its own: the call is rejected, whatever it returns. False outside of a call.
    pub(crate) fn reject_as_not_implemented(&self) -> bool {
        let call = self.call.as_ref();
        call.inspect(|call| call.not_implemented.store(true, Ordering::Relaxed)).is_some()
    }
}

impl From<Arc<CallState>> for Context {
    fn from(call: Arc<CallState>) -> Self {
        Self { call: Some(call) }
    }
}

/// How much memory for names one call leaves to the next, in bytes: those of a hostile one are longer.
const NAMES_KEPT: usize = 256;

/// What a call, its context and who runs it share.
#[derive(Debug)]
pub(crate) struct CallState {
    /// The id and the name of the method: one text, as every call has both.
    names: String,
    id_len: usize,
    pub(crate) generation: Generation,
    pub(crate) object: Arc<ObjectId>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) deadline: Option<Instant>,
    given_up: AtomicBool,
    gave_up: Notify,
    runs_to_end: AtomicBool,
    not_implemented: AtomicBool,
}

impl CallState {
    /// A request for this object, without its arguments, which a context that lives on shall not keep in memory.
    pub(crate) fn new(object: Arc<ObjectId>, request: Request<'_>, deadline: Option<Instant>) -> Self {
        Self::named(String::with_capacity(request.id.len() + request.method.len()), object, request, deadline)
    }

    /// `names` is empty, and may have room.
    fn named(mut names: String, object: Arc<ObjectId>, request: Request<'_>, deadline: Option<Instant>) -> Self {
        let Request { id, generation, method, metadata, .. } = request;
        names.push_str(id);
        names.push_str(method);
        Self {
            names,
            id_len: id.len(),
            generation,
            object,
            metadata,
            deadline,
            given_up: AtomicBool::new(false),
            gave_up: Notify::new(),
            runs_to_end: AtomicBool::new(false),
            not_implemented: AtomicBool::new(false),
        }
    }

    /// The same, in the memory of another context that nothing else holds.
    pub(crate) fn in_place_of(
        other: Option<Arc<Self>>,
        object: Arc<ObjectId>,
        request: Request<'_>,
        deadline: Option<Instant>,
    ) -> Arc<Self> {
        if let Some(mut shared) = other
            && let Some(state) = Arc::get_mut(&mut shared)
        {
            let mut names = std::mem::take(&mut state.names);
            names.clear();
            names.shrink_to(NAMES_KEPT);
            *state = Self::named(names, object, request, deadline);
            return shared;
        }
        Arc::new(Self::new(object, request, deadline))
    }

    pub(crate) fn id(&self) -> &str {
        self.names.get(..self.id_len).unwrap_or_default()
    }

    /// Its name on the wire.
    pub(crate) fn method(&self) -> &str {
        self.names.get(self.id_len..).unwrap_or_default()
    }

    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::Release);
        self.gave_up.notify_waiters();
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Acquire)
    }

    pub(crate) async fn given_up(&self) {
        let mut gave_up = std::pin::pin!(self.gave_up.notified());
        // Listening before looking, so that it does not fall between the two.
        gave_up.as_mut().enable();
        if !self.is_given_up() {
            gave_up.await;
        }
    }

    /// From now on neither the deadline nor the caller ends the method.
    pub(crate) fn run_to_end(&self) {
        self.runs_to_end.store(true, Ordering::Relaxed);
    }

    pub(crate) fn runs_to_end(&self) -> bool {
        self.runs_to_end.load(Ordering::Relaxed)
    }

    pub(crate) fn is_not_implemented(&self) -> bool {
        self.not_implemented.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
impl CallState {
    /// A call of this id and method.
    pub(crate) fn sample(id: &str, object: &str, method: &str) -> Arc<Self> {
        let request = Request {
            generation: Generation::One,
            id,
            reply_to: "",
            object: "",
            version: "",
            method,
            arguments: crate::wire::ElementsAt::default(),
            deadline: None,
            metadata: BTreeMap::new(),
            one_way: false,
        };
        Arc::new(Self::new(Arc::new(object.into()), request, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn outside_of_a_call_the_context_is_empty_and_never_cancelled() {
        let context = Context::current();
        assert!(context.deadline().is_none() && context.remaining().is_none() && context.metadata().is_empty());
        assert!(context.object().is_none() && context.method().is_none() && context.generation().is_none());
        assert!(!context.is_cancelled());
        assert!(futures::poll!(std::pin::pin!(context.cancelled())).is_pending());
    }
}
