//! A message for Slack's incoming webhooks, within Slack's limits.
//!
//! The limits are those of Slack's Block Kit reference, in characters: a header 150, a section and a context element 3000,
//! `text` 40,000. External text is escaped here and nowhere else: with `&`, `<` and `>` it could mention people or create
//! links.

use serde_json::{Value, json};

const HEADER_CHARACTERS: usize = 150;
const SECTION_CHARACTERS: usize = 3_000;
const TEXT_CHARACTERS: usize = 40_000;
/// The part of a list that is reserved for its last line, "and N more".
const MORE_CHARACTERS: usize = 40;

/// Text in Slack's markup: our own verbatim, external text escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Markup(String);

/// A title, and blocks below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    title: String,
    blocks: Vec<Value>,
}

impl Markup {
    /// Our own markup.
    pub(crate) fn ours(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Appends external text.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.0.push_str(&escaped(text));
        self
    }

    /// Appends an external name in code format.
    pub(crate) fn name(mut self, name: &str) -> Self {
        let name = escaped(name).replace('`', "'").replace('\n', " ");
        self.0.push_str(&format!("`{name}`"));
        self
    }

    /// Appends our own markup.
    pub(crate) fn and(mut self, ours: &str) -> Self {
        self.0.push_str(ours);
        self
    }

    fn characters(&self) -> usize {
        self.0.chars().count()
    }
}

impl Message {
    /// Creates a message with this title, which may be external text.
    pub(crate) fn new(title: &str) -> Self {
        let title = escaped(&title.split_whitespace().collect::<Vec<_>>().join(" "));
        // Without emoji: Slack would look for their names in a time such as 07:05:00.
        let header = json!({"type": "plain_text", "text": cut(&title, HEADER_CHARACTERS), "emoji": false});
        Self { title, blocks: vec![json!({"type": "header", "text": header})] }
    }

    /// Adds a paragraph, unless it is empty.
    pub(crate) fn section(mut self, markup: &Markup) -> Self {
        let text = cut(&markup.0, SECTION_CHARACTERS);
        if !text.trim().is_empty() {
            self.blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": text}}));
        }
        self
    }

    /// Adds a list under a heading, as far as it fits, unless it is empty. `more` is the number of entries that the list
    /// lacks already.
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
            text.push_str(&format!("\n• {}", entry.0));
        }
        if more > 0 {
            text.push_str(&format!("\nand {more} more"));
        }
        self.section(&Markup::ours(text))
    }

    /// Adds external text in code format, unless it is empty.
    pub(crate) fn verbatim(self, text: &str) -> Self {
        let text = escaped(text.trim()).replace("```", "'''");
        if text.is_empty() {
            return self;
        }
        let fence = "```";
        let text = cut(&text, SECTION_CHARACTERS - 2 * fence.len());
        self.section(&Markup::ours(format!("{fence}{text}{fence}")))
    }

    /// Adds a line in small print, unless it is empty.
    pub(crate) fn context(mut self, markup: &Markup) -> Self {
        let text = cut(&markup.0, SECTION_CHARACTERS);
        if !text.trim().is_empty() {
            self.blocks.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}));
        }
        self
    }

    /// The message as JSON; Slack shows `text` in its own notifications.
    pub(crate) fn into_json(self) -> String {
        json!({"text": cut(&self.title, TEXT_CHARACTERS), "blocks": self.blocks}).to_string()
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Cuts an escaped text to this many characters, with a mark; no escape is cut in half.
fn cut(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let kept: String = text.chars().take(characters - 1).collect();
    match kept.rsplit_once('&') {
        Some((whole, escape)) if !escape.contains(';') => format!("{whole}…"),
        _ => format!("{kept}…"),
    }
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
    fn external_text_cannot_mention_or_link() {
        let markup = Markup::ours("*").text("<!channel> a & b").and("* ").name("x`y\n<z>");
        let section = blocks(Message::new("a <b>").section(&markup));
        assert_eq!(section[0]["text"]["text"], "a &lt;b&gt;");
        assert_eq!(section[1]["text"]["text"], "*&lt;!channel&gt; a &amp; b* `x'y &lt;z&gt;`");
    }

    #[test]
    fn messages_stay_within_slack_limits() {
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
    fn list_reports_missing_entries() {
        let entries: Vec<Markup> = (0..2).map(|n| Markup::ours(n.to_string())).collect();
        let text = |message| blocks(message)[1]["text"]["text"].as_str().unwrap().to_owned();
        assert_eq!(text(Message::new("t").list("Rejected", &entries, 0)), "*Rejected*\n• 0\n• 1");
        assert_eq!(text(Message::new("t").list("Rejected", &entries, 5)), "*Rejected*\n• 0\n• 1\nand 5 more");
        assert_eq!(blocks(Message::new("t").list("Rejected", &[], 0)).len(), 1);
    }

    #[test]
    fn empty_text_is_not_shown() {
        assert_eq!(blocks(Message::new("t").verbatim(" \n").section(&Markup::default())).len(), 1);
    }

    #[test]
    fn cut_keeps_escapes_whole() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("a&amp;b", 5), "a…");
        assert_eq!(cut("a&amp;bc", 7), "a&amp;…");
        assert_eq!(cut("éééé", 3), "éé…");
    }
}
