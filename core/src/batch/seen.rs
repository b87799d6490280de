//! The `record_id`s that a batch has had so far, and which order had each first.
//!
//! A few are compared one by one; many go into a table of hashes. Whoever sends identities whose hashes collide gains
//! nothing: a table that grows crowded gives way to a tree in which a look-up takes as many steps as an identity has bits,
//! at the most.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

/// So many are compared one by one.
const FEW: usize = 8;
/// No order is written in fewer bytes than about so many.
const SHORTEST_ORDER: usize = 56;
/// So many places are looked at before a table counts as crowded. It is never more than half full.
const CROWDED: usize = 64;
/// What stands at a place of the table that is free: zero, so that memory comes with it.
const FREE: u32 = 0;

#[derive(Default)]
pub(super) struct Seen<'a> {
    entries: Vec<(Cow<'a, [u8]>, u32)>,
    /// A hash and an entry's number, from 1, at each place; empty while there are few.
    table: Vec<(u32, u32)>,
    /// The tree of a crowd, over the same entries.
    tree: Option<BitTree>,
}

impl<'a> Seen<'a> {
    /// With a table for as many identities as so many bytes of a request may have, if those are not few.
    pub(super) fn of_bytes(bytes: usize) -> Self {
        let mut seen = Self::default();
        let expected = bytes / SHORTEST_ORDER;
        if expected > FEW {
            seen.entries.reserve(expected);
            seen.grow((2 * expected).next_power_of_two());
        }
        seen
    }

    /// The order that had this identity first: `index` itself if none had it before.
    #[inline]
    pub(super) fn first(&mut self, id: Cow<'a, [u8]>, index: u32) -> u32 {
        if self.tree.is_some() {
            return self.first_in_tree(id, index);
        }
        if self.table.is_empty() {
            if let Some((_, first)) = self.entries.iter().find(|(entry, _)| *entry == id) {
                return *first;
            }
            self.entries.push((id, index));
            if self.entries.len() > FEW {
                self.grow(16 * FEW);
            }
            return index;
        }
        let hash = hash(&id);
        match self.place(hash, &id) {
            Some(Place::Taken(first)) => first,
            Some(Place::Free(place)) => {
                self.entries.push((id, index));
                if let Some(free) = self.table.get_mut(place) {
                    *free = (hash, self.entries.len() as u32);
                }
                if self.entries.len() > self.table.len() / 2 {
                    self.grow(self.table.len() * 4);
                }
                index
            }
            None => {
                self.plant();
                self.first_in_tree(id, index)
            }
        }
    }

    /// Where the identity is, or would be; `None` in a crowd.
    #[inline]
    fn place(&self, hash: u32, id: &[u8]) -> Option<Place> {
        let mask = self.table.len() - 1;
        for step in 0..CROWDED {
            let place = (hash as usize).wrapping_add(step) & mask;
            let (there, entry) = *self.table.get(place)?;
            if entry == FREE {
                return Some(Place::Free(place));
            }
            if there == hash
                && let Some((_, first)) = self.entries.get(entry as usize - 1).filter(|(entry, _)| **entry == *id)
            {
                return Some(Place::Taken(*first));
            }
        }
        None
    }

    /// Makes a table of so many places, a power of two, and fills it.
    #[cold]
    fn grow(&mut self, places: usize) {
        let mask = places - 1;
        let mut table = vec![(0, FREE); places];
        for (number, (id, _)) in (1..).zip(&self.entries) {
            let hash = hash(id);
            let free = (0..places).map(|step| (hash as usize).wrapping_add(step) & mask);
            let free = free.take(CROWDED).find(|place| table.get(*place).is_some_and(|(_, entry)| *entry == FREE));
            let Some(place) = free.and_then(|place| table.get_mut(place)) else {
                return self.plant();
            };
            *place = (hash, number);
        }
        self.table = table;
    }
}

impl<'a> Seen<'a> {
    /// Puts all that has been seen into a tree.
    #[cold]
    fn plant(&mut self) {
        let mut tree = BitTree::default();
        for entry in 0..self.entries.len() {
            tree.insert(&self.entries, entry as u32);
        }
        self.tree = Some(tree);
    }

    #[cold]
    fn first_in_tree(&mut self, id: Cow<'a, [u8]>, index: u32) -> u32 {
        let entry = self.entries.len() as u32;
        self.entries.push((id, index));
        let there = self.tree.as_mut().map_or(entry, |tree| tree.insert(&self.entries, entry));
        if there != entry {
            self.entries.pop();
        }
        self.entries.get(there as usize).map_or(index, |(_, first)| *first)
    }
}

