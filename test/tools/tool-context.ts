/** What a tool works with in tests: a small work tree of its own, beside a file of the host that it must never reach, in the real sandbox. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedactor } from '../../tools/redact.ts';
import { createSandbox } from '../../tools/sandbox.ts';
import type { ToolContext } from '../../tools/tool.ts';

export interface ToolWorld {
  /** Holds the tree, and `outside` beside it. */
  readonly folder: string;
  readonly context: ToolContext;
  readonly dispose: () => void;
}

export function makeToolWorld(): ToolWorld {
  const folder = mkdtempSync(join(tmpdir(), 'governor-tool-'));
  mkdirSync(join(folder, 'tree/src'), { recursive: true });
  writeFileSync(join(folder, 'tree/src/a.js'), 'one\ntwo\ntwo\n');
  writeFileSync(join(folder, 'outside'), 'secret of the host');
  const workTree = {
    folder: join(folder, 'tree'),
    snapshot: async () => '',
    current: async () => '',
    newlyLeftOut: () => [],
    touched: () => undefined,
    restore: async () => undefined,
    remove: async () => undefined,
  };
  const context: ToolContext = {
    workTree,
    folder: workTree.folder,
    sandbox: createSandbox({ level: existsSync('/usr/bin/bwrap') ? 'bwrap' : 'unsafe', stateFolder: folder }),
    links: [],
    scratch: [],
    commandTimeoutMs: 10_000,
    outputBytes: 10_000,
    signal: new AbortController().signal,
    redact: createRedactor([]),
    difference: async () => '',
    quickChecks: [],
  };
  return { folder, context, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}
