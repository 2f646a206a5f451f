//! Sorting and small maps that are compiled once.
//!
//! Every type that the standard library sorts, or keeps in a `BTreeMap`, brings several kilobytes of code of its own, and
//! a browser loads them all. What is short, or made in order anyway, is sorted by [`sort_by`] and kept in a [`ByNumber`].
//! Where many values are sorted (ids above all) the standard library does it.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// Sort, equal ones in their order.
pub(crate) fn sort_by<T>(items: &mut Vec<T>, mut compare: impl FnMut(&T, &T) -> Ordering) {
    let order = {
        let mut numbers = |a: usize, b: usize| match (items.get(a), items.get(b)) {
            (Some(a), Some(b)) => compare(a, b),
            _ => Ordering::Equal,
        };
        ordered(items.len(), &mut numbers)
    };
    let mut taken: Vec<Option<T>> = core::mem::take(items).into_iter().map(Some).collect();
    items.extend(order.into_iter().filter_map(|number| taken.get_mut(number)?.take()));
}

/// The numbers below `count` in this order.
fn ordered(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    // Runs that are in order, merged in pairs.
    let mut run = 1_usize;
    while run < count {
        let mut merged = Vec::with_capacity(count);
        for pair in order.chunks(run.saturating_mul(2)) {
            let (mut left, mut right) = pair.split_at_checked(run).unwrap_or((pair, &[]));
            while let (Some((&a, after_a)), Some((&b, after_b))) = (left.split_first(), right.split_first()) {
                let number = if compare(a, b) == Ordering::Greater {
                    right = after_b;
                    b
                } else {
                    left = after_a;
                    a
                };
                merged.push(number);
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        order = merged;
        run = run.saturating_mul(2);
    }
    order
}

/// Values by a number, in a vector that ascends: for a few of them, or for those that mostly come in order.
#[derive(Debug, Clone)]
pub(crate) struct ByNumber<V>(Vec<(u64, V)>);

impl<V> Default for ByNumber<V> {
    fn default() -> ByNumber<V> {
        ByNumber(Vec::new())
    }
}

impl<V> ByNumber<V> {
    fn find(&self, number: u64) -> Result<usize, usize> {
        self.0.binary_search_by(|(held, _)| held.cmp(&number))
    }

    /// The value of this number.
    pub(crate) fn get(&self, number: u64) -> Option<&V> {
        self.0.get(self.find(number).ok()?).map(|(_, value)| value)
    }

    /// The value of this number, made if it is not there.
    pub(crate) fn get_or(&mut self, number: u64, make: impl FnOnce() -> V) -> Option<&mut V> {
        let place = self.find(number).unwrap_or_else(|place| {
            self.0.insert(place, (number, make()));
            place
        });
        self.0.get_mut(place).map(|(_, value)| value)
    }

    /// Put this in, in the place of what was there.
    pub(crate) fn insert(&mut self, number: u64, value: V) {
        match self.find(number) {
            Ok(place) => {
                if let Some(held) = self.0.get_mut(place) {
                    held.1 = value;
                }
            }
            Err(place) => self.0.insert(place, (number, value)),
        }
    }

    /// Take out the value of this number.
    pub(crate) fn remove(&mut self, number: u64) -> Option<V> {
        self.find(number).ok().map(|place| self.0.remove(place).1)
    }

    /// The last one at or before this number.
    pub(crate) fn last_to(&self, number: u64) -> Option<&(u64, V)> {
        let place = self.0.partition_point(|(held, _)| *held <= number);
        self.0.get(place.checked_sub(1)?)
    }

    /// The first one at or behind this number.
    pub(crate) fn first_from(&self, number: u64) -> Option<&(u64, V)> {
        self.0.get(self.0.partition_point(|(held, _)| *held < number))
    }

    /// All values, ascending by number.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_sorts_as_the_standard_library_does(items in prop::collection::vec((0_u8..9, any::<u8>()), 0..40)) {
            let (mut one, mut other) = (items.clone(), items);
            sort_by(&mut one, |a, b| a.0.cmp(&b.0));
            other.sort_by_key(|item| item.0);
            prop_assert_eq!(one, other);
        }

        #[test]
        fn a_map_is_a_map(steps in prop::collection::vec((0_u64..20, 0_u8..4), 0..60)) {
            let (mut one, mut other) = (ByNumber::default(), BTreeMap::new());
            for (value, (number, what)) in steps.into_iter().enumerate() {
                match what {
                    0 => prop_assert_eq!(one.remove(number), other.remove(&number)),
                    1 => prop_assert_eq!(one.get_or(number, || value), Some(other.entry(number).or_insert(value))),
                    _ => {
                        one.insert(number, value);
                        other.insert(number, value);
                    }
                }
                prop_assert_eq!(one.get(number), other.get(&number));
                prop_assert_eq!(one.last_to(number).copied(), other.range(..=number).next_back().map(|(n, v)| (*n, *v)));
                prop_assert_eq!(one.first_from(number).copied(), other.range(number..).next().map(|(n, v)| (*n, *v)));
            }
            prop_assert_eq!(one.values().collect::<Vec<_>>(), other.values().collect::<Vec<_>>());
        }
    }
}
