/** What agents are writing just now, for those who watch from another process: a small file in the home, gone when the drive ends. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ROLES } from '../../domain/roles.ts';
import type { LiveText } from '../options.ts';
import type { Runtime } from '../runtime.ts';

/** How long it waits before it writes again, in ms: a quick answer never comes to the disk. */
const WRITE_MS = 200;
/** Most agents in it. */
const AGENTS = 64;

const fileSchema = z.array(
  z.strictObject({
    stage: z.string(),
    attempt: z.int(),
    role: z.enum(ROLES),
    agent: z.string(),
    call: z.int(),
    answer: z.int(),
    piece: z.literal(''),
    text: z.string(),
    state: z.literal('writing'),
  }),
);

const fileOf = ({ home }: Pick<Runtime, 'home'>, threadId: string): string => join(home, 'live', `${threadId}.json`);

export interface SharedText {
  hear(text: LiveText): void;
  close(): void;
}

/** For display alone: where the disk does not take it, nobody is told. */
export function shareText(runtime: Pick<Runtime, 'home'>, threadId: string): SharedText {
  const file = fileOf(runtime, threadId);
  const writing = new Map<number, LiveText>();
  let timer: NodeJS.Timeout | undefined;
  let written = '[]';
  const write = (): void => {
    timer = undefined;
    const text = JSON.stringify([...writing.values()].slice(-AGENTS));
    if (text === written) return;
    written = text;
    quietly(() => {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(`${file}.new`, text, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    });
  };
  // Of a process that died.
  quietly(() => rmSync(file, { force: true }));
  return {
    hear: (text) => {
      if (text.state === 'writing') writing.set(text.answer, { ...text, piece: '' });
      else writing.delete(text.answer);
      timer ??= setTimeout(write, WRITE_MS);
      timer.unref();
    },
    close: () => {
      clearTimeout(timer);
      quietly(() => rmSync(file, { force: true }));
    },
  };
}

/** What the agents of a thread are writing, as their process shared it; empty where none does. */
export function sharedText(runtime: Pick<Runtime, 'home'>, threadId: string): LiveText[] {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(fileOf(runtime, threadId), 'utf8')));
  } catch {
    return [];
  }
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // A full disk ends the run where something must be recorded.
  }
}
