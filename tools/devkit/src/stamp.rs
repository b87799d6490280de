//! Stamp files: they record what a result was made from, so that it is not made again from the same inputs.

use std::fs;
use std::path::PathBuf;

use crate::failure::{Failure, OnFile};

/// A stamp file and what it must contain for the result to be current.
#[derive(Clone, Debug)]
pub struct Stamp {
    file: PathBuf,
    content: String,
}

impl Stamp {
    /// A stamp file that must have this content.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>, content: impl Into<String>) -> Self {
        Self { file: file.into(), content: content.into() }
    }

    /// Whether the result was last made from the same inputs.
    #[must_use]
    pub fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|there| there == self.content)
    }

    /// Records that the result was made from these inputs.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self) -> Result<(), Failure> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).on_file("make", folder)?;
        }
        fs::write(&self.file, &self.content).on_file("write", &self.file)
    }

    /// Removes the record before the result is made: an interrupted result is made again.
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
    fn stamp_is_current_for_the_content_it_was_written_with() {
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
