//! The three cyclic redundancy checks that the AWS SDK can be asked for, in place of the crate of that name.
//!
//! The registry's crate links tables and vector code for some hundred checks: 0.7 MB of every binary with an S3 client.
//! Functions ask for none of them (S3 checks a body against the signature's SHA-256), so these are small and not fast. It
//! has what `aws-smithy-checksums` calls and no more; the workspace's `[patch.crates-io]` puts it in the place.

/// Which check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// S3's `CRC32`.
    Crc32IsoHdlc,
    /// S3's `CRC32C`.
    Crc32Iscsi,
    /// S3's `CRC64NVME`.
    Crc64Nvme,
}

impl CrcAlgorithm {
    /// The polynomial with its lowest power in the highest bit, and what a check begins with and is turned over by.
    fn polynomial_and_ones(self) -> (u64, u64) {
        match self {
            Self::Crc32IsoHdlc => (0xedb8_8320, u64::MAX >> 32),
            Self::Crc32Iscsi => (0x82f6_3b78, u64::MAX >> 32),
            Self::Crc64Nvme => (0x9a6c_9329_ac4b_c9b5, u64::MAX),
        }
    }
}

/// A check of bytes that come in pieces.
#[derive(Clone, Copy, Debug)]
pub struct Digest {
    polynomial: u64,
    ones: u64,
    rest: u64,
}

impl Digest {
    /// The check of no bytes.
    #[must_use]
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        let (polynomial, ones) = algorithm.polynomial_and_ones();
        Self { polynomial, ones, rest: ones }
    }

    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.rest ^= u64::from(*byte);
            for _ in 0..u8::BITS {
                let carry = if self.rest & 1 == 1 { self.polynomial } else { 0 };
                self.rest = (self.rest >> 1) ^ carry;
            }
        }
    }

    /// The check of all bytes so far.
    #[must_use]
    pub fn finalize(&self) -> u64 {
        self.rest ^ self.ones
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_those_of_the_catalogue() {
        for (algorithm, expected) in [
            (CrcAlgorithm::Crc32IsoHdlc, 0xcbf4_3926),
            (CrcAlgorithm::Crc32Iscsi, 0xe306_9283),
            (CrcAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888),
        ] {
            let mut digest = Digest::new(algorithm);
            assert_eq!(digest.finalize(), 0, "{algorithm:?}");
            digest.update(b"1234");
            digest.update(b"");
            digest.update(b"56789");
            assert_eq!(digest.finalize(), expected, "{algorithm:?}");
        }
    }
}
