//! Checks that a binary in a zip runs on Lambda: it has the function's architecture, and a `bootstrap` is static.
//!
//! A binary with an interpreter was built for a laptop. It may run there and fail on Lambda's older C library.

use gridbid_release_format::Architecture;
use object::Endianness;
use object::elf::{DT_NEEDED, EM_AARCH64, EM_X86_64, FileHeader64, PT_INTERP};
use object::read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _};

/// Why a binary cannot run on Lambda.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// It is not a 64-bit ELF file.
    #[error("it is not a 64-bit ELF binary")]
    NotElf,
    /// Its architecture differs from the function's.
    #[error("it is built for {found}, and functions.json says {expected}")]
    Architecture {
        /// The binary's architecture.
        found: Architecture,
        /// The function's architecture.
        expected: Architecture,
    },
    /// Lambda has no processors of its architecture.
    #[error("it is built for neither arm64 nor x86_64")]
    UnknownArchitecture,
    /// It needs a dynamic linker or shared libraries.
    #[error("it is not static: it needs {0}")]
    Dynamic(String),
}

/// Whether a file starts like an ELF binary.
pub(crate) fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

/// Checks the architecture of a binary or a shared library.
///
/// # Errors
/// When it is not an ELF file or has another architecture.
pub(crate) fn check_architecture(bytes: &[u8], expected: Architecture) -> Result<(), Unfit> {
    let found = architecture(bytes)?;
    if found == expected { Ok(()) } else { Err(Unfit::Architecture { found, expected }) }
}

/// The architecture of a binary or a shared library.
///
/// # Errors
/// When it is not an ELF file or has an architecture that Lambda lacks.
pub(crate) fn architecture(bytes: &[u8]) -> Result<Architecture, Unfit> {
    let header = FileHeader64::<Endianness>::parse(bytes).map_err(|_| Unfit::NotElf)?;
    match header.e_machine(header.endian().map_err(|_| Unfit::NotElf)?) {
        EM_X86_64 => Ok(Architecture::X86),
        EM_AARCH64 => Ok(Architecture::Arm64),
        _ => Err(Unfit::UnknownArchitecture),
    }
}

/// Checks that a binary needs nothing but the kernel.
///
/// # Errors
/// When it is not an ELF file, has an interpreter, or needs a shared library.
pub(crate) fn check_static(bytes: &[u8]) -> Result<(), Unfit> {
    let header = FileHeader64::<Endianness>::parse(bytes).map_err(|_| Unfit::NotElf)?;
    let endian = header.endian().map_err(|_| Unfit::NotElf)?;
    for segment in header.program_headers(endian, bytes).map_err(|_| Unfit::NotElf)? {
        if segment.p_type(endian) == PT_INTERP {
            let path = segment.data(endian, bytes).map_err(|()| Unfit::NotElf)?;
            let path = String::from_utf8_lossy(path);
            return Err(Unfit::Dynamic(format!("the interpreter {}", path.trim_end_matches('\0'))));
        }
        // Only the dynamic segment has entries.
        let entries = segment.dynamic(endian, bytes).map_err(|_| Unfit::NotElf)?.unwrap_or_default();
        if entries.iter().any(|entry| entry.tag32(endian) == Some(DT_NEEDED)) {
            return Err(Unfit::Dynamic("shared libraries".to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The smallest ELF binary of an architecture, with or without an interpreter.
    pub(crate) fn elf(architecture: Architecture, interpreter: Option<&str>) -> Vec<u8> {
        let machine = match architecture {
            Architecture::Arm64 => EM_AARCH64,
            Architecture::X86 => EM_X86_64,
        };
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
    fn static_binary_of_the_architecture_passes() {
        let binary = elf(Architecture::Arm64, None);
        assert_eq!(check_architecture(&binary, Architecture::Arm64), Ok(()));
        assert_eq!(check_static(&binary), Ok(()));
    }

    #[test]
    fn binary_of_another_architecture_is_rejected() {
        let error = check_architecture(&elf(Architecture::X86, None), Architecture::Arm64).unwrap_err().to_string();
        assert_eq!(error, "it is built for x86_64, and functions.json says arm64");
    }

    #[test]
    fn binary_with_an_interpreter_is_rejected() {
        let binary = elf(Architecture::X86, Some("/lib64/ld-linux-x86-64.so.2"));
        let error = check_static(&binary).unwrap_err().to_string();
        assert_eq!(error, "it is not static: it needs the interpreter /lib64/ld-linux-x86-64.so.2");
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        {
            let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
            assert!(matches!(check_static(&own), Err(Unfit::Dynamic(_))));
        }
    }

    #[test]
    fn file_that_is_not_a_whole_elf_binary_is_rejected() {
        assert_eq!(check_static(b"#!/bin/sh\n"), Err(Unfit::NotElf));
        assert!(check_static(&elf(Architecture::X86, None)[..40]).is_err());
        assert!(!is_elf(b"#!/bin/sh\n"));
    }
}
