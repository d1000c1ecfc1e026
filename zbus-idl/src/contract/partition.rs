//! The coarsest parting of nodes into blocks whose members lead, edge by edge, to the same blocks: Hopcroft's algorithm for
//! finite automata. A block that was parted goes on to part others by its smaller half alone, so that each edge is looked at
//! a logarithm of times, however long the chains are.

/// A node refers to another one at a place of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) at: usize,
    pub(super) to: usize,
}

/// A range of `nodes`, of which the first `marked` have been met by the splitter at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    start: usize,
    end: usize,
    marked: usize,
    waiting: bool,
}

#[derive(Debug)]
pub(super) struct Partition {
    /// Of each node.
    pub(super) block_of: Vec<usize>,
    pub(super) blocks: Vec<Block>,
    /// The nodes, those of a block side by side, and where each node stands among them.
    nodes: Vec<usize>,
    place: Vec<usize>,
    /// For each node, those that refer to it, and where.
    referrers: Vec<Vec<(usize, usize)>>,
    /// The blocks that have yet to part others.
    waiting: Vec<usize>,
    /// How many edges were looked at.
    work: usize,
}

impl Partition {
    /// The nodes in `count` blocks at first: each in the one that `block_of` says.
    pub(super) fn new(block_of: &[usize], count: usize, edges: impl Iterator<Item = Edge>) -> Self {
        let mut nodes: Vec<usize> = (0..block_of.len()).collect();
        nodes.sort_by_key(|node| block_of[*node]);
        let mut place = vec![0; nodes.len()];
        let mut blocks = vec![Block { start: 0, end: 0, marked: 0, waiting: true }; count];
        for (at, node) in nodes.iter().enumerate() {
            place[*node] = at;
            let block = &mut blocks[block_of[*node]];
            if block.end == 0 {
                block.start = at;
            }
            block.end = at + 1;
        }
        let mut referrers = vec![Vec::new(); nodes.len()];
        for edge in edges {
            referrers[edge.to].push((edge.at, edge.from));
        }
        Self { block_of: block_of.to_vec(), blocks, nodes, place, referrers, waiting: (0..count).collect(), work: 0 }
    }

    /// Parts blocks until the members of each are alike.
    pub(super) fn refine(&mut self) {
        while let Some(splitter) = self.waiting.pop() {
            self.blocks[splitter].waiting = false;
            let Block { start, end, .. } = self.blocks[splitter];
            let mut met: Vec<(usize, usize)> =
                self.nodes[start..end].iter().flat_map(|node| &self.referrers[*node]).copied().collect();
            self.work += met.len();
            met.sort_unstable();
            for of_one_place in met.chunk_by(|one, next| one.0 == next.0) {
                let mut touched = Vec::new();
                for (_, node) in of_one_place {
                    let block = self.block_of[*node];
                    if self.blocks[block].marked == 0 {
                        touched.push(block);
                    }
                    self.mark(*node);
                }
                for block in touched {
                    self.part(block);
                }
            }
        }
    }

    /// Moves a node to the front of its block.
    fn mark(&mut self, node: usize) {
        let block = &mut self.blocks[self.block_of[node]];
        let (from, to) = (self.place[node], block.start + block.marked);
        block.marked += 1;
        let other = self.nodes[to];
        self.nodes.swap(from, to);
        self.place.swap(node, other);
    }

    /// Makes a block of its own of the marked nodes or of the others: of the fewer.
    fn part(&mut self, block: usize) {
        let Block { start, end, marked, waiting } = self.blocks[block];
        self.blocks[block].marked = 0;
        let border = start + marked;
        if border == end {
            return;
        }
        let new = self.blocks.len();
        let (small, large) =
            if marked <= end - border { (start..border, border..end) } else { (border..end, start..border) };
        for node in &self.nodes[small.clone()] {
            self.block_of[*node] = new;
        }
        self.blocks[block] = Block { start: large.start, end: large.end, marked: 0, waiting };
        // If the old block still waits, both halves have to; if not, either will do.
        self.blocks.push(Block { start: small.start, end: small.end, marked: 0, waiting: true });
        self.waiting.push(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refined(nodes: usize, edges: &[(usize, usize, usize)]) -> Partition {
        let edges = edges.iter().map(|(from, at, to)| Edge { from: *from, at: *at, to: *to });
        let mut partition = Partition::new(&vec![0; nodes], 1, edges);
        partition.refine();
        partition
    }

    #[test]
    fn nodes_that_lead_alike_stay_together() {
        // Two rings of two and one of three, all of one place.
        let rings = refined(7, &[(0, 0, 1), (1, 0, 0), (2, 0, 3), (3, 0, 2), (4, 0, 5), (5, 0, 6), (6, 0, 4)]);
        assert_eq!(rings.blocks.len(), 1);
        // One node leads at another place.
        let apart = refined(4, &[(0, 0, 1), (1, 0, 0), (2, 0, 3), (3, 1, 2)]);
        assert_eq!(apart.block_of[0], apart.block_of[1]);
        assert_eq!(apart.blocks.len(), 3);
    }

    /// The edges of a chain whose last node leads to itself at another place, so that each node is of its own.
    fn chain(length: usize) -> Partition {
        let mut edges: Vec<_> = (1..length).map(|node| (node - 1, 0, node)).collect();
        edges.push((length - 1, 1, length - 1));
        refined(length, &edges)
    }

    #[test]
    fn a_long_chain_to_a_cycle_takes_work_in_proportion() {
        for length in [1_000, 8_000, 64_000] {
            let chain = chain(length);
            assert_eq!(chain.blocks.len(), length);
            // Edges by the logarithm of their number; by the square, it would be thousands of times as many.
            assert!(chain.work <= length * 17, "{} for {length}", chain.work);
        }
    }

    #[test]
    fn a_ring_with_one_odd_node_takes_work_in_proportion() {
        for length in [1_000, 64_000] {
            let mut edges: Vec<_> = (0..length).map(|node| (node, 0, (node + 1) % length)).collect();
            edges.push((0, 1, 0));
            let ring = refined(length, &edges);
            assert_eq!(ring.blocks.len(), length);
            assert!(ring.work <= length * 2 * 17, "{} for {length}", ring.work);
        }
    }
}
