/** What agents are writing, shared with other processes of the home by a small file. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sharedText, shareText } from '../../../runtime/drive/live-file.ts';
import type { LiveText } from '../../../runtime/options.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'governor-live-'));
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(home, { recursive: true, force: true });
});

const lead: LiveText = {
  stage: 'build',
  attempt: 1,
  role: 'lead',
  agent: 'lead',
  call: 1,
  answer: 1,
  piece: 'now',
  text: 'I am writing now',
  state: 'writing',
};
const worker: LiveText = { ...lead, role: 'worker', agent: 'w1.1', answer: 2, text: 'so am I' };

test('others read the end of what each agent is writing, for the owner of the home alone; the end of the drive takes it away', () => {
  const shared = shareText({ home }, 'thread');
  shared.hear(lead);
  shared.hear(worker);
  shared.hear({ ...lead, text: 'I am writing more' });
  vi.advanceTimersByTime(300);
  expect(sharedText({ home }, 'thread')).toEqual([
    { ...lead, text: 'I am writing more', piece: '' },
    { ...worker, piece: '' },
  ]);
  expect(sharedText({ home }, 'other')).toEqual([]);
  expect(statSync(join(home, 'live', 'thread.json')).mode & 0o077).toBe(0);
  shared.hear({ ...lead, state: 'whole' });
  vi.advanceTimersByTime(300);
  expect(sharedText({ home }, 'thread').map(({ agent }) => agent)).toEqual(['w1.1']);
  shared.close();
  expect(readdirSync(join(home, 'live'))).toEqual([]);
});

test('an answer that is quickly whole never comes to the disk', () => {
  const shared = shareText({ home }, 'thread');
  shared.hear(lead);
  vi.advanceTimersByTime(100);
  shared.hear({ ...lead, piece: '', state: 'whole' });
  vi.advanceTimersByTime(1000);
  expect(existsSync(join(home, 'live'))).toBe(false);
  shared.close();
});

test('what a process that died has left is gone with the next drive, and what is damaged is nothing', () => {
  const first = shareText({ home }, 'thread');
  first.hear(lead);
  vi.advanceTimersByTime(300);
  expect(sharedText({ home }, 'thread')).toHaveLength(1);
  const next = shareText({ home }, 'thread');
  expect(sharedText({ home }, 'thread')).toEqual([]);
  writeFileSync(join(home, 'live', 'thread.json'), '[{"agent":');
  expect(sharedText({ home }, 'thread')).toEqual([]);
  first.close();
  next.close();
});

test('a home that cannot be written to ends nothing', () => {
  writeFileSync(join(home, 'live'), 'in the way');
  const shared = shareText({ home }, 'thread');
  shared.hear(lead);
  expect(() => vi.advanceTimersByTime(300)).not.toThrow();
  expect(() => shared.close()).not.toThrow();
});
