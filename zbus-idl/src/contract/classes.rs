//! Which types are alike: the coarsest parting of them into classes such that those of one class have one shape, and
//! refer, place by place, to the same classes.

use std::collections::HashMap;
use std::hash::Hash;

use super::line::Line;
use super::partition::{Edge, Partition};

/// The class of each type, and how many there are.
///
/// Types that end, so that they hold no cycle, are compared from the leaves up, in one pass. The rest start in classes of one
/// shape, which are parted until they cannot be told apart.
pub(super) fn classes(lines: &[Line]) -> (Vec<usize>, usize) {
    let shapes = numbered(lines.iter().map(|line| line.text.as_str())).0;
    let references: Vec<Vec<usize>> =
        lines.iter().map(|line| line.references.iter().map(|(_, id)| id.index()).collect()).collect();
    let (order, endless) = leaves_first(&references);
    let mut classes = vec![0; lines.len()];
    let mut numbers = HashMap::new();
    for index in order {
        let next = numbers.len();
        let seen: Vec<usize> = references[index].iter().map(|to| classes[*to]).collect();
        classes[index] = *numbers.entry((shapes[index], seen)).or_insert(next);
    }
    // A type that ends is never like one that does not, so the classes of the former stay as they are.
    let ending = numbers.len();
    let mut place = vec![None; lines.len()];
    for (new, index) in endless.iter().enumerate() {
        place[*index] = Some(new);
    }
    let known = |index: usize| -> Vec<Option<usize>> {
        references[index].iter().map(|to| place[*to].is_none().then_some(classes[*to])).collect()
    };
    let (alike, count) = numbered(endless.iter().map(|index| (shapes[*index], known(*index))));
    let edges = endless.iter().enumerate().flat_map(|(from, index)| {
        let targets = references[*index].iter().enumerate();
        targets.filter_map(|(at, to)| place[*to].map(|to| Edge { from, at, to })).collect::<Vec<_>>()
    });
    let mut partition = Partition::new(&alike, count, edges);
    partition.refine();
    for (index, class) in endless.iter().zip(&partition.block_of) {
        classes[*index] = ending + class;
    }
    (classes, ending + partition.blocks.len())
}

/// The types that end, each behind those that it refers to; and the types that do not, since they reach a cycle.
fn leaves_first(references: &[Vec<usize>]) -> (Vec<usize>, Vec<usize>) {
    let mut referrers: Vec<Vec<usize>> = vec![Vec::new(); references.len()];
    for (from, all) in references.iter().enumerate() {
        for to in all {
            referrers[*to].push(from);
        }
    }
    let mut waits_for: Vec<usize> = references.iter().map(Vec::len).collect();
    let mut order: Vec<usize> = (0..references.len()).filter(|index| waits_for[*index] == 0).collect();
    let mut next = 0;
    while let Some(index) = order.get(next).copied() {
        next += 1;
        for from in &referrers[index] {
            waits_for[*from] -= 1;
            if waits_for[*from] == 0 {
                order.push(*from);
            }
        }
    }
    let endless = (0..references.len()).filter(|index| waits_for[*index] > 0).collect();
    (order, endless)
}

/// Gives equal keys equal numbers, from 0, and says how many there are.
fn numbered<K: Eq + Hash>(keys: impl Iterator<Item = K>) -> (Vec<usize>, usize) {
    let mut numbers = HashMap::new();
    let each = keys
        .map(|key| {
            let next = numbers.len();
            *numbers.entry(key).or_insert(next)
        })
        .collect();
    (each, numbers.len())
}
