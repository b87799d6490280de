/** The orders that are being edited: ties the editor, the checker and the submission together. */

import { effect, signal, type ReadonlySignal } from '@preact/signals';

import { detectTable } from './csv.ts';
import type { Checker } from '../check/checker.ts';
import type { Verdict, Violation } from '../check/protocol.ts';
import type { Editor, Mark } from '../editor/editor.ts';
import type { Submission } from './submission.ts';

/** Minimum length of a paste that is prepared in the worker. */
const LONG_PASTE = 100_000;
/** Maximum number of marks in the visible part of the text, in addition to the first ones. */
const VISIBLE_MARKS = 300;
const DRAFT = 'gridbid.draft';

const EXAMPLE = `[
  {"record_id": "unique_id_1", "parameter_1": "abc", "parameter_2": 4},
  {"record_id": "unique_id_2", "parameter_1": "def", "parameter_2": 2.1}
]
`;

export interface Notice {
  readonly kind: 'info' | 'error';
  readonly text: string;
}

export class Workbench {
  readonly #checker: Checker;
  readonly #submission: Submission;
  readonly #status = signal<'loading' | 'ready' | 'failed'>('loading');
  readonly #notice = signal<Notice | null>(null);
  readonly #atCursor = signal<Mark | null>(null);
  #editor: Editor | null = null;
  #initialText = '';
  #fetchingVisible: ReturnType<typeof setTimeout> | undefined;
  #visible: readonly Violation[] = [];
  #stopFollowing: (() => void) | undefined;

  constructor(checker: Checker, submission: Submission) {
    this.#checker = checker;
    this.#submission = submission;
  }

  get status(): ReadonlySignal<'loading' | 'ready' | 'failed'> {
    return this.#status;
  }

  get notice(): ReadonlySignal<Notice | null> {
    return this.#notice;
  }

  /** The violation at the cursor. */
  get atCursor(): ReadonlySignal<Mark | null> {
    return this.#atCursor;
  }

  /** Loads the editor into an element. */
  async mount(host: HTMLElement, submit: () => void): Promise<void> {
    this.#status.value = 'loading';
    try {
      const { createEditor } = await import('../editor/editor.ts');
      this.#editor?.destroy();
      this.#editor = createEditor(host, {
        label: 'Orders as JSON',
        hint: '[{"record_id": "…", "parameter_1": "…", "parameter_2": 2.1}]',
        text: this.#initialText,
        onEdits: (edits, length) => {
          this.#notice.value = null;
          this.#checker.edit(edits, length);
        },
        onVisible: () => this.#fetchVisible(),
        onCursor: (mark) => {
          this.#atCursor.value = mark;
        },
        onPaste: (text, all) => this.#paste(text, all),
        onSubmit: submit,
        onStep: (direction) => void this.step(direction),
      });
      this.#checker.replace(this.#initialText);
      this.#stopFollowing?.();
      this.#stopFollowing = effect(() => {
        const state = this.#checker.state.value;
        if (state.kind === 'checked') this.#showMarks(state.verdict);
        if (state.kind === 'empty') this.#editor?.setMarks([]);
      });
      this.#status.value = 'ready';
    } catch {
      this.#status.value = 'failed';
    }
  }

  async openFile(file: File): Promise<void> {
    await this.#read(() => file.arrayBuffer(), file.name);
  }

  showExample(): void {
    void this.#replace(EXAMPLE);
  }

  clear(): void {
    this.#submission.dismiss();
    void this.#replace('');
  }

  dismissNotice(): void {
    this.#notice.value = null;
  }

  /** Moves the cursor to a place. */
  reveal({ from, to }: { readonly from: number; readonly to: number }): void {
    this.#editor?.reveal(from, to);
  }

  /** Moves the cursor to the next or previous violation. */
  async step(direction: 1 | -1): Promise<void> {
    const violation = await this.#checker.step(this.#editor?.cursor() ?? 0, direction);
    if (violation !== null) this.reveal(violation);
  }

  /** Saves the text across the sign-in redirect; throws if the browser has no room for it. */
  saveDraft(): void {
    const text = this.#editor?.text() ?? '';
    try {
      if (text !== '') sessionStorage.setItem(DRAFT, text);
    } catch {
      throw new Error('the text is too long to be kept meanwhile; save it to a file, clear the editor and sign in');
    }
  }

  /** Restores the text that was saved before the redirect. */
  restoreDraft(): void {
    try {
      this.#initialText = sessionStorage.getItem(DRAFT) ?? '';
      sessionStorage.removeItem(DRAFT);
    } catch {
      // No storage, no draft.
    }
  }

  /** Handles what the editor should not simply insert: tables, and texts too long to insert at once. */
  #paste(text: string, all: boolean): boolean {
    if (!all || (detectTable(text) === null && text.length < LONG_PASTE)) return false;
    void this.#read(() => text, 'The pasted text');
    return true;
  }

  async #read(content: () => Promise<ArrayBuffer> | string, name: string): Promise<void> {
    try {
      const { text, table } = await this.#checker.read(await content(), name);
      await this.#replace(text);
      if (table) this.#notice.value = { kind: 'info', text: `${name} was converted from a table to JSON.` };
    } catch (error) {
      this.#notice.value = { kind: 'error', text: error instanceof Error ? error.message : String(error) };
    }
  }

  async #replace(text: string): Promise<void> {
    await this.#editor?.replace(text);
    this.#notice.value = null;
    this.#editor?.focus();
  }

  #showMarks(verdict: Verdict): void {
    this.#visible = [];
    this.#editor?.setMarks(this.#marks(verdict));
    this.#fetchVisible();
  }

  #marks({ violations, watched }: Verdict): Mark[] {
    const messages = new Map(
      this.#submission.progress.value.problems.map(({ recordId, message }) => [recordId, message]),
    );
    const first = new Set(violations.map(({ from, message }) => `${from} ${message}`));
    const others = this.#visible.filter(({ from, message }) => !first.has(`${from} ${message}`));
    return [
      ...[...violations, ...others].map(({ from, to, message }): Mark => ({ from, to, message, source: 'rules' })),
      ...watched.map(({ from, to, recordId }): Mark => ({
        from,
        to,
        message: messages.get(recordId) ?? 'not stored',
        source: 'api',
      })),
    ];
  }

  /** Marks the violations in the viewport when the verdict does not contain all of them. */
  #fetchVisible(): void {
    clearTimeout(this.#fetchingVisible);
    this.#fetchingVisible = setTimeout(() => {
      const state = this.#checker.state.value;
      if (state.kind !== 'checked' || state.verdict.listed <= state.verdict.violations.length || this.#editor === null)
        return;
      const { from, to } = this.#editor.visible();
      const { version } = state.verdict;
      void this.#checker.within(from, to, VISIBLE_MARKS).then((visible) => {
        const now = this.#checker.state.value;
        if (now.kind !== 'checked' || now.verdict.version !== version) return;
        this.#visible = visible;
        this.#editor?.setMarks(this.#marks(now.verdict));
      });
    }, 80);
  }
}