/// A binary tree of identities by the bits in which they differ (PATRICIA).
#[derive(Default)]
struct BitTree {
    /// The bit that a branch asks for, and what comes for 0 and for 1. Children below have higher bits.
    branches: Vec<(u32, [Child; 2])>,
    root: Option<Child>,
}

#[derive(Clone, Copy)]
enum Child {
    Branch(u32),
    Entry(u32),
}

impl BitTree {
    /// Puts an entry in, unless its identity is there: the entry that is there now.
    fn insert(&mut self, entries: &[(Cow<'_, [u8]>, u32)], entry: u32) -> u32 {
        let id = |entry: u32| entries.get(entry as usize).map_or(&b""[..], |(id, _)| id);
        let new = id(entry);
        let Some(root) = self.root else {
            self.root = Some(Child::Entry(entry));
            return entry;
        };
        let mut child = root;
        let near = loop {
            match child {
                Child::Entry(entry) => break entry,
                Child::Branch(branch) => match self.branches.get(branch as usize) {
                    Some((bit, [zero, one])) => child = if is_set(new, *bit) { *one } else { *zero },
                    None => return entry,
                },
            }
        };
        let bits = 8 * new.len().max(id(near).len()) as u32;
        let Some(differs) = (0..bits).find(|bit| is_set(new, *bit) != is_set(id(near), *bit)) else { return near };
        let number = Child::Branch(self.branches.len() as u32);
        // Down again, to the place above which no branch asks for a later bit.
        let mut above = None;
        let mut child = root;
        while let Child::Branch(branch) = child {
            match self.branches.get(branch as usize) {
                Some((bit, [zero, one])) if *bit < differs => {
                    above = Some(branch);
                    child = if is_set(new, *bit) { *one } else { *zero };
                }
                _ => break,
            }
        }
        let leaf = Child::Entry(entry);
        self.branches.push((differs, if is_set(new, differs) { [child, leaf] } else { [leaf, child] }));
        match above.and_then(|above| self.branches.get_mut(above as usize)) {
            Some((bit, [_, one])) if is_set(new, *bit) => *one = number,
            Some((_, [zero, _])) => *zero = number,
            None => self.root = Some(number),
        }
        entry
    }
}

/// Whether a bit is set; beyond the end none is. (No identity holds a NUL, so that none is another with zeros.)
fn is_set(id: &[u8], bit: u32) -> bool {
    id.get(bit as usize / 8).is_some_and(|byte| byte << (bit % 8) & 0x80 != 0)
}

enum Place {
    Free(usize),
    Taken(u32),
}

/// A hash in which every bit depends on every byte: multiplying moves what differs up, the final shift brings it down.
#[inline]
fn hash(id: &[u8]) -> u32 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = id.as_chunks::<8>();
    let hash = words.iter().fold(id.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let hash = mix(hash, rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    ((hash ^ hash >> 29).wrapping_mul(FACTOR) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_identity_is_told_where_it_was_first() {
        for count in [1, FEW, FEW + 1, 100, 10_000] {
            let mut seen = Seen::default();
            for round in 0..2 {
                for index in 0..count {
                    let id = Cow::Owned(format!("id-{index}").into_bytes());
                    assert_eq!(seen.first(id, (round * count + index) as u32), index as u32);
                }
            }
            assert!(seen.tree.is_none());
        }
    }

    #[test]
    fn a_crowd_gives_way_to_a_tree_that_says_the_same() {
        // Texts whose hashes share their low bits.
        let crowd: Vec<_> =
            (0..).map(|number| format!("x{number}")).filter(|id| hash(id.as_bytes()) & 0x7F == 5).take(200).collect();
        let mut seen = Seen::default();
        for round in 0..2 {
            for (index, id) in (0..).zip(&crowd) {
                assert_eq!(seen.first(Cow::Borrowed(id.as_bytes()), round * 200 + index), index);
            }
        }
        assert!(seen.tree.is_some());
    }

    #[test]
    fn a_tree_tells_identities_apart_that_begin_alike() {
        let ids = ["a", "ab", "abc", "b", "a:", "A", "aa", "0", "abcd", "abd"];
        let mut seen = Seen::default();
        seen.plant();
        for round in 0..2 {
            for (index, id) in (0..).zip(ids) {
                assert_eq!(seen.first(Cow::Borrowed(id.as_bytes()), round * 10 + index), index, "{id}");
            }
        }
    }
}
