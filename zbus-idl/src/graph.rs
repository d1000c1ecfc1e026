//! Cycles in a graph, and an order in which everything comes after what it needs. Iterative, since a schema may chain as
//! many things as it has lines; linear, since it may chain them in every way.

use crate::source::Span;

/// That something needs something else, and where it says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) to: usize,
    pub(crate) span: Span,
}

#[derive(Debug, Default)]
pub(crate) struct Order {
    /// Every node, behind those that it needs (but for cycles).
    pub(crate) nodes: Vec<usize>,
    /// Cycles without a node in common: each step is a node and the edge that leaves it.
    pub(crate) cycles: Vec<Vec<(usize, Span)>>,
    /// Whether a node is on a cycle.
    pub(crate) cyclic: Vec<bool>,
}

#[derive(Clone, Copy, PartialEq)]
enum Color {
    White,
    Grey,
    Black,
}

pub(crate) fn order(graph: &[Vec<Edge>]) -> Order {
    let mut color = vec![Color::White; graph.len()];
    let mut found = Order { cyclic: vec![false; graph.len()], ..Order::default() };
    for root in 0..graph.len() {
        if color[root] != Color::White {
            continue;
        }
        // Each step: a node, and how many of its edges were followed.
        let mut path = vec![(root, 0_usize)];
        color[root] = Color::Grey;
        while let Some((node, followed)) = path.last_mut() {
            let node = *node;
            let Some(edge) = graph[node].get(*followed) else {
                color[node] = Color::Black;
                found.nodes.push(node);
                path.pop();
                continue;
            };
            *followed += 1;
            match color.get(edge.to) {
                Some(Color::White) => {
                    color[edge.to] = Color::Grey;
                    path.push((edge.to, 0));
                }
                Some(Color::Grey) => close(&mut found, graph, &path, edge.to),
                _ => {}
            }
        }
    }
    found
}

/// The path leads back to `target`. Walks down from its end; where it meets a cycle that is known, it is part of that.
fn close(found: &mut Order, graph: &[Vec<Edge>], path: &[(usize, usize)], target: usize) {
    let mut cycle = Vec::new();
    for &(node, followed) in path.iter().rev() {
        if found.cyclic[node] {
            return;
        }
        found.cyclic[node] = true;
        cycle.extend(graph[node].get(followed.wrapping_sub(1)).map(|edge| (node, edge.span)));
        if node == target {
            cycle.reverse();
            found.cycles.push(cycle);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    fn graph(edges: &[&[usize]]) -> Vec<Vec<Edge>> {
        let source = Sources::default().set("test.zbus", String::new());
        let edge = |to: &usize| Edge { to: *to, span: Span { source, start: 0, end: 0 } };
        edges.iter().map(|edges| edges.iter().map(edge).collect()).collect()
    }

    #[test]
    fn what_is_needed_comes_first() {
        assert_eq!(order(&graph(&[&[2], &[0], &[]])).nodes, [2, 0, 1]);
    }

    #[test]
    fn a_cycle_is_found_once_from_where_it_is_entered() {
        let found = order(&graph(&[&[1], &[2], &[1, 1], &[3]]));
        let cycles: Vec<Vec<usize>> =
            found.cycles.iter().map(|cycle| cycle.iter().map(|(node, _)| *node).collect()).collect();
        assert_eq!(cycles, [vec![1, 2], vec![3]]);
        assert_eq!(found.cyclic, [false, true, true, true]);
    }

    #[test]
    fn a_hundred_thousand_links_are_no_recursion() {
        let edges: Vec<[usize; 1]> = (0..100_000).map(|node| [node + 1]).collect();
        let edges: Vec<&[usize]> = edges.iter().map(<[usize; 1]>::as_slice).collect();
        assert_eq!(order(&graph(&edges)).nodes.len(), 100_000);
    }
}
