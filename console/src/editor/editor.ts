/**
 * The editor: CodeMirror in a shadow root.
 *
 * In a shadow root CodeMirror puts its styles into adopted style sheets, which the page's Content-Security-Policy allows;
 * in a document it would write `<style>` elements, which it does not. Loaded when the orders view is first shown.
 */

import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, indentUnit } from '@codemirror/language';
import { EditorState, Prec, Transaction } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  placeholder,
} from '@codemirror/view';

import type { Edit } from '../orders/text.ts';
import { jsonMode } from './json-mode.ts';
import { markAt, marks, setMarks, type Mark } from './marks.ts';

export type { Mark } from './marks.ts';

export interface EditorOptions {
  readonly label: string;
  readonly hint: string;
  readonly text: string;
  /** Called with the edits of each update, and the length of the text after them. */
  readonly onEdits: (edits: readonly Edit[], length: number) => void;
  /** Called when another part of the text becomes visible. */
  readonly onVisible: (from: number, to: number) => void;
  /** Called with the mark at the cursor, if there is one. */
  readonly onCursor: (mark: Mark | null) => void;
  /** Called with pasted text; true when the page handles it. */
  readonly onPaste: (text: string, all: boolean) => boolean;
  readonly onSubmit: () => void;
  /** Moves to the next or previous violation. */
  readonly onStep: (direction: 1 | -1) => void;
}

export interface Editor {
  readonly length: number;
  text(): string;
  /** Replaces the whole text; a long one in parts, so that the page goes on responding. */
  replace(text: string): Promise<void>;
  setMarks(marks: readonly Mark[]): void;
  /** Moves the cursor to a place and shows it. */
  reveal(from: number, to: number): void;
  /** The position of the cursor. */
  cursor(): number;
  visible(): { readonly from: number; readonly to: number };
  focus(): void;
  destroy(): void;
}

/** Characters that are put into the text at once. */
const PART = 250_000;

const theme = EditorView.theme({
  '&': { height: '100%', color: 'var(--text)', backgroundColor: 'var(--field)', fontSize: '0.875rem' },
  // The box around the shadow root shows the focus.
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55' },
  '.cm-content': { caretColor: 'var(--text)', padding: '0.5rem 0' },
  '.cm-cursor': { borderLeftColor: 'var(--text)', borderLeftWidth: '2px' },
  '.cm-gutters': { backgroundColor: 'var(--field)', color: 'var(--muted)', border: 'none', paddingRight: '0.25rem' },
  '.cm-lineNumbers .cm-gutterElement': { minWidth: '2.75rem' },
  '.cm-activeLine': { backgroundColor: 'var(--active-line)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--active-line)', color: 'var(--text)' },
  '.cm-placeholder': { color: 'var(--muted)' },
  // A border, because a selection would draw a decoration of the text in the text's color. The translucent background lets
  // the selection, which is drawn below the text, be seen.
  '.cm-mark': {
    borderBottom: '2px dotted var(--bad)',
    backgroundColor: 'color-mix(in srgb, var(--bad) 10%, transparent)',
  },
  '.cm-mark-api': {
    borderBottomColor: 'var(--warn)',
    backgroundColor: 'color-mix(in srgb, var(--warn) 12%, transparent)',
  },
  // Marks within marks would add up to a background that hides the text.
  '.cm-mark .cm-mark': { backgroundColor: 'transparent' },
  '.cm-gutterElement.cm-marked-line': { color: 'var(--bad)', fontWeight: '700' },
  '.cm-gutterElement.cm-marked-line::before': {
    content: '"●"',
    float: 'left',
    paddingLeft: '0.25rem',
    fontSize: '0.6rem',
  },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--selection)',
  },
  '&.cm-focused .cm-matchingBracket, &.cm-focused .cm-nonmatchingBracket': { backgroundColor: 'var(--selection)' },
  '.cm-panels': { backgroundColor: 'var(--surface)', color: 'var(--text)', borderColor: 'var(--line)' },
  '.cm-panels.cm-panels-bottom': { borderTop: '1px solid var(--line)' },
  '.cm-textfield': {
    backgroundColor: 'var(--field)',
    color: 'var(--text)',
    border: '1px solid var(--line-strong)',
    borderRadius: '4px',
  },
  '.cm-button': {
    backgroundImage: 'none',
    backgroundColor: 'var(--surface)',
    color: 'var(--text)',
    border: '1px solid var(--line-strong)',
    borderRadius: '4px',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--raised)',
    color: 'var(--text)',
    border: '1px solid var(--line-strong)',
    borderRadius: '6px',
    padding: '0.4rem 0.6rem',
    fontFamily: 'var(--sans)',
    maxWidth: '32rem',
    boxShadow: 'var(--shadow)',
  },
});

