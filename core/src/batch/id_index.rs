//! Finds duplicate `record_id`s: maps each one to the first order that has it.
//!
//! A few ids are compared one by one, many are kept in an open-addressing hash table. Ids that are chosen to collide gain
//! nothing: when probing takes too long, the table is replaced by a radix trie (PATRICIA), in which a look-up visits at most as
//! many nodes as an id has bits.

use alloc::vec;
use alloc::vec::Vec;

use crate::simd::is_equal;
use crate::span::Span;

/// Up to this number, ids are compared one by one.
const FEW: usize = 4;
/// Bytes of a short order: the table is sized for orders of this length, and grows once if they are shorter.
const SHORT_ORDER_BYTES: usize = 56;
/// Maximum number of slots that are probed before the table is replaced. It is never more than half full.
const MAX_PROBES: usize = 128;
/// The content of an empty slot: 0, so that a new table is zeroed memory.
const EMPTY: u32 = 0;

pub(super) struct IdIndex<'a> {
    texts: IdTexts<'a>,
    /// The first ids, while there are few.
    few: [Entry; FEW],
    count: usize,
    /// All ids, once there are many.
    entries: Vec<Entry>,
    /// In each slot, the number of an entry, from 1, in the low bits that select a slot, and the entry's hash in the high bits.
    table: Vec<u32>,
    /// Replaces the table after too many probes.
    trie: Option<Trie>,
}

/// An id and the first order that has it.
#[derive(Clone, Copy, Default)]
struct Entry {
    /// Offset in [`IdTexts`].
    start: usize,
    len: u32,
    index: u32,
}

/// The bytes of the ids: the request, followed by decoded ids.
struct IdTexts<'a> {
    request: &'a [u8],
    decoded: Vec<u8>,
}

impl IdTexts<'_> {
    #[inline]
    fn id(&self, entry: Entry) -> &[u8] {
        let len = entry.len as usize;
        match entry.start.checked_sub(self.request.len()) {
            None => Span { start: entry.start, len }.slice(self.request),
            Some(start) => Span { start, len }.slice(&self.decoded),
        }
    }

    /// The id of an entry of the trie.
    fn id_of(&self, entries: &[Entry], number: u32) -> &[u8] {
        let entry = entries.get(number as usize).copied();
        debug_assert!(entry.is_some(), "no entry {number}");
        entry.map_or(&[], |entry| self.id(entry))
    }
}

impl<'a> IdIndex<'a> {
    /// An index for the ids of a request, with a table that is sized for its length.
    #[inline]
    pub(super) fn new(request: &'a [u8]) -> Self {
        let mut index = Self {
            texts: IdTexts { request, decoded: Vec::new() },
            few: [Entry::default(); FEW],
            count: 0,
            entries: Vec::new(),
            table: Vec::new(),
            trie: None,
        };
        let expected = request.len() / SHORT_ORDER_BYTES;
        if expected > FEW {
            index.reserve(expected);
        }
        index
    }

    fn reserve(&mut self, ids: usize) {
        self.entries.reserve(ids);
        self.rebuild_table((ids + ids / 2).next_power_of_two());
    }

    /// Inserts the id in a span of the request, and returns the first order that has it: `index` itself if the id is new.
    #[inline]
    pub(super) fn insert_or_first_index(&mut self, id: Span, index: u32) -> u32 {
        let entry = Entry { start: id.start, len: id.len as u32, index };
        self.insert(id.slice(self.texts.request), entry)
    }

    /// [`insert_or_first_index`](Self::insert_or_first_index) for an id that was decoded.
    #[cold]
    pub(super) fn insert_decoded_or_first_index(&mut self, id: &str, index: u32) -> u32 {
        let start = self.texts.request.len() + self.texts.decoded.len();
        self.texts.decoded.extend_from_slice(id.as_bytes());
        self.insert(id.as_bytes(), Entry { start, len: id.len() as u32, index })
    }

