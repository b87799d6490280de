/** Underlined places with a message: violations, and orders that the API did not store. */

import { RangeSetBuilder, StateEffect, StateField, type EditorState, type Extension } from '@codemirror/state';
import {
  Decoration,
  EditorView,
  GutterMarker,
  gutterLineClass,
  hoverTooltip,
  type DecorationSet,
} from '@codemirror/view';

export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly message: string;
  /** Who says so: the rules, or the API. */
  readonly source: 'rules' | 'api';
}

/** Replaces all marks. */
export const setMarks = StateEffect.define<readonly Mark[]>();

const markedLine = new (class extends GutterMarker {
  override elementClass = 'cm-marked-line';
})();

function decorate(marks: readonly Mark[], length: number): DecorationSet {
  const sorted = marks
    .filter(({ from, to }) => from < to && to <= length)
    .sort((a, b) => a.from - b.from || a.to - b.to);
  return Decoration.set(
    sorted.map((mark) =>
      Decoration.mark({ class: mark.source === 'api' ? 'cm-mark cm-mark-api' : 'cm-mark', mark }).range(
        mark.from,
        mark.to,
      ),
    ),
  );
}

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(decorations, transaction) {
    let mapped = decorations.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (effect.is(setMarks)) mapped = decorate(effect.value, transaction.newDoc.length);
    }
    return mapped;
  },
  provide: (decorations) => EditorView.decorations.from(decorations),
});

/** The lines that have a mark. */
const lines = gutterLineClass.compute([field], (state) => {
  const builder = new RangeSetBuilder<GutterMarker>();
  let last = -1;
  for (const cursor = state.field(field).iter(); cursor.value !== null; cursor.next()) {
    const { from } = state.doc.lineAt(cursor.from);
    if (from > last) builder.add(from, from, markedLine);
    last = Math.max(last, from);
  }
  return builder.finish();
});

function marksAt(state: EditorState, at: number): Mark[] {
  const found: Mark[] = [];
  state.field(field).between(at, at, (_from, _to, { spec }) => {
    found.push((spec as { readonly mark: Mark }).mark);
  });
  return found;
}

/** The first mark at a position. */
export function markAt(state: EditorState, at: number): Mark | null {
  return marksAt(state, at)[0] ?? null;
}

const tooltip = hoverTooltip((view, at) => {
  const found = marksAt(view.state, at);
  if (found.length === 0) return null;
  return {
    pos: at,
    above: true,
    create: () => {
      const dom = document.createElement('div');
      for (const { message } of found) {
        const line = document.createElement('div');
        line.textContent = message;
        dom.append(line);
      }
      return { dom };
    },
  };
});

export const marks: Extension = [field, lines, tooltip];
