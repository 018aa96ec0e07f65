/** Published heads: appended, each on a line of its own, and read back whatever else stands in the file. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSink } from '../../../checkpoints/audit/sink.ts';

const head = (seal: number) => ({ home: 'h', seal, seq: seal, hash: `${seal}`, mac: null, at: 'now' });
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'governor-sink-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('heads come back in their order; half a line, words of others and no file are none', () => {
  const path = join(folder, 'heads.log');
  const sink = createSink(path);
  expect(sink.read()).toEqual([]);
  sink.append(head(1));
  appendFileSync(path, '{"home":"h","se');
  sink.append(head(2));
  appendFileSync(path, 'words\n{"of":"others"}\n');
  expect(sink.read()).toEqual([head(1), head(2)]);
  expect(readFileSync(path, 'utf8')).toContain('words\n');
});

test('a file that cannot be written or read says which and why', () => {
  const sink = createSink(join(folder, 'nowhere', 'heads.log'));
  expect(() => sink.append(head(1))).toThrow(/^audit\.heads .*nowhere.*: cannot be written/);
  writeFileSync(join(folder, 'file'), '');
  expect(() => createSink(join(folder, 'file', 'x')).read()).toThrow(/cannot be read/);
});
