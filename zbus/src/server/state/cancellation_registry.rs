//! The calls that run, by their ids, so that a caller can end its own; and the ids that were given up before their requests came.

use std::borrow::Borrow;
use std::collections::{HashSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::context::CallState;

/// How many ids of calls that do not run here are remembered: their requests may still wait in the queue, or be on their way. Another
/// server of the module may have them too, so most are remembered for nothing.
const REMEMBERED: usize = 4096;

/// A longer id is not remembered: this library's have 53 bytes at most, Go's and rbus' 36.
const LONGEST_ID: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct CancellationRegistry {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: HashSet<ById>,
    cancelled: RecentIds,
}

impl CancellationRegistry {
    /// Whether its caller has given up a call that does not run yet.
    pub(crate) fn was_given_up(&self, id: &str) -> bool {
        self.state.lock().cancelled.contains(id)
    }

    /// Enters a call; it is taken out when the guard is dropped. None for one that was given up already.
    pub(crate) fn enter(&self, call: &Arc<CallState>) -> Option<Entry<'_>> {
        let mut state = self.state.lock();
        if state.cancelled.contains(call.id()) {
            return None;
        }
        // The sender of two requests of one id can give up the later one.
        state.calls.replace(ById(Arc::clone(call)));
        Some(Entry { call: Arc::clone(call), registry: self })
    }

    /// A caller gives its call up. An id is nobody's secret but its caller's: 122 random bits and a number.
    pub(crate) fn cancel(&self, id: &str) {
        let mut state = self.state.lock();
        match state.calls.get(id) {
            Some(ById(call)) => call.give_up(),
            None => state.cancelled.insert(id),
        }
    }
}

/// A call that runs. Dropped, it is taken out.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    call: Arc<CallState>,
    registry: &'a CancellationRegistry,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut state = self.registry.state.lock();
        // Another call of the same id may have taken its place.
        if let Some(other) = state.calls.take(self.call.id())
            && !Arc::ptr_eq(&other.0, &self.call)
        {
            state.calls.insert(other);
        }
    }
}

#[derive(Debug)]
struct ById(Arc<CallState>);

impl Borrow<str> for ById {
    fn borrow(&self) -> &str {
        self.0.id()
    }
}

impl Hash for ById {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id().hash(state);
    }
}

impl PartialEq for ById {
    fn eq(&self, other: &Self) -> bool {
        self.0.id() == other.0.id()
    }
}

impl Eq for ById {}

/// The newest of many ids.
#[derive(Debug, Default)]
struct RecentIds {
    ids: HashSet<Arc<str>>,
    oldest_first: VecDeque<Arc<str>>,
}

impl RecentIds {
    fn contains(&self, id: &str) -> bool {
        !self.ids.is_empty() && self.ids.contains(id)
    }

    fn insert(&mut self, id: &str) {
        if id.len() > LONGEST_ID || self.ids.contains(id) {
            return;
        }
        if self.oldest_first.len() >= REMEMBERED
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.ids.remove(&oldest);
        }
        let id: Arc<str> = id.into();
        self.ids.insert(Arc::clone(&id));
        self.oldest_first.push_back(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: &str) -> Arc<CallState> {
        CallState::sample(id, "calculator@1.0", "Add")
    }

    #[test]
    fn a_call_is_given_up_by_its_id_while_it_runs_and_before() {
        let registry = CancellationRegistry::default();
        let (first, second) = (registry.enter(&call("1")).unwrap(), registry.enter(&call("2")).unwrap());
        registry.cancel("2");
        registry.cancel("3");
        assert!(!first.call.is_given_up() && second.call.is_given_up());
        assert!(registry.was_given_up("3") && registry.enter(&call("3")).is_none());
        drop((first, second));
        assert!(registry.state.lock().calls.is_empty());
        // It was answered: nothing of it is left.
        assert!(registry.enter(&call("1")).is_some());
    }

    #[test]
    fn of_two_calls_with_one_id_the_end_of_the_first_leaves_the_second() {
        let registry = CancellationRegistry::default();
        let (first, second) = (registry.enter(&call("1")).unwrap(), registry.enter(&call("1")).unwrap());
        drop(first);
        registry.cancel("1");
        assert!(second.call.is_given_up());
    }

    #[test]
    fn a_flood_of_cancelled_ids_takes_no_more_than_its_share_of_memory() {
        let registry = CancellationRegistry::default();
        registry.cancel(&"x".repeat(LONGEST_ID + 1));
        for id in 0..3 * REMEMBERED {
            registry.cancel(&id.to_string());
        }
        let state = registry.state.lock();
        assert_eq!((state.cancelled.ids.len(), state.cancelled.oldest_first.len()), (REMEMBERED, REMEMBERED));
        assert!(state.cancelled.contains(&(3 * REMEMBERED - 1).to_string()) && !state.cancelled.contains("0"));
    }
}
