import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendLine, readLedger } from '../src/store.js';

async function withFile(text, check) {
  const folder = await mkdtemp(join(tmpdir(), 'tally-'));
  try {
    const path = join(folder, 'home.tally');
    if (text !== undefined) await writeFile(path, text);
    await check(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a line is added at the end', () =>
  withFile('one\n', async (path) => {
    await appendLine(path, 'two');
    assert.equal(await readLedger(path), 'one\ntwo\n');
  }));
test('a missing final line break is mended first', () =>
  withFile('one', async (path) => {
    await appendLine(path, 'two');
    assert.equal(await readLedger(path), 'one\ntwo\n');
  }));
test('a missing ledger is named', () =>
  withFile(undefined, async (path) => {
    await assert.rejects(readLedger(path), /there is no such ledger/);
  }));
