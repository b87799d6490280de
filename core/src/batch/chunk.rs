//! Sixteen bytes looked at together, in plain words that compilers make vector instructions of.
//!
//! Called by `scan`, for each string and number of a request.

use crate::rule::Bytes;

/// How many bytes are looked at together.
pub(super) const LENGTH: usize = 16;

/// So many bytes.
type Chunk = [u8; LENGTH];

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

/// Which of the bytes from a place on are not in a set, given by its ranges. Ranges that are known when this is compiled
/// make it fast.
#[inline(always)]
pub(super) fn others(bytes: &[u8], place: usize, ranges: &[(u8, u8)]) -> Others {
    let rest = bytes.get(place..).unwrap_or(&[]);
    match rest.first_chunk() {
        Some(chunk) => of_chunk(chunk, ranges),
        None => of_last(rest, ranges),
    }
}

/// Where the bytes end, zeros follow, which no set here has.
#[cold]
fn of_last(rest: &[u8], ranges: &[(u8, u8)]) -> Others {
    let mut chunk = [0; LENGTH];
    chunk.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
    of_chunk(&chunk, ranges)
}

#[inline(always)]
fn of_chunk(chunk: &Chunk, ranges: &[(u8, u8)]) -> Others {
    let mut others = [u8::MAX; LENGTH];
    for (from, to) in ranges {
        for (other, byte) in others.iter_mut().zip(chunk) {
            // How far beyond the range: nothing for a byte that is in it.
            *other = (*other).min(byte.wrapping_sub(*from).saturating_sub(to.wrapping_sub(*from)));
        }
    }
    Others(u128::from_le_bytes(others))
}

/// Which bytes of a chunk are not in a set: in the others no bit is set.
#[derive(Clone, Copy)]
pub(super) struct Others(u128);

impl Others {
    /// How many bytes of the set the chunk begins with.
    #[inline]
    pub(super) fn before(self) -> usize {
        self.0.trailing_zeros() as usize / 8
    }

    /// The same from a place on, as if what is behind the chunk were in the set.
    #[inline]
    pub(super) fn behind(self, place: usize) -> Self {
        Self(self.0.checked_shr(8 * place as u32).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
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
                let others = others(&chunk, 0, RANGES);
                assert_eq!(others.before(), if SET.has(byte) { LENGTH } else { place }, "{byte}");
                assert_eq!(others.behind(place).before(), if SET.has(byte) { LENGTH } else { 0 }, "{byte}");
                chunk[place] = b'a';
            }
        }
        assert_eq!(others(b"abc", 1, RANGES).before(), 2);
        assert_eq!(others(b"abc", 3, RANGES).before(), 0);
    }
}