    #[inline(always)]
    fn insert(&mut self, id: &[u8], entry: Entry) -> u32 {
        if self.table.is_empty() {
            return self.insert_without_table(id, entry);
        }
        let hash = hash(id);
        let slots = self.table.len();
        let mask = slots - 1;
        for probe in 0..MAX_PROBES {
            let slot = (hash as usize).wrapping_add(probe) & mask;
            let Some(content) = self.table.get_mut(slot) else { break };
            if *content == EMPTY {
                self.entries.push(entry);
                *content = hash & !(mask as u32) | self.entries.len() as u32;
                if self.entries.len() > slots / 2 {
                    self.rebuild_table(4 * slots);
                }
                return entry.index;
            }
            if (*content ^ hash) & !(mask as u32) == 0
                && let Some(other) = self.entries.get((*content as usize & mask) - 1)
                && is_equal(self.texts.id(*other), id)
            {
                return other.index;
            }
        }
        self.switch_to_trie();
        self.insert_without_table(id, entry)
    }

    /// Inserts into the few ids or into the trie.
    #[inline(never)]
    fn insert_without_table(&mut self, id: &[u8], entry: Entry) -> u32 {
        if let Some(trie) = &mut self.trie {
            let number = self.entries.len() as u32;
            self.entries.push(entry);
            let first = trie.insert(&self.texts, &self.entries, number);
            let first_index = self.entries.get(first as usize).map_or(entry.index, |first| first.index);
            if first != number {
                self.entries.pop();
            }
            return first_index;
        }
        let mut few = self.few.iter().take(self.count);
        if let Some(other) = few.find(|other| is_equal(self.texts.id(**other), id)) {
            return other.index;
        }
        if let Some(free) = self.few.get_mut(self.count) {
            *free = entry;
            self.count += 1;
            return entry.index;
        }
        self.entries.extend(self.few);
        self.entries.push(entry);
        self.rebuild_table(16 * FEW);
        entry.index
    }

    /// Builds a table with this number of slots, a power of two, from the entries.
    #[cold]
    fn rebuild_table(&mut self, slots: usize) {
        let mask = slots - 1;
        let mut table = vec![EMPTY; slots];
        for (number, entry) in (1..).zip(&self.entries) {
            let hash = hash(self.texts.id(*entry));
            let probes = (0..MAX_PROBES).map(|probe| (hash as usize).wrapping_add(probe) & mask);
            let mut free = probes.filter(|slot| table.get(*slot).is_some_and(|content| *content == EMPTY));
            let Some(content) = free.next().and_then(|slot| table.get_mut(slot)) else {
                return self.switch_to_trie();
            };
            *content = hash & !(mask as u32) | number;
        }
        self.table = table;
    }

    /// Moves all entries into a trie.
    #[cold]
    fn switch_to_trie(&mut self) {
        let mut trie = Trie::default();
        for number in 0..self.entries.len() {
            trie.insert(&self.texts, &self.entries, number as u32);
        }
        self.trie = Some(trie);
        self.table = Vec::new();
    }
}

/// A binary radix trie (PATRICIA) over the bits in which ids differ.
#[derive(Default)]
struct Trie {
    /// The bit that a branch tests, and its children for 0 and 1. Children test higher bits.
    branches: Vec<(u32, [Node; 2])>,
    root: Option<Node>,
}

#[derive(Clone, Copy)]
enum Node {
    Branch(u32),
    Entry(u32),
}

