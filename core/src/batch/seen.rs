//! The `record_id`s that a batch has had so far, and which order had each first.
//!
//! A few are compared one by one; many go into a table of hashes. Whoever sends identities whose hashes collide gains
//! nothing: a table that grows crowded gives way to a tree in which a look-up takes as many steps as an identity has bits,
//! at the most.

use alloc::vec;
use alloc::vec::Vec;

use super::chunk::are_same;
use super::scan::Span;

/// So many are compared one by one.
const FEW: usize = 4;
/// Few orders are written in fewer bytes. A request of shorter ones makes the table grow once.
const SHORTEST_ORDER: usize = 56;
/// So many places are looked at before a table counts as crowded. It is never more than half full.
const CROWDED: usize = 128;
/// What stands at a place of the table that is free: zero, so that memory comes with it.
const FREE: u32 = 0;

pub(super) struct Seen<'a> {
    texts: Texts<'a>,
    /// As long as there are few.
    few: [Entry; FEW],
    count: usize,
    /// When there are many.
    entries: Vec<Entry>,
    /// At each place the number of an entry, from 1, in as many bits as count places, and above those the bits of its hash.
    table: Vec<u32>,
    /// The tree of a crowd, over the same entries.
    tree: Option<BitTree>,
}

/// An identity, and the order that had it first.
#[derive(Clone, Copy, Default)]
struct Entry {
    at: usize,
    length: u32,
    index: u32,
}

/// What identities are made of: the request, and behind it what was written otherwise than it means.
struct Texts<'a> {
    bytes: &'a [u8],
    decoded: Vec<u8>,
}

impl Texts<'_> {
    #[inline]
    fn of(&self, entry: Entry) -> &[u8] {
        let (at, length) = (entry.at, entry.length as usize);
        match at.checked_sub(self.bytes.len()) {
            None => self.bytes.get(at..at + length),
            Some(at) => self.decoded.get(at..at + length),
        }
        .unwrap_or(&[])
    }

    fn hash(&self, entry: Entry) -> u32 {
        hash(self.of(entry))
    }
}

