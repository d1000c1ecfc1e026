//! Values by number. A number finds its value without a search, and memory follows the values that are there, up and down.
//!
//! This is linear hashing: the table is a row of segments, and grows and shrinks by one segment at a time, so that no insertion or removal
//! takes long, however large the table is.

use std::collections::BTreeMap;

/// How many places a segment has: a power of two.
const SEGMENT: usize = 64;

/// A table that once had so many segments keeps them.
const SEGMENTS_KEPT: usize = 4;

/// Values by number. Numbers are given out in growing order, and never twice.
#[derive(Debug)]
pub(crate) struct Table<T> {
    segments: Vec<Box<[Place<T>]>>,
    /// Values whose places were given up when the table shrank, and taken by others.
    displaced: BTreeMap<u64, T>,
    len: usize,
    next: u64,
}

/// The number and the value that are here.
type Place<T> = Option<(u64, T)>;

impl<T> Table<T> {
    pub(crate) fn new() -> Self {
        Self { segments: Vec::new(), displaced: BTreeMap::new(), len: 0, next: 0 }
    }

    /// How many values there are.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests count what is left"))]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether this number was given out, however long ago.
    pub(crate) fn has_had(&self, number: u64) -> bool {
        number < self.next
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        match place(&mut self.segments, number) {
            Some(Some((here, value))) if *here == number => Some(value),
            _ => self.displaced.get_mut(&number),
        }
    }

    /// Inserts a value under the next number whose place is free.
    pub(crate) fn insert(&mut self, value: T) -> u64 {
        if 4 * (self.len + 1) > 3 * self.capacity() {
            self.grow();
        }
        self.len += 1;
        loop {
            let number = self.next;
            self.next += 1;
            if let Some(place @ None) = place(&mut self.segments, number) {
                *place = Some((number, value));
                return number;
            }
        }
    }

    /// Inserts a value under the number of one that was removed.
    pub(crate) fn insert_again(&mut self, number: u64, value: T) {
        self.len += 1;
        self.put(number, value);
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<T> {
        let value = match place(&mut self.segments, number) {
            Some(place) if place.as_ref().is_some_and(|(here, _)| *here == number) => {
                place.take().map(|(_, value)| value)
            }
            _ => self.displaced.remove(&number),
        }?;
        self.len -= 1;
        if self.segments.len() > SEGMENTS_KEPT && 8 * self.len < self.capacity() {
            self.shrink();
        }
        Some(value)
    }

    /// All values, in no order.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let placed = self.segments.iter_mut().flatten().flatten().map(|(_, value)| value);
        placed.chain(self.displaced.values_mut())
    }

    fn capacity(&self) -> usize {
        self.segments.len() * SEGMENT
    }

    fn put(&mut self, number: u64, value: T) {
        match place(&mut self.segments, number) {
            Some(place @ None) => *place = Some((number, value)),
            _ => _ = self.displaced.insert(number, value),
        }
    }

    /// Adds a segment, and shares out between it and one other what was in that one.
    fn grow(&mut self) {
        let before = self.capacity();
        self.segments.push((0..SEGMENT).map(|_| None).collect());
        let other = before - (before + 1).next_power_of_two() / 2;
        let Some(segment) = self.segments.get_mut(other / SEGMENT).filter(|_| before > 0) else { return };
        let shared: Vec<_> = segment.iter_mut().filter_map(Option::take).collect();
        for (number, value) in shared {
            self.put(number, value);
        }
    }

    /// Gives up a segment; what is in it moves.
    fn shrink(&mut self) {
        let Some(segment) = self.segments.pop() else { return };
        if 4 * self.segments.len() < self.segments.capacity() {
            self.segments.shrink_to(2 * self.segments.len());
        }
        for (number, value) in segment.into_iter().flatten() {
            self.put(number, value);
        }
    }
}

/// The place of a number, whatever is there. Twice as many places would be told apart by one bit more of the number: if the place with
/// that bit is not there yet, the bit does not count.
fn place<T>(segments: &mut [Box<[Place<T>]>], number: u64) -> Option<&mut Place<T>> {
    let capacity = segments.len() * SEGMENT;
    let mask = capacity.next_power_of_two() - 1;
    #[expect(clippy::cast_possible_truncation, reason = "the low bits count")]
    let wide = number as usize & mask;
    let index = if wide < capacity { wide } else { wide & (mask >> 1) };
    segments.get_mut(index / SEGMENT)?.get_mut(index % SEGMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: u64) -> Table<u64> {
        let mut table = Table::new();
        for number in 0..count {
            assert_eq!(table.insert(number), number);
        }
        table
    }

    #[test]
    fn every_value_is_found_while_the_table_grows_and_shrinks() {
        for count in [1, 48, 49, 1000, 10_000] {
            let mut table = filled(count);
            for number in 0..count {
                assert_eq!(table.get_mut(number), Some(&mut number.clone()));
            }
            // Every seventh stays: their places are given up one after the other.
            for number in (0..count).filter(|number| number % 7 != 0) {
                assert_eq!(table.remove(number), Some(number));
                assert_eq!(table.remove(number), None);
            }
            for number in (0..count).step_by(7) {
                assert_eq!(table.get_mut(number), Some(&mut number.clone()), "of {count}");
            }
            assert_eq!(table.values_mut().count(), table.len());
        }
    }

    #[test]
    fn memory_follows_what_is_there_even_if_some_of_it_stays() {
        let mut table = filled(200_000);
        assert!(table.capacity() < 300_000);
        // Those that stay have one place between them: all but one are displaced.
        let staying = |number: u64| number.is_multiple_of(16_384);
        for number in (0..200_000).filter(|number| !staying(*number)) {
            table.remove(number);
        }
        assert_eq!(table.segments.len(), SEGMENTS_KEPT);
        assert!(table.segments.capacity() <= 16 * SEGMENTS_KEPT);
        assert!(
            (0..200_000)
                .filter(|number| staying(*number))
                .all(|number| table.get_mut(number) == Some(&mut number.clone()))
        );
        assert!(!table.displaced.is_empty());
    }

    #[test]
    fn a_number_that_was_removed_can_be_entered_again_wherever_its_place_is() {
        let mut table = filled(100);
        table.remove(3);
        table.insert_again(3, 33);
        assert_eq!(table.get_mut(3), Some(&mut 33));
        // Another has taken its place meanwhile.
        table.remove(3);
        loop {
            let other = table.insert(0);
            if place(&mut table.segments, 3).unwrap().is_some() {
                break;
            }
            table.remove(other);
        }
        table.insert_again(3, 333);
        assert_eq!(table.get_mut(3), Some(&mut 333));
        let before = table.len();
        assert_eq!(table.remove(3), Some(333));
        assert_eq!(table.len(), before - 1);
    }
}
