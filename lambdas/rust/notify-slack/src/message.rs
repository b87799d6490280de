//! A message as Slack's incoming webhooks take it, within Slack's limits.
//!
//! Limits are those of Slack's Block Kit reference, counted in characters: a header 150, a section and a context's
//! element 3000, `text` 40 000. What comes from outside is escaped here and nowhere else: `&`, `<` and `>`, by which a text
//! could mention people or make links.

use std::fmt::Write as _;

use serde_json::{Value, json};

const HEADER_CHARACTERS: usize = 150;
const SECTION_CHARACTERS: usize = 3_000;
const TEXT_CHARACTERS: usize = 40_000;
/// Room that a list keeps for saying how many more there are.
const MORE_CHARACTERS: usize = 40;

/// A text of Slack's markup: what is ours as it is, what comes from outside escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Markup(String);

/// A message: a title, and blocks below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    title: String,
    blocks: Vec<Value>,
}

impl Markup {
    /// Markup of our own.
    pub(crate) fn ours(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Appends a text from outside.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.0.push_str(&escaped(text));
        self
    }

    /// Appends a name from outside, to be shown as it is.
    pub(crate) fn name(mut self, name: &str) -> Self {
        let name = escaped(name).replace('`', "'").replace('\n', " ");
        let _infallible = write!(self.0, "`{name}`");
        self
    }

    /// Appends markup of our own.
    pub(crate) fn and(mut self, ours: &str) -> Self {
        self.0.push_str(ours);
        self
    }

    fn characters(&self) -> usize {
        self.0.chars().count()
    }
}

impl Message {
    /// A message of one title, which is a text from outside or our own.
    pub(crate) fn new(title: &str) -> Self {
        let title = escaped(&title.split_whitespace().collect::<Vec<_>>().join(" "));
        // Without emoji: a time such as 07:05:00 would be searched for them.
        let header = json!({"type": "plain_text", "text": cut(&title, HEADER_CHARACTERS), "emoji": false});
        Self { title, blocks: vec![json!({"type": "header", "text": header})] }
    }

    /// Adds a paragraph.
    pub(crate) fn section(mut self, markup: &Markup) -> Self {
        let text = cut(&markup.0, SECTION_CHARACTERS);
        if !text.trim().is_empty() {
            self.blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": text}}));
        }
        self
    }

    /// Adds a list under a heading, as far as it fits; `more` counts what the list already lacks. An empty one is not
    /// shown.
    pub(crate) fn list(self, heading: &str, entries: &[Markup], more: u64) -> Self {
        if entries.is_empty() {
            return self;
        }
        let mut text = format!("*{heading}*");
        let mut left = entries.iter();
        for entry in left.by_ref() {
            let entry = Markup(cut(&entry.0, SECTION_CHARACTERS / 4));
            if text.chars().count() + entry.characters() + MORE_CHARACTERS > SECTION_CHARACTERS {
                let more = more + 1 + left.len() as u64;
                return self.section(&Markup::ours(format!("{text}\nand {more} more")));
            }
            let _infallible = write!(text, "\n• {}", entry.0);
        }
        if more > 0 {
            let _infallible = write!(text, "\nand {more} more");
        }
        self.section(&Markup::ours(text))
    }

    /// Adds a text from outside, to be shown as it is, such as code.
    pub(crate) fn verbatim(self, text: &str) -> Self {
        let text = escaped(text.trim()).replace("```", "'''");
        if text.is_empty() {
            return self;
        }
        let fence = "```";
        let text = cut(&text, SECTION_CHARACTERS - 2 * fence.len());
        self.section(&Markup::ours(format!("{fence}{text}{fence}")))
    }

    /// Adds a line in small print.
    pub(crate) fn context(mut self, markup: &Markup) -> Self {
        let text = cut(&markup.0, SECTION_CHARACTERS);
        if !text.trim().is_empty() {
            self.blocks.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}));
        }
        self
    }

    /// The message as JSON; `text` is what notifications show.
    pub(crate) fn into_json(self) -> String {
        json!({"text": cut(&self.title, TEXT_CHARACTERS), "blocks": self.blocks}).to_string()
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The first characters of an escaped text, with a mark if that is not all of it; no escape is cut in half.
fn cut(text: &str, characters: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(characters) else { return text.to_owned() };
    let last = text.get(..end).and_then(|kept| kept.char_indices().next_back()).map_or(0, |(at, _)| at);
    let kept = text.get(..last).unwrap_or_default();
    let whole = match kept.rfind('&') {
        Some(at) if !kept.get(at..).unwrap_or_default().contains(';') => kept.get(..at).unwrap_or_default(),
        _ => kept,
    };
    format!("{whole}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(message: Message) -> Vec<Value> {
        let json: Value = serde_json::from_str(&message.into_json()).unwrap();
        json["blocks"].as_array().unwrap().clone()
    }

    fn characters(value: &Value) -> usize {
        value.as_str().unwrap().chars().count()
    }

    #[test]
    fn texts_from_outside_cannot_mention_or_link() {
        let markup = Markup::ours("*").text("<!channel> a & b").and("* ").name("x`y\n<z>");
        let section = blocks(Message::new("a <b>").section(&markup));
        assert_eq!(section[0]["text"]["text"], "a &lt;b&gt;");
        assert_eq!(section[1]["text"]["text"], "*&lt;!channel&gt; a &amp; b* `x'y &lt;z&gt;`");
    }

    #[test]
    fn everything_stays_within_slacks_limits() {
        let long = "&".repeat(50_000);
        let entries = vec![Markup::default().text(&long); 9];
        let message = Message::new(&long)
            .section(&Markup::default().text(&long))
            .verbatim(&long)
            .list("Rejected", &entries, 0)
            .context(&Markup::default().text(&long));
        let json: Value = serde_json::from_str(&message.clone().into_json()).unwrap();
        assert!(characters(&json["text"]) <= 40_000);
        let blocks = blocks(message);
        assert!(characters(&blocks[0]["text"]["text"]) <= 150);
        for block in &blocks[1..4] {
            assert!(characters(&block["text"]["text"]) <= 3_000);
        }
        assert!(characters(&blocks[4]["elements"][0]["text"]) <= 3_000);
        assert!(blocks[2]["text"]["text"].as_str().unwrap().ends_with("&amp;…```"));
        assert!(blocks[3]["text"]["text"].as_str().unwrap().ends_with("\nand 6 more"));
    }

    #[test]
    fn a_list_says_what_it_lacks() {
        let entries: Vec<Markup> = (0..2).map(|n| Markup::ours(n.to_string())).collect();
        let text = |message| blocks(message)[1]["text"]["text"].as_str().unwrap().to_owned();
        assert_eq!(text(Message::new("t").list("Rejected", &entries, 0)), "*Rejected*\n• 0\n• 1");
        assert_eq!(text(Message::new("t").list("Rejected", &entries, 5)), "*Rejected*\n• 0\n• 1\nand 5 more");
        assert_eq!(blocks(Message::new("t").list("Rejected", &[], 0)).len(), 1);
    }

    #[test]
    fn nothing_is_shown_of_an_empty_text() {
        assert_eq!(blocks(Message::new("t").verbatim(" \n").section(&Markup::default())).len(), 1);
    }

    #[test]
    fn a_cut_keeps_escapes_whole() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("a&amp;b", 5), "a…");
        assert_eq!(cut("a&amp;bc", 7), "a&amp;…");
        assert_eq!(cut("éééé", 3), "éé…");
    }
}
