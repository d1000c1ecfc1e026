//! Which workers run the methods of which object.

use std::collections::HashMap;
use std::sync::Arc;

use super::dispatch::Served;
use super::runner::AnyObject;
use super::workers::Workers;
use crate::ObjectId;

/// An object that is to be served.
pub(super) struct Registered {
    pub(super) object: Arc<dyn AnyObject>,
    /// Its own; none for those that it shares with others.
    pub(super) workers: Option<u32>,
}

/// Workers in pools: one that objects share, and one for each object that has its own.
pub(super) struct Allotment {
    pub(super) workers: Arc<Workers>,
    /// The queues that each pool takes requests from.
    pub(super) queues: Vec<Vec<Arc<str>>>,
    /// By their ids.
    pub(super) objects: Vec<(Arc<ObjectId>, Served)>,
}

impl Allotment {
    pub(super) fn new(registered: HashMap<ObjectId, Registered>, shared: u32, module: &str) -> Self {
        let mut counts = vec![shared];
        let mut shared_queues = Vec::new();
        let mut own_queues = Vec::new();
        let mut objects = Vec::with_capacity(registered.len());
        for (id, Registered { object, workers }) in registered {
            let queue: Arc<str> = id.queue(module).into();
            let pool = match workers {
                None => {
                    shared_queues.push(Arc::clone(&queue));
                    0
                }
                Some(count) => {
                    counts.push(count);
                    own_queues.push(vec![Arc::clone(&queue)]);
                    own_queues.len()
                }
            };
            objects.push((Arc::new(id), Served { object, pool, queue }));
        }
        objects.sort_by(|(left, _), (right, _)| left.cmp(right));
        let mut queues = vec![shared_queues];
        queues.append(&mut own_queues);
        Self { workers: Workers::new(&counts), queues, objects }
    }
}
