//! Whether a binary in a zip runs on Lambda: of the right architecture, and, for a `bootstrap`, static.
//!
//! A binary that asks for an interpreter was built for somebody's laptop: it may start there and fail on Lambda's older
//! C library. Reading ELF is the `object` crate's. Called by `manifest` for each file of each zip.

use object::Endianness;
use object::elf::{EM_AARCH64, EM_X86_64, FileHeader64, PT_INTERP};
use object::read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _};

/// What is wrong with a binary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// It is no ELF file for 64 bits.
    #[error("it is not a 64-bit ELF binary")]
    NoBinary,
    /// It is for another machine.
    #[error("it is built for {found}, and functions.json says {wanted}")]
    Architecture {
        /// The machine that it is for.
        found: &'static str,
        /// The function's architecture.
        wanted: String,
    },
    /// It asks for a dynamic linker or for shared libraries.
    #[error("it is not static: it asks for {0}")]
    Dynamic(String),
}

/// Whether a file is an ELF binary at all.
pub(crate) fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

/// Checks the architecture of a binary or a shared library.
///
/// # Errors
/// When it cannot be read or is for another machine.
pub(crate) fn of_architecture(bytes: &[u8], wanted: &str) -> Result<(), Unfit> {
    let header = FileHeader64::<Endianness>::parse(bytes).map_err(|_| Unfit::NoBinary)?;
    let endian = header.endian().map_err(|_| Unfit::NoBinary)?;
    let found = match header.e_machine(endian) {
        EM_X86_64 => "x86_64",
        EM_AARCH64 => "arm64",
        _ => "another machine",
    };
    if found == wanted { Ok(()) } else { Err(Unfit::Architecture { found, wanted: wanted.to_owned() }) }
}

/// Checks that a binary needs nothing but the kernel.
///
/// # Errors
/// When it cannot be read, has an interpreter, or needs a shared library.
pub(crate) fn is_static(bytes: &[u8]) -> Result<(), Unfit> {
    let header = FileHeader64::<Endianness>::parse(bytes).map_err(|_| Unfit::NoBinary)?;
    let endian = header.endian().map_err(|_| Unfit::NoBinary)?;
    let segments = header.program_headers(endian, bytes).map_err(|_| Unfit::NoBinary)?;
    for segment in segments {
        if segment.p_type(endian) == PT_INTERP {
            let path = segment.data(endian, bytes).unwrap_or_default();
            let path = String::from_utf8_lossy(path);
            return Err(Unfit::Dynamic(format!("the interpreter {}", path.trim_end_matches('\0'))));
        }
        let entries = segment.dynamic(endian, bytes).map_err(|_| Unfit::NoBinary)?.unwrap_or_default();
        if entries.iter().any(|entry| entry.tag32(endian) == Some(object::elf::DT_NEEDED)) {
            return Err(Unfit::Dynamic("shared libraries".to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A static ELF binary of a machine, as small as one can be; with an interpreter when one is named.
    pub(crate) fn elf(machine: u16, interpreter: Option<&str>) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(16, 0);
        for half in [2_u16, machine] {
            bytes.extend(half.to_le_bytes());
        }
        bytes.extend(1_u32.to_le_bytes());
        // Entry, program headers right after this header, no section headers.
        for long in [0_u64, 64, 0] {
            bytes.extend(long.to_le_bytes());
        }
        bytes.extend(0_u32.to_le_bytes());
        for half in [64_u16, 56, u16::from(interpreter.is_some()), 64, 0, 0] {
            bytes.extend(half.to_le_bytes());
        }
        if let Some(path) = interpreter {
            bytes.extend(PT_INTERP.to_le_bytes());
            bytes.extend(4_u32.to_le_bytes());
            let length = path.len() as u64 + 1;
            for long in [120, 0, 0, length, length, 1] {
                bytes.extend(u64::to_le_bytes(long));
            }
            bytes.extend(path.as_bytes());
            bytes.push(0);
        }
        bytes
    }

    #[test]
    fn a_static_binary_of_the_architecture_is_fit() {
        let binary = elf(EM_AARCH64, None);
        assert_eq!(of_architecture(&binary, "arm64"), Ok(()));
        assert_eq!(is_static(&binary), Ok(()));
    }

    #[test]
    fn another_architecture_is_refused() {
        let told = of_architecture(&elf(EM_X86_64, None), "arm64").unwrap_err().to_string();
        assert_eq!(told, "it is built for x86_64, and functions.json says arm64");
    }

    #[test]
    fn what_asks_for_an_interpreter_is_refused() {
        let told = is_static(&elf(EM_X86_64, Some("/lib64/ld-linux-x86-64.so.2"))).unwrap_err().to_string();
        assert_eq!(told, "it is not static: it asks for the interpreter /lib64/ld-linux-x86-64.so.2");
        // This very test is a binary of the laptop's.
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        if cfg!(all(target_os = "linux", target_env = "gnu")) {
            assert!(matches!(is_static(&own), Err(Unfit::Dynamic(_))));
        }
    }

    #[test]
    fn what_is_no_binary_is_refused() {
        assert_eq!(is_static(b"#!/bin/sh\n"), Err(Unfit::NoBinary));
        assert!(is_static(&elf(EM_X86_64, None)[..40]).is_err());
        assert!(!is_elf(b"#!/bin/sh\n"));
    }
}
