/** Colors for JSON: tokens never span lines, so a tokenizer is enough, and a third of the size of a grammar. */

import { HighlightStyle, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { tags } from '@lezer/highlight';

const jsonTokens = StreamLanguage.define<null>({
  name: 'json',
  startState: () => null,
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/)) return stream.match(/^\s*:/, false) ? 'propertyName' : 'string';
    if (stream.match(/^-?\d[\d.eE+-]*/)) return 'number';
    if (stream.match(/^[a-zA-Z]+/)) return 'atom';
    stream.next();
    return 'punctuation';
  },
});

const colors = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--json-key)' },
  { tag: tags.string, color: 'var(--json-string)' },
  { tag: tags.number, color: 'var(--json-number)' },
  { tag: tags.atom, color: 'var(--json-word)' },
  { tag: tags.punctuation, color: 'var(--muted)' },
]);

export const jsonMode = [jsonTokens, syntaxHighlighting(colors)];
