//! A file that says what something was made from, so that the same is not made again.

use std::fs;
use std::path::PathBuf;

use crate::failure::{Failure, OnFile};

/// What something is made from now, and the file that says what it was made from last.
#[derive(Clone, Debug)]
pub struct Stamp {
    file: PathBuf,
    content: String,
}

impl Stamp {
    /// A stamp in this file.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>, content: impl Into<String>) -> Self {
        Self { file: file.into(), content: content.into() }
    }

    /// Whether it was last made from the same.
    #[must_use]
    pub fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|there| there == self.content)
    }

    /// Says that it is made from this.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self) -> Result<(), Failure> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).on_file("make", folder)?;
        }
        fs::write(&self.file, &self.content).on_file("write", &self.file)
    }

    /// Says that it is being made: what stops in the middle is made again.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn remove(&self) -> Result<(), Failure> {
        if self.file.exists() {
            fs::remove_file(&self.file).on_file("remove", &self.file)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_current_for_what_it_was_written_for() {
        let folder = std::env::temp_dir().join(format!("gridbid-stamp-{}", std::process::id()));
        let stamp = |content: &str| Stamp::new(folder.join("of/this"), content);
        assert!(!stamp("one").is_current());
        stamp("one").write().unwrap();
        assert!(stamp("one").is_current() && !stamp("two").is_current());
        stamp("two").remove().unwrap();
        assert!(!stamp("one").is_current());
        fs::remove_dir_all(folder).unwrap();
    }
}
