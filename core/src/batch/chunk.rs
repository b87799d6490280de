//! Sixteen bytes looked at together, by the vector instructions that every processor has (and WASM with `simd128`).
//!
//! Called by `plain`, for each value of a request and what stands between them, by `seen` and by `columns`.

use wide::u8x16;

use crate::rule::Bytes;

/// How many bytes are looked at together.
pub(super) const LENGTH: usize = 16;

/// So many bytes.
pub(super) type Chunk = [u8; LENGTH];

/// How many ranges of bytes a set consists of.
pub(super) const fn count(set: Bytes) -> usize {
    let (mut count, mut was, mut byte) = (0, false, 0_u8);
    loop {
        let is = set.has(byte);
        if is && !was {
            count += 1;
        }
        if byte == u8::MAX {
            return count;
        }
        was = is;
        byte += 1;
    }
}

/// The [`count`] ranges that a set consists of, by their first and last byte.
#[expect(clippy::indexing_slicing, reason = "at compile time, where a wrong index is an error")]
pub(super) const fn ranges<const COUNT: usize>(set: Bytes) -> [(u8, u8); COUNT] {
    let mut ranges = [(0, 0); COUNT];
    let (mut next, mut was, mut byte) = (0, false, 0_u8);
    loop {
        let is = set.has(byte);
        if is && !was {
            ranges[next] = (byte, byte);
            next += 1;
        }
        if is {
            ranges[next - 1].1 = byte;
        }
        if byte == u8::MAX {
            return ranges;
        }
        was = is;
        byte += 1;
    }
}

/// How many of the bytes from a place on are in a set, given by its ranges, before the first that is not; [`LENGTH`] if
/// there is none among as many. Ranges that are known when this is compiled make it fast.
#[inline(always)]
pub(super) fn run(bytes: &[u8], place: usize, ranges: &[(u8, u8)]) -> usize {
    match at(bytes, place) {
        Some(chunk) => are_in(chunk, ranges).trailing_ones() as usize,
        None => run_to_end(bytes, place, ranges),
    }
}

/// The same from a place on behind which there are fewer bytes than are looked at: so those before it are looked at too.
/// In fewer bytes at all nothing is found.
#[cold]
fn run_to_end(bytes: &[u8], place: usize, ranges: &[(u8, u8)]) -> usize {
    let start = bytes.len().wrapping_sub(LENGTH);
    let are_in = at(bytes, start).map_or(0, |chunk| are_in(chunk, ranges));
    are_in.unbounded_shr((place.wrapping_sub(start)) as u32).trailing_ones() as usize
}

/// The bytes from a place on, if there are so many.
#[inline(always)]
pub(super) fn at(bytes: &[u8], place: usize) -> Option<&Chunk> {
    bytes.get(place..place.wrapping_add(LENGTH))?.first_chunk()
}

/// Which bytes are in a set, a bit for each from the lowest on.
#[inline(always)]
fn are_in(chunk: &Chunk, ranges: &[(u8, u8)]) -> u32 {
    let bytes = u8x16::new(*chunk);
    let mut beyond = u8x16::splat(u8::MAX);
    for (from, to) in ranges {
        // How far beyond the range: nothing for a byte that is in it.
        let of_range = (bytes - u8x16::splat(*from)).saturating_sub(u8x16::splat(to.wrapping_sub(*from)));
        beyond = beyond.min(of_range);
    }
    beyond.simd_eq(u8x16::ZERO).to_bitmask()
}

/// Whether all bytes are ASCII.
pub(super) fn are_ascii(bytes: &[u8]) -> bool {
    let (chunks, rest) = bytes.as_chunks::<LENGTH>();
    let all = chunks.iter().fold(u8x16::ZERO, |all, chunk| all | u8x16::new(*chunk));
    all.to_bitmask() == 0 && rest.is_ascii()
}

/// In which bytes two chunks differ, a bit for each from the lowest on.
#[inline(always)]
pub(super) fn difference(one: &Chunk, other: &Chunk) -> u32 {
    !u8x16::new(*one).simd_eq(u8x16::new(*other)).to_bitmask() & 0xFFFF
}

/// Whether two texts are the same, by words; in WASM slices are compared by a call, byte by byte.
pub(super) fn are_same(one: &[u8], other: &[u8]) -> bool {
    let ((words, rest), (others, _)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    one.len() == other.len()
        && words.iter().zip(others).all(|(one, other)| u64::from_le_bytes(*one) == u64::from_le_bytes(*other))
        && match (one.last_chunk::<8>(), other.last_chunk()) {
            (Some(last), Some(other)) => u64::from_le_bytes(*last) == u64::from_le_bytes(*other),
            _ => rest.iter().eq(other),
        }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn runs_are_those_of_the_set() {
        const SET: Bytes = Bytes::range(b'a', b'f').or(Bytes::of(b"z.")).or(Bytes::range(0xD0, 0xFE));
        const RANGES: &[(u8, u8)] = &ranges::<{ count(SET) }>(SET);
        assert_eq!(RANGES, [(b'.', b'.'), (b'a', b'f'), (b'z', b'z'), (0xD0, 0xFE)]);
        for byte in 0..=u8::MAX {
            let mut chunk = [b'a'; LENGTH];
            for place in 0..LENGTH {
                chunk[place] = byte;
                assert_eq!(run(&chunk, 0, RANGES), if SET.has(byte) { LENGTH } else { place }, "{byte}");
                chunk[place] = b'a';
            }
        }
        for length in LENGTH..2 * LENGTH {
            for place in 0..=length {
                assert_eq!(run(&vec![b'a'; length], place, RANGES), (length - place).min(LENGTH));
            }
        }
        assert_eq!(run(b"abc", 1, RANGES), 0);
    }

    #[test]
    fn texts_are_the_same_when_all_their_bytes_are() {
        for length in 0..40 {
            let text: Vec<u8> = (0..length).collect();
            assert!(are_same(&text, &text.clone()));
            for place in 0..text.len() {
                let mut other = text.clone();
                other[place] ^= 1;
                assert!(!are_same(&text, &other), "{length} {place}");
                assert!(!are_same(&text, &text[..place]) && !are_same(&text[..place], &text), "{length} {place}");
            }
        }
    }
}
