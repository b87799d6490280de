//! Operations on sixteen bytes at a time, with the vector instructions of every x86-64 and AArch64 processor, and of WASM with
//! `simd128`.

use wide::u8x16;

use crate::rule::ByteSet;

/// Number of bytes in a chunk.
pub(crate) const LANES: usize = 16;

pub(crate) type Chunk = [u8; LANES];

/// Number of contiguous ranges in a set.
pub(crate) const fn count_ranges(set: ByteSet) -> usize {
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
pub(crate) const fn ranges<const COUNT: usize>(set: ByteSet) -> [(u8, u8); COUNT] {
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
pub(crate) fn prefix_len(bytes: &[u8], start: usize, ranges: &[(u8, u8)]) -> usize {
    match load(bytes, start) {
        Some(chunk) => member_mask(chunk, ranges).trailing_ones() as usize,
        None => prefix_len_near_end(bytes, start, ranges),
    }
}

/// The end of the run of bytes in a set that begins at `start`.
#[inline(always)]
pub(crate) fn run_end(bytes: &[u8], start: usize, ranges: &[(u8, u8)]) -> usize {
    let mut at = start;
    loop {
        let len = prefix_len(bytes, at, ranges);
        at += len;
        if len < LANES {
            return at;
        }
    }
}

/// [`prefix_len`] with less than a chunk left: tests the last chunk of `bytes`, or byte by byte if that is all of them.
#[cold]
fn prefix_len_near_end(bytes: &[u8], start: usize, ranges: &[(u8, u8)]) -> usize {
    let Some(last) = bytes.len().checked_sub(LANES) else {
        let is_member = |byte: &&u8| ranges.iter().any(|(first, last)| (first..=last).contains(byte));
        return bytes.iter().skip(start).take_while(is_member).count();
    };
    let members = load(bytes, last).map_or(0, |chunk| member_mask(chunk, ranges));
    members.unbounded_shr((start.wrapping_sub(last)) as u32).trailing_ones() as usize
}

/// The chunk that begins at `start`, if enough bytes are left.
#[inline(always)]
pub(crate) fn load(bytes: &[u8], start: usize) -> Option<&Chunk> {
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

/// Counts the bytes that are in a set.
pub(crate) fn count(bytes: &[u8], ranges: &[(u8, u8)]) -> usize {
    let (chunks, rest) = bytes.as_chunks();
    let in_chunks: u32 = chunks.iter().map(|chunk| member_mask(chunk, ranges).count_ones()).sum();
    let in_rest = rest.iter().filter(|byte| ranges.iter().any(|(first, last)| (first..=last).contains(byte)));
    in_chunks as usize + in_rest.count()
}

/// Whether all bytes are ASCII.
pub(crate) fn is_ascii(bytes: &[u8]) -> bool {
    let (chunks, rest) = bytes.as_chunks::<LANES>();
    let all = chunks.iter().fold(u8x16::ZERO, |all, chunk| all | u8x16::new(*chunk));
    all.to_bitmask() == 0 && rest.is_ascii()
}

/// One bit per byte, from the lowest up: whether two chunks differ there.
#[inline(always)]
pub(crate) fn difference_mask(left: &Chunk, right: &Chunk) -> u32 {
    !u8x16::new(*left).simd_eq(u8x16::new(*right)).to_bitmask() & 0xFFFF
}

/// Compares two texts by words of eight bytes. In WASM `==` on slices is a call that compares byte by byte.
pub(crate) fn is_equal(left: &[u8], right: &[u8]) -> bool {
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
        assert_eq!(prefix_len(b"abcz!c", 1, RANGES), 3);
        assert_eq!(prefix_len(b"abc", 3, RANGES), 0);
    }

    #[test]
    fn runs_and_counts_span_chunks() {
        let mut text = vec![b'a'; 100];
        for start in [0, 1, 15, 16, 50, 99, 100] {
            assert_eq!(run_end(&text, start, &[(b'a', b'a')]), 100);
        }
        text[70] = b'b';
        text[3] = b'b';
        assert_eq!((run_end(&text, 4, &[(b'a', b'a')]), run_end(&text, 71, &[(b'a', b'a')])), (70, 100));
        for length in 0..100 {
            let expected = text[..length].iter().filter(|byte| **byte == b'b').count();
            assert_eq!(count(&text[..length], &[(b'b', b'b')]), expected);
        }
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
