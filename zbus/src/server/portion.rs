//! How many requests a pop asks for.
//!
//! Where all of them were taken at once, client and broker would stand still while they are worked on, and the server while the answers
//! are under way. So it is about half of those that are on their way round: the halves take turns.

/// Fewer are not worth a trip of their own.
const SMALLEST: usize = 8;

/// Where the half is more than this, all of them are taken: then it is the number of trips that counts.
const LARGEST: usize = 64;

/// A portion that finds its size by what the pops give.
#[derive(Debug)]
pub(super) struct Portion {
    size: usize,
    /// What the pop before the last gave.
    before: usize,
}

impl Portion {
    pub(super) fn new() -> Self {
        Self { size: SMALLEST, before: SMALLEST }
    }

    /// How many to ask for.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// So many were asked for, and so many came.
    pub(super) fn came(&mut self, asked: usize, came: usize) {
        if came < asked {
            // A bit less than the half, so that a pop which gives all there is gives less than that the next time.
            let half = usize::midpoint(self.before, came);
            self.size = within_bounds(half - half / 16);
        } else if asked == self.size {
            // More may be waiting.
            self.size = within_bounds(self.size.saturating_add(self.size / 4 + 1));
        }
        self.before = came;
    }
}

fn within_bounds(size: usize) -> usize {
    if size > LARGEST { usize::MAX } else { size.max(SMALLEST) }
}
