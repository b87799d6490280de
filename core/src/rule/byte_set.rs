//! A set of bytes that is built at compile time.

/// A set of bytes, one bit each.
#[derive(Clone, Copy)]
pub(crate) struct ByteSet([u32; 8]);

#[expect(clippy::indexing_slicing, reason = "a byte divided by 32 is below 8")]
impl ByteSet {
    const EMPTY: Self = Self([0; 8]);
    pub(crate) const ALL: Self = Self([u32::MAX; 8]);
    /// The bytes of all characters beyond ASCII.
    pub(crate) const BEYOND_ASCII: Self = Self::range(0x80, 0xFF);

    /// All bytes from `first` to `last`, both included.
    pub(crate) const fn range(first: u8, last: u8) -> Self {
        let mut set = Self::EMPTY;
        let mut byte = first as usize;
        while byte <= last as usize {
            set.0[byte / 32] |= 1 << (byte % 32);
            byte += 1;
        }
        set
    }

    pub(crate) const fn of(bytes: &[u8]) -> Self {
        let mut set = Self::EMPTY;
        let mut bytes = bytes;
        while let Some((byte, rest)) = bytes.split_first() {
            set = set.union(Self::range(*byte, *byte));
            bytes = rest;
        }
        set
    }

    pub(crate) const fn union(self, other: Self) -> Self {
        Self::ALL.difference(Self::ALL.difference(self).difference(other))
    }

    pub(crate) const fn intersection(self, other: Self) -> Self {
        self.difference(Self::ALL.difference(other))
    }

    pub(crate) const fn difference(self, other: Self) -> Self {
        let mut set = self;
        let mut word = 0;
        while word < set.0.len() {
            set.0[word] &= !other.0[word];
            word += 1;
        }
        set
    }

    pub(crate) const fn is_subset(self, other: Self) -> bool {
        let outside = self.difference(other);
        let mut byte = 0;
        while byte < u8::MAX && !outside.contains(byte) {
            byte += 1;
        }
        !outside.contains(byte)
    }

    #[inline]
    pub(crate) const fn contains(&self, byte: u8) -> bool {
        self.0[byte as usize / 32] >> (byte % 32) & 1 == 1
    }
}
