//! Operations on sixteen bytes at a time, with the vector instructions of every x86-64 and AArch64 processor, and of WASM with
//! `simd128`.

use wide::u8x16;

use crate::rule::ByteSet;

/// Number of bytes in a chunk.
pub(super) const LANES: usize = 16;

pub(super) type Chunk = [u8; LANES];

/// Number of contiguous ranges in a set.
pub(super) const fn count_ranges(set: ByteSet) -> usize {
    let (mut count, mut inside, mut byte) = (0, false, 0_u8);
    loop {
        let contained = set.contains(byte);
        if contained && !inside {
            count += 1;
        }
        if byte == u8::MAX {
            return count;
        }
        inside = contained;
        byte += 1;
    }
}

/// The contiguous ranges of a set, [`count_ranges`] in number, by their first and last byte.
#[expect(clippy::indexing_slicing, reason = "at compile time, where a wrong index is an error")]
pub(super) const fn ranges<const COUNT: usize>(set: ByteSet) -> [(u8, u8); COUNT] {
    let mut ranges = [(0, 0); COUNT];
    let (mut next, mut inside, mut byte) = (0, false, 0_u8);
    loop {
        let contained = set.contains(byte);
        if contained && !inside {
            ranges[next] = (byte, byte);
            next += 1;
        }
        if contained {
            ranges[next - 1].1 = byte;
        }
        if byte == u8::MAX {
            return ranges;
        }
        inside = contained;
        byte += 1;
    }
}

/// Counts the bytes from `start` that are in a set, up to the first that is not and to at most [`LANES`]. The set is given by
/// its ranges, which should be constants.
#[inline(always)]
pub(super) fn prefix_len(bytes: &[u8], start: usize, ranges: &[(u8, u8)]) -> usize {
    match load(bytes, start) {
        Some(chunk) => member_mask(chunk, ranges).trailing_ones() as usize,
        None => prefix_len_near_end(bytes, start, ranges),
    }
}

/// [`prefix_len`] with less than a chunk left: tests the last chunk of `bytes`. Of fewer bytes than a chunk in all, none are
/// counted.
#[cold]
fn prefix_len_near_end(bytes: &[u8], start: usize, ranges: &[(u8, u8)]) -> usize {
    let last = bytes.len().wrapping_sub(LANES);
    let members = load(bytes, last).map_or(0, |chunk| member_mask(chunk, ranges));
    members.unbounded_shr((start.wrapping_sub(last)) as u32).trailing_ones() as usize
}

/// The chunk that begins at `start`, if enough bytes are left.
#[inline(always)]
pub(super) fn load(bytes: &[u8], start: usize) -> Option<&Chunk> {
    bytes.get(start..start.wrapping_add(LANES))?.first_chunk()
}

/// One bit per byte, from the lowest up: whether it is in a set.
#[inline(always)]
fn member_mask(chunk: &Chunk, ranges: &[(u8, u8)]) -> u32 {
    let bytes = u8x16::new(*chunk);
    let mut distance = u8x16::splat(u8::MAX);
    for (first, last) in ranges {
        // The distance above the range, 0 inside; a byte below the range wraps around.
        let above = (bytes - u8x16::splat(*first)).saturating_sub(u8x16::splat(last.wrapping_sub(*first)));
        distance = distance.min(above);
    }
    distance.simd_eq(u8x16::ZERO).to_bitmask()
}

/// Whether all bytes are ASCII.
pub(super) fn is_ascii(bytes: &[u8]) -> bool {
    let (chunks, rest) = bytes.as_chunks::<LANES>();
    let all = chunks.iter().fold(u8x16::ZERO, |all, chunk| all | u8x16::new(*chunk));
    all.to_bitmask() == 0 && rest.is_ascii()
}

/// One bit per byte, from the lowest up: whether two chunks differ there.
#[inline(always)]
pub(super) fn difference_mask(left: &Chunk, right: &Chunk) -> u32 {
    !u8x16::new(*left).simd_eq(u8x16::new(*right)).to_bitmask() & 0xFFFF
}

/// Compares two texts by words of eight bytes. In WASM `==` on slices is a call that compares byte by byte.
pub(super) fn is_equal(left: &[u8], right: &[u8]) -> bool {
    let ((words, rest), (others, _)) = (left.as_chunks::<8>(), right.as_chunks::<8>());
    left.len() == right.len()
        && words.iter().zip(others).all(|(word, other)| u64::from_le_bytes(*word) == u64::from_le_bytes(*other))
        && match (left.last_chunk::<8>(), right.last_chunk()) {
            (Some(last), Some(other)) => u64::from_le_bytes(*last) == u64::from_le_bytes(*other),
            _ => rest.iter().eq(right),
        }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn prefixes_contain_the_bytes_of_the_set() {
        const SET: ByteSet = ByteSet::range(b'a', b'f').union(ByteSet::of(b"z.")).union(ByteSet::range(0xD0, 0xFE));
        const RANGES: &[(u8, u8)] = &ranges::<{ count_ranges(SET) }>(SET);
        assert_eq!(RANGES, [(b'.', b'.'), (b'a', b'f'), (b'z', b'z'), (0xD0, 0xFE)]);
        for byte in 0..=u8::MAX {
            let mut chunk = [b'a'; LANES];
            for place in 0..LANES {
                chunk[place] = byte;
                assert_eq!(prefix_len(&chunk, 0, RANGES), if SET.contains(byte) { LANES } else { place }, "{byte}");
                chunk[place] = b'a';
            }
        }
        for length in LANES..2 * LANES {
            for place in 0..=length {
                assert_eq!(prefix_len(&vec![b'a'; length], place, RANGES), (length - place).min(LANES));
            }
        }
        assert_eq!(prefix_len(b"abc", 1, RANGES), 0);
    }

    #[test]
    fn texts_are_equal_if_all_bytes_are() {
        for length in 0..40 {
            let text: Vec<u8> = (0..length).collect();
            assert!(is_equal(&text, &text.clone()));
            for place in 0..text.len() {
                let mut other = text.clone();
                other[place] ^= 1;
                assert!(!is_equal(&text, &other), "{length} {place}");
                assert!(!is_equal(&text, &text[..place]) && !is_equal(&text[..place], &text), "{length} {place}");
            }
        }
    }
}