impl Trie {
    /// Inserts an entry unless its id is present, and returns the entry that now has the id.
    fn insert(&mut self, texts: &IdTexts<'_>, entries: &[Entry], entry: u32) -> u32 {
        let id = |entry: u32| texts.id_of(entries, entry);
        let new = id(entry);
        let Some(root) = self.root else {
            self.root = Some(Node::Entry(entry));
            return entry;
        };
        let mut node = root;
        let nearest = loop {
            match node {
                Node::Entry(entry) => break entry,
                Node::Branch(branch) => match self.branches.get(branch as usize) {
                    Some((bit, [zero, one])) => node = if is_set(new, *bit) { *one } else { *zero },
                    None => return entry,
                },
            }
        };
        let bits = 8 * new.len().max(id(nearest).len()) as u32;
        let Some(differs) = (0..bits).find(|bit| is_set(new, *bit) != is_set(id(nearest), *bit)) else {
            return nearest;
        };
        let branch = Node::Branch(self.branches.len() as u32);
        // Descend again, to the first node that tests a higher bit.
        let mut parent = None;
        let mut node = root;
        while let Node::Branch(branch) = node {
            match self.branches.get(branch as usize) {
                Some((bit, [zero, one])) if *bit < differs => {
                    parent = Some(branch);
                    node = if is_set(new, *bit) { *one } else { *zero };
                }
                _ => break,
            }
        }
        let leaf = Node::Entry(entry);
        self.branches.push((differs, if is_set(new, differs) { [node, leaf] } else { [leaf, node] }));
        match parent.and_then(|parent| self.branches.get_mut(parent as usize)) {
            Some((bit, [_, one])) if is_set(new, *bit) => *one = branch,
            Some((_, [zero, _])) => *zero = branch,
            None => self.root = Some(branch),
        }
        entry
    }
}

/// Whether a bit of an id is set. Bits beyond its end are not; ids contain no NUL, so that padding makes no two ids equal.
fn is_set(id: &[u8], bit: u32) -> bool {
    id.get(bit as usize / 8).is_some_and(|byte| byte << (bit % 8) & 0x80 != 0)
}

/// A multiplicative hash in which every bit depends on every byte: multiplication carries differences to higher bits, the
/// final shift brings them down.
#[inline]
fn hash(id: &[u8]) -> u32 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = id.as_chunks::<8>();
    let hash = words.iter().fold(id.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    // The last bytes, which may overlap those before.
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

    /// A text of ids, and the span of each.
    fn concatenate(ids: impl IntoIterator<Item = String>) -> (String, Vec<Span>) {
        let (mut text, mut spans) = (String::new(), Vec::new());
        for id in ids {
            spans.push(Span { start: text.len(), len: id.len() });
            text += &id;
        }
        (text, spans)
    }

    /// Inserts every id repeatedly, as a span or decoded: each insertion returns the first index.
    fn assert_first_indexes(ids: &mut IdIndex<'_>, text: &str, spans: &[Span]) {
        for round in 0..4 {
            for (first, span) in (0..).zip(spans) {
                let index = round * spans.len() as u32 + first;
                let returned = match round {
                    0 if first % 3 == 0 => ids.insert_decoded_or_first_index(span.text(text.as_bytes()), index),
                    1 => ids.insert_decoded_or_first_index(span.text(text.as_bytes()), index),
                    _ => ids.insert_or_first_index(*span, index),
                };
                assert_eq!(returned, first);
            }
        }
    }

    #[test]
    fn ids_map_to_their_first_index() {
        for count in [1, FEW, FEW + 1, 100, 10_000] {
            let (text, spans) = concatenate((0..count).map(|index| format!("id-{index}")));
            let mut ids = IdIndex::new(text.as_bytes());
            assert_first_indexes(&mut ids, &text, &spans);
            assert!(ids.trie.is_none());
        }
    }

    #[test]
    fn colliding_ids_switch_to_the_trie_with_the_same_result() {
        // Ids whose hashes share their low bits.
        let colliding = (0..).map(|number| format!("x{number}")).filter(|id| hash(id.as_bytes()) & 0x3FF == 5);
        let (text, spans) = concatenate(colliding.take(2 * MAX_PROBES));
        let mut ids = IdIndex::new(text.as_bytes());
        assert_first_indexes(&mut ids, &text, &spans);
        assert!(ids.trie.is_some());
    }

    #[test]
    fn trie_distinguishes_ids_with_a_common_prefix() {
        let ids = ["a", "ab", "abc", "b", "a:", "A", "aa", "0", "abcd", "abd"];
        let (text, spans) = concatenate(ids.map(String::from));
        let mut ids = IdIndex::new(text.as_bytes());
        ids.switch_to_trie();
        assert_first_indexes(&mut ids, &text, &spans);
    }
}
