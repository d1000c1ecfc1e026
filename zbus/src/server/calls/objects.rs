//! The objects of a server, and which workers run the methods of which.

use std::collections::HashMap;
use std::sync::Arc;

use super::spawn::AnyObject;
use crate::ObjectId;
use crate::server::workers::Workers;

/// An object that is to be served.
pub(crate) struct Registered {
    pub(crate) object: Arc<dyn AnyObject>,
    /// How many workers of its own it has; none if it shares them with others.
    pub(crate) workers: Option<u32>,
}

/// An object and the pool of workers that runs its methods.
pub(super) struct Served {
    pub(super) object: Arc<dyn AnyObject>,
    pub(super) pool: usize,
    /// `module.object@version`.
    pub(super) queue: Arc<str>,
}

/// The objects that are served, in the order of their ids.
pub(crate) struct Objects {
    objects: Vec<(Arc<ObjectId>, Served)>,
    /// For each pool of workers, the queues that it takes requests from.
    queues: Vec<Vec<Arc<str>>>,
}

impl Objects {
    /// Puts the workers into pools: one that objects share, of so many, and one for each object that has workers of its own.
    pub(crate) fn new(registered: HashMap<ObjectId, Registered>, shared: u32, module: &str) -> (Self, Arc<Workers>) {
        let mut counts = vec![shared];
        let mut queues = vec![Vec::new()];
        let mut objects = Vec::with_capacity(registered.len());
        for (id, Registered { object, workers }) in registered {
            let queue: Arc<str> = id.queue(module).into();
            let pool = match workers {
                None => 0,
                Some(count) => {
                    counts.push(count);
                    queues.push(Vec::new());
                    counts.len() - 1
                }
            };
            if let Some(queues) = queues.get_mut(pool) {
                queues.push(Arc::clone(&queue));
            }
            objects.push((Arc::new(id), Served { object, pool, queue }));
        }
        objects.sort_by(|(left, _), (right, _)| left.cmp(right));
        (Self { objects, queues }, Workers::new(&counts))
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = &ObjectId> {
        self.objects.iter().map(|(id, _)| &**id)
    }

    /// The pools that have anything to do, with their queues.
    pub(crate) fn pools(&self) -> impl Iterator<Item = (usize, &[Arc<str>])> {
        self.queues.iter().map(Vec::as_slice).enumerate().filter(|(_, queues)| !queues.is_empty())
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Served> {
        self.objects.iter().map(|(_, served)| served)
    }

    /// The object of this name and version, and its index.
    pub(super) fn find(&self, name: &str, version: &str) -> Option<(usize, &Arc<ObjectId>, &Served)> {
        let found = self.objects.binary_search_by(|(id, _)| (id.name(), id.version()).cmp(&(name, version))).ok()?;
        let (id, served) = self.objects.get(found)?;
        Some((found, id, served))
    }
}
