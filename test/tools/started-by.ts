/** The git processes that something starts: a program of that name, found first, writes down each. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Their command lines. */
export async function startedBy(work: () => Promise<unknown>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'governor-git-'));
  const list = join(folder, 'list');
  const before = process.env['PATH'] ?? '';
  writeFileSync(join(folder, 'git'), `#!/bin/sh\necho "$@" >> ${list}\nPATH='${before}' exec git "$@"\n`);
  writeFileSync(list, '');
  chmodSync(join(folder, 'git'), 0o755);
  process.env['PATH'] = `${folder}:${before}`;
  try {
    await work();
  } finally {
    process.env['PATH'] = before;
  }
  const lines = readFileSync(list, 'utf8').split('\n').slice(0, -1);
  rmSync(folder, { recursive: true, force: true });
  return lines;
}
