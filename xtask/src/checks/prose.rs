//! The language of the repository: its spelling, and the words that it does not use.
//!
//! typos checks the spelling, with the exceptions in `_typos.toml`. `docs/style/words.txt` lists expressions with what to
//! write instead. The vectors, the list itself and the texts of others (lock files, the license) are not searched.

use std::fmt::Write as _;
use std::time::Duration;

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::files::collect;
use gridbid_devkit::requirements::PYTHON;
use gridbid_devkit::venv;
use regex::bytes::{Regex, RegexBuilder};

const LIMIT: Duration = Duration::from_secs(120);
const WORDS: &str = "docs/style/words.txt";
/// Files that are not searched for words, by the end of their paths.
const OTHERS: [&str; 6] = ["LICENSE", "lock", "lock.hcl", "lock.json", "requirements.txt", "requirements-dev.txt"];
/// Number of hits that a failure lists.
const SHOWN_HITS: usize = 20;

/// Checks spelling and words.
///
/// # Errors
/// When a word is misspelled or in the list.
pub fn validate(context: &Context) -> Result<(), Failure> {
    let layout = &context.layout;
    context.step("spelling", |step| {
        let venv = layout.home().join("typos");
        venv::prepare_in(layout, &PYTHON.find()?, &venv, &layout.file("xtask/typos/requirements.txt"), step)?;
        let typos = venv::program(&venv, "typos", layout.log("typos"), LIMIT);
        typos.inside(layout.root()).args(["--config", "_typos.toml", "--format", "brief"]).run(step)?;
        Ok(((), "no misspelling".to_owned()))
    })?;
    context.step("words", |_| {
        let list = layout.file(WORDS);
        let text = std::fs::read_to_string(&list).on_file("read", &list)?;
        let words = parse_words(&text)?;
        let mut files = Vec::new();
        collect(layout.root(), layout.root(), &is_searched, &mut files)?;
        let hits: Vec<String> = files
            .iter()
            .filter(|(path, _)| path != WORDS && !path.starts_with("core/vectors/"))
            .filter_map(|(path, bytes)| Some((path, std::str::from_utf8(bytes).ok()?)))
            .flat_map(|(path, text)| find_words(path, text, &words))
            .collect();
        report(&hits).map(|()| ((), format!("{} expressions, {} files", words.len(), files.len())))
    })
}

/// An expression that is not used, and what to write instead.
struct Word {
    expression: Regex,
    replacement: String,
}

fn parse_words(text: &str) -> Result<Vec<Word>, Failure> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let word = |line: &str| {
        let invalid = |reason: &dyn std::fmt::Display| Failure::new(format!("`{WORDS}`: `{line}`: {reason}"));
        let (expression, replacement) =
            line.split_once('\t').ok_or_else(|| invalid(&"expected a tab and what to write instead"))?;
        let expression = RegexBuilder::new(expression).case_insensitive(true).unicode(false).multi_line(true).build();
        let expression = expression.map_err(|error| invalid(&error))?;
        Ok(Word { expression, replacement: replacement.to_owned() })
    };
    lines.map(word).collect()
}

/// Whether a file or folder with this name is searched: not what is built, installed or kept by tools.
fn is_searched(name: &str) -> bool {
    let is_hidden = name.starts_with('.') && !matches!(name, ".github" | ".ci" | ".cargo" | ".config");
    let is_built = matches!(name, "target" | "node_modules" | "dist" | "__pycache__" | "screenshots");
    !is_hidden && !is_built && !name.contains(".tfstate") && !OTHERS.iter().any(|end| name.ends_with(end))
}

fn find_words(path: &str, text: &str, words: &[Word]) -> Vec<String> {
    let find = |Word { expression, replacement }: &Word| {
        let hits = expression.find_iter(text.as_bytes()).map(|found| {
            // A match may begin with the end of the line before its word.
            let spaces = found.as_bytes().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let line = text.bytes().take(found.start() + spaces).filter(|byte| *byte == b'\n').count() + 1;
            let found = String::from_utf8_lossy(found.as_bytes());
            format!("{path}:{line}: `{}`: write {replacement}", found.trim())
        });
        hits.collect::<Vec<_>>()
    };
    words.iter().flat_map(find).collect()
}

fn report(hits: &[String]) -> Result<(), Failure> {
    if hits.is_empty() {
        return Ok(());
    }
    let mut message = format!("{} uses of words in `{WORDS}`", hits.len());
    for hit in hits.iter().take(SHOWN_HITS) {
        // Writing to a string cannot fail.
        let _ = write!(message, "\n  {hit}");
    }
    Err(Failure::new(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_word_is_found_with_its_line_and_replacement() {
        let words = parse_words("# a comment\n\\bfrobs\\b\tbits\n").unwrap();
        let hits = find_words("a.rs", "one\nIt is Frobs so.\n", &words);
        assert_eq!(hits, ["a.rs:2: `Frobs`: write bits"]);
        assert!(report(&hits).unwrap_err().to_string().contains("a.rs:2"));
        assert!(find_words("a.rs", "frobsly", &words).is_empty());
    }

    #[test]
    fn invalid_line_of_the_list_is_reported() {
        for invalid in ["no tab", "(\treplacement"] {
            assert!(parse_words(invalid).is_err(), "{invalid}");
        }
    }

    #[test]
    fn built_files_and_texts_of_others_are_not_searched() {
        for name in [".git", ".gridbid", "target", "Cargo.lock", "package-lock.json", "requirements.txt", "LICENSE"] {
            assert!(!is_searched(name), "{name}");
        }
        for name in [".github", "lib.rs", "README.md", "block.rs"] {
            assert!(is_searched(name), "{name}");
        }
    }
}