/** Creates the editor in an element that has no shadow root yet. */
export function createEditor(host: HTMLElement, options: EditorOptions): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  let lastMark: Mark | null = null;
  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        Prec.highest(
          keymap.of([
            { key: 'Mod-Enter', run: () => (options.onSubmit(), true) },
            { key: 'F8', run: () => (options.onStep(1), true), shift: () => (options.onStep(-1), true) },
          ]),
        ),
        lineNumbers(),
        highlightActiveLineGutter(),
        highlightSpecialChars(),
        history({ newGroupDelay: 400 }),
        drawSelection(),
        indentUnit.of('  '),
        bracketMatching(),
        highlightActiveLine(),
        jsonMode,
        placeholder(options.hint),
        marks,
        theme,
        keymap.of([...defaultKeymap, ...historyKeymap, ]),
        EditorView.contentAttributes.of({ 'aria-label': options.label, spellcheck: 'false', autocapitalize: 'off' }),
        EditorView.domEventHandlers({
          paste: (event, { state }) => {
            const text = event.clipboardData?.getData('text/plain') ?? '';
            const { from, to } = state.selection.main;
            const all = from === 0 && to === state.doc.length;
            if (text === '' || !options.onPaste(text, all)) return false;
            event.preventDefault();
            return true;
          },
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) {
            const edits: Edit[] = [];
            update.changes.iterChanges((from, to, _fromB, _toB, inserted) =>
              edits.push({ from, to, insert: inserted.toString() }),
            );
            options.onEdits(edits, update.state.doc.length);
          }
          if (update.viewportChanged) options.onVisible(update.view.viewport.from, update.view.viewport.to);
          const mark = markAt(update.state, update.state.selection.main.head);
          if (mark?.message !== lastMark?.message) options.onCursor(mark);
          lastMark = mark;
        }),
      ],
    }),
  });

  let replacing = 0;
  return {
    get length() {
      return view.state.doc.length;
    },
    text: () => view.state.doc.toString(),
    async replace(text) {
      replacing += 1;
      const mine = replacing;
      for (let at = 0; ;) {
        const from = at === 0 ? 0 : view.state.doc.length;
        const to = endOfPart(text, at);
        const isWhole = at === 0 && to === text.length;
        view.dispatch({
          changes: { from, to: view.state.doc.length, insert: view.state.toText(text.slice(at, to)) },
          // The parts of a long text are not undone one by one.
          annotations: Transaction.addToHistory.of(isWhole),
        });
        at = to;
        if (at >= text.length) return;
        await new Promise((resolve) => setTimeout(resolve));
        if (mine !== replacing) return;
      }
    },
    setMarks: (list) => view.dispatch({ effects: setMarks.of(list) }),
    reveal(from, to) {
      const length = view.state.doc.length;
      const [anchor, head] = [Math.min(from, length), Math.min(to, length)];
      view.dispatch({ selection: { anchor, head }, effects: EditorView.scrollIntoView(anchor, { y: 'center' }) });
      view.focus();
    },
    cursor: () => view.state.selection.main.from,
    visible: () => view.viewport,
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

/** Parts end at a line's end, so that no line break is cut. */
function endOfPart(text: string, from: number): number {
  if (text.length - from <= PART) return text.length;
  const end = text.lastIndexOf('\n', from + PART);
  return end > from ? end + 1 : from + PART;
}