impl<'a> Seen<'a> {
    /// For the identities of a request: with a table for as many as it may have, if those are not few.
    #[inline]
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        let mut seen = Self {
            texts: Texts { bytes, decoded: Vec::new() },
            few: [Entry::default(); FEW],
            count: 0,
            entries: Vec::new(),
            table: Vec::new(),
            tree: None,
        };
        let expected = bytes.len() / SHORTEST_ORDER;
        if expected > FEW {
            seen.expect(expected);
        }
        seen
    }

    /// Makes room for so many.
    fn expect(&mut self, entries: usize) {
        self.entries.reserve(entries);
        self.grow((entries + entries / 2).next_power_of_two());
    }

    /// The order that had the identity first that lies at a place of the request: `index` itself if none had it before.
    #[inline]
    pub(super) fn first(&mut self, id: Span, index: u32) -> u32 {
        let text = self.texts.bytes.get(id.at..id.end()).unwrap_or(&[]);
        self.first_entry(text, Entry { at: id.at, length: id.length as u32, index })
    }

    /// The same of an identity that is written otherwise than it means.
    #[cold]
    pub(super) fn first_decoded(&mut self, id: &str, index: u32) -> u32 {
        let at = self.texts.bytes.len() + self.texts.decoded.len();
        self.texts.decoded.extend_from_slice(id.as_bytes());
        self.first_entry(id.as_bytes(), Entry { at, length: id.len() as u32, index })
    }

    #[inline(always)]
    fn first_entry(&mut self, id: &[u8], entry: Entry) -> u32 {
        if self.table.is_empty() {
            return self.first_otherwise(id, entry);
        }
        let hash = hash(id);
        let places = self.table.len();
        let mask = places - 1;
        for step in 0..CROWDED {
            let place = (hash as usize).wrapping_add(step) & mask;
            let Some(there) = self.table.get_mut(place) else { break };
            if *there == FREE {
                self.entries.push(entry);
                *there = hash & !(mask as u32) | self.entries.len() as u32;
                if self.entries.len() > places / 2 {
                    self.grow(4 * places);
                }
                return entry.index;
            }
            if (*there ^ hash) & !(mask as u32) == 0
                && let Some(other) = self.entries.get((*there as usize & mask) - 1)
                && are_same(self.texts.of(*other), id)
            {
                return other.index;
            }
        }
        self.plant();
        self.first_otherwise(id, entry)
    }

    /// The same where there is no table: among few, or in a tree.
    #[inline(never)]
    fn first_otherwise(&mut self, id: &[u8], entry: Entry) -> u32 {
        if let Some(tree) = &mut self.tree {
            let number = self.entries.len() as u32;
            self.entries.push(entry);
            let there = tree.insert(&self.texts, &self.entries, number);
            if there != number {
                self.entries.pop();
            }
            return self.entries.get(there as usize).map_or(entry.index, |entry| entry.index);
        }
        let mut few = self.few.iter().take(self.count);
        if let Some(other) = few.find(|other| are_same(self.texts.of(**other), id)) {
            return other.index;
        }
        if let Some(free) = self.few.get_mut(self.count) {
            *free = entry;
            self.count += 1;
            return entry.index;
        }
        self.entries.extend(self.few);
        self.entries.push(entry);
        self.grow(16 * FEW);
        entry.index
    }

    /// Makes a table of so many places, a power of two, and fills it.
    #[cold]
    fn grow(&mut self, places: usize) {
        let mask = places - 1;
        let mut table = vec![FREE; places];
        for (number, entry) in (1..).zip(&self.entries) {
            let hash = self.texts.hash(*entry);
            let free = (0..CROWDED).map(|step| (hash as usize).wrapping_add(step) & mask);
            let mut free = free.filter(|place| table.get(*place).is_some_and(|there| *there == FREE));
            let Some(place) = free.next().and_then(|place| table.get_mut(place)) else {
                return self.plant();
            };
            *place = hash & !(mask as u32) | number;
        }
        self.table = table;
    }

    /// Puts all that has been seen into a tree.
    #[cold]
    fn plant(&mut self) {
        let mut tree = BitTree::default();
        for number in 0..self.entries.len() {
            tree.insert(&self.texts, &self.entries, number as u32);
        }
        self.tree = Some(tree);
        self.table = Vec::new();
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
    fn insert(&mut self, texts: &Texts<'_>, entries: &[Entry], entry: u32) -> u32 {
        let id = |entry: u32| entries.get(entry as usize).map_or(&b""[..], |entry| texts.of(*entry));
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

/// A hash in which every bit depends on every byte: multiplying moves what differs up, the final shift brings it down.
#[inline]
fn hash(id: &[u8]) -> u32 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = id.as_chunks::<8>();
    let hash = words.iter().fold(id.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    // The last bytes, some of which may have been there already.
    let last = match (id.last_chunk(), rest.first_chunk(), rest.last_chunk()) {
        (Some(last), ..) => u64::from_le_bytes(*last),
        (None, Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
        }
        _ => rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    let hash = mix(hash, last);
    ((hash ^ hash >> 29).wrapping_mul(FACTOR) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text of identities, and where each lies.
    fn joined(ids: impl IntoIterator<Item = String>) -> (String, Vec<Span>) {
        let (mut text, mut spans) = (String::new(), Vec::new());
        for id in ids {
            spans.push(Span { at: text.len(), length: id.len() });
            text += &id;
        }
        (text, spans)
    }

    /// Whatever is asked, in whatever way, each identity is told where it was first.
    fn first_ones(seen: &mut Seen<'_>, text: &str, spans: &[Span]) {
        for round in 0..4 {
            for (index, span) in (0..).zip(spans) {
                let now = round * spans.len() as u32 + index;
                let first = match round {
                    0 if index % 3 == 0 => seen.first_decoded(&text[span.at..span.end()], now),
                    1 => seen.first_decoded(&text[span.at..span.end()], now),
                    _ => seen.first(*span, now),
                };
                assert_eq!(first, index);
            }
        }
    }

    #[test]
    fn each_identity_is_told_where_it_was_first() {
        for count in [1, FEW, FEW + 1, 100, 10_000] {
            let (text, spans) = joined((0..count).map(|index| format!("id-{index}")));
            let mut seen = Seen::of(text.as_bytes());
            first_ones(&mut seen, &text, &spans);
            assert!(seen.tree.is_none());
        }
    }

    #[test]
    fn a_crowd_gives_way_to_a_tree_that_says_the_same() {
        // Texts whose hashes share their low bits.
        let crowd = (0..).map(|number| format!("x{number}")).filter(|id| hash(id.as_bytes()) & 0x3FF == 5);
        let (text, spans) = joined(crowd.take(2 * CROWDED));
        let mut seen = Seen::of(text.as_bytes());
        first_ones(&mut seen, &text, &spans);
        assert!(seen.tree.is_some());
    }

    #[test]
    fn a_tree_tells_identities_apart_that_begin_alike() {
        let ids = ["a", "ab", "abc", "b", "a:", "A", "aa", "0", "abcd", "abd"];
        let (text, spans) = joined(ids.map(String::from));
        let mut seen = Seen::of(text.as_bytes());
        seen.plant();
        first_ones(&mut seen, &text, &spans);
    }
}
