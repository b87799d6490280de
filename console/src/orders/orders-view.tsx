/** The orders view: editor, verdict, submission, and what was submitted. */

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import { useServices } from '../services.ts';
import { Submissions } from './submitted-view.tsx';
import { SubmitPanel } from './submit-view.tsx';
import { highlightCode, VerdictPanel } from './verdict-view.tsx';
import type { Workbench } from './workbench.ts';

/** The key that CodeMirror calls Mod. */
const MODIFIER = /Mac|iP(hone|ad|od)/.test(navigator.platform) ? '⌘' : 'Ctrl';

export function OrdersView({ workbench, hidden }: { readonly workbench: Workbench; readonly hidden: boolean }) {
  const { checker, submission, session } = useServices();

  const submit = () => {
    // The text may have been typed a moment ago.
    void checker.settle().then((verdict) => {
      if (verdict?.valid === true && session.isReady) void submission.start();
    });
  };

  return (
    <section class="view" hidden={hidden} aria-labelledby="orders-title">
      <div class="title-row">
        <h1 id="orders-title">Orders</h1>
        <p class="muted">Paste, type, or drop a .json or .csv file. Nothing leaves this page until you submit.</p>
      </div>
      <div class="workbench">
        <EditorPane workbench={workbench} submit={submit} />
        <div class="side">
          <VerdictPanel workbench={workbench} />
          <SubmitPanel workbench={workbench} submit={submit} />
        </div>
      </div>
      <Submissions hidden={hidden} />
    </section>
  );
}

function EditorPane({ workbench, submit }: { readonly workbench: Workbench; readonly submit: () => void }) {
  const host = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const isDragging = useSignal(false);
  const mount = () => {
    if (host.current !== null) void workbench.mount(host.current, submit);
  };
  useEffect(mount, []);

  const open = (file: File | null | undefined) => {
    if (file != null) void workbench.openFile(file);
  };
  const hasFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
  const status = workbench.status.value;
  const notice = workbench.notice.value;
  const atCursor = workbench.atCursor.value;

  return (
    <div
      class={isDragging.value ? 'editor-pane dragging' : 'editor-pane'}
      onDragOver={(event) => {
        if (!hasFile(event)) return;
        event.preventDefault();
        isDragging.value = true;
      }}
      onDragLeave={() => {
        isDragging.value = false;
      }}
      onDrop={(event) => {
        if (!hasFile(event)) return;
        event.preventDefault();
        isDragging.value = false;
        open(event.dataTransfer?.files[0]);
      }}
    >
      <div class="toolbar">
        <button type="button" onClick={() => input.current?.click()} disabled={status !== 'ready'}>
          Open file…
        </button>
        <input
          ref={input}
          type="file"
          class="visually-hidden"
          tabIndex={-1}
          aria-label="File with orders, JSON or CSV"
          accept=".json,.csv,.tsv,.txt,application/json,text/csv"
          onChange={(event) => {
            open(event.currentTarget.files?.[0]);
            // The same file can be opened again after it was changed.
            event.currentTarget.value = '';
          }}
        />
        <button type="button" onClick={() => workbench.showExample()} disabled={status !== 'ready'}>
          Example
        </button>
        <button type="button" onClick={() => workbench.clear()} disabled={status !== 'ready'}>
          Clear
        </button>
        <span class="keys muted">
          <kbd>F8</kbd> next violation · <kbd>{MODIFIER}</kbd>+<kbd>Enter</kbd> submit
        </span>
      </div>
      {notice !== null && (
        <p class={`notice ${notice.kind}`} role={notice.kind === 'error' ? 'alert' : 'status'}>
          <span>{notice.text}</span>
          <button type="button" class="link" onClick={() => workbench.dismissNotice()}>
            Dismiss
          </button>
        </p>
      )}
      <div class="editor-box">
        <div class="editor" ref={host} />
        {status === 'loading' && <p class="editor-cover muted">Loading the editor…</p>}
        {status === 'failed' && (
          <div class="editor-cover" role="alert">
            <p>The editor cannot be loaded.</p>
            <button type="button" onClick={mount}>
              Try again
            </button>
          </div>
        )}
        {isDragging.value && <p class="editor-cover drop">Drop the file to open it</p>}
      </div>
      <p class="cursor-line" aria-live="polite">
        {atCursor !== null && (
          <span class={atCursor.source === 'api' ? 'warn' : 'bad'}>{highlightCode(atCursor.message)}</span>
        )}
      </p>
    </div>
  );
}
