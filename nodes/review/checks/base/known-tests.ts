/** The tests of the base that pass there: found once a run, and kept in its dossier. */
import { z } from 'zod';
import type { ReviewContext } from '../check.ts';
import { type Asked, type BaseCheckout, inBaseCheckout, type Judge } from './base-run.ts';
import type { ToldTest } from './read-reports.ts';
import { saidTotal } from './said-totals.ts';

const knownSchema = z.strictObject({
  /** Those that pass, by file; empty where no runner told names. */
  names: z.array(z.tuple([z.string(), z.string()])),
  /** Files in which the test that must fail did, as the runner calls them. */
  fail: z.array(z.string()),
  /** Files that a test that must fail is written into. */
  written: z.array(z.string()),
  /** Tests that must fail end the run before others were run (`--bail`, `a && b`), or keep it from its start (a linter): they have a run of their own. */
  apart: z.boolean(),
  /** Whether the check as it is ends with exit code 0, and red with tests that must fail. */
  passes: z.boolean(),
  canFail: z.boolean(),
  /** How many passed, as its output says. */
  total: z.int().optional(),
});
export type Known = z.infer<typeof knownSchema>;
const keptSchema = z.object({ body: knownSchema });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export async function testsOfBase(context: ReviewContext, asked: Asked): Promise<Known> {
  const { session, base, attempt } = context;
  const { dossier } = session.stores;
  const path = `evidence/0/base-tests-${asked.id}-${base.tree.slice(0, 12)}.json`;
  const kept = await dossier.read(session.facts.threadId, path);
  // What another build wrote, or half of it, is found again.
  const read = keptSchema.safeParse(kept === undefined ? undefined : parsed(kept.bytes.toString('utf8')));
  if (read.success) return read.data.body;
  const body = await inBaseCheckout(context, 'base', (checkout) => known(checkout, asked));
  await dossier.writeJson(session.facts.threadId, path, {
    kind: 'evidence',
    version: 1,
    thread_id: session.facts.threadId,
    attempt,
    inputs: [],
    made_by: 'governor',
    made_at: new Date(session.clock.now()).toISOString(),
    body,
  });
  return body;
}

async function known(checkout: BaseCheckout, asked: Asked): Promise<Known> {
  const judge: Judge = (told) => ({ status: passing(told, checkout.word).size === 0 ? 'skipped' : 'pass' });
  const run = (files: ReadonlySet<string>, id: string) => checkout.withReports({ ...asked, id: `${id}-${asked.id}` }, files, judge);
  let { told, result } = await run(checkout.files, 'known');
  // A file that a must-fail test breaks goes without.
  const broken = new Set(told.filter(({ name, file }) => name === '' && checkout.files.has(file)).map(({ file }) => file));
  const files = new Set([...checkout.files].filter((file) => !broken.has(file)));
  if (broken.size > 0) ({ told, result } = await run(files, 'known-again'));
  const failed = told.filter(({ end }) => end === 'failed');
  const isCut = [...files].some((file) => !failed.some(({ name }) => name.includes(checkout.nameOf(file))));
  const alone = isCut ? (await run(new Set(), 'known-alone')).told : [];
  const apart = passing(alone, checkout.word).size > passing(told, checkout.word).size;
  const names = [...passing(apart ? alone : told, checkout.word).values()].map(({ file, name }): [string, string] => [file, name]);
  const of = { names, fail: [...failing(told, checkout.word)], written: [...files], apart };
  if (names.length > 0) return { ...of, passes: true, canFail: true };
  const plain = await checkout.plainly({ ...asked, id: `known-plain-${asked.id}` });
  const total = saidTotal(plain.log);
  const passes = plain.result.status === 'pass';
  const canFail = passes && result.exit_code !== 0 && checkout.files.size > 0;
  return { ...of, fail: [], passes, canFail, ...(total === undefined ? {} : { total }) };
}

/** Tests that passed, each under a key of its own. */
export const passing = (told: readonly ToldTest[], word: string): Map<string, ToldTest> =>
  keyed(told.filter(({ name, end }) => end === 'passed' && name !== '' && !name.includes(word)));

/** The second test of the same name in a file is another test. */
export function keyed<Test extends Pick<ToldTest, 'file' | 'name'>>(tests: readonly Test[]): Map<string, Test> {
  const found = new Map<string, Test>();
  for (const test of tests) {
    let key = keyOf(test.file, test.name);
    while (found.has(key)) key = `${key} again`;
    found.set(key, test);
  }
  return found;
}

export const keyOf = (file: string, name: string): string => `${file} > ${name}`;

/** Files whose must-fail test was told to have failed, and no other of its kind to have passed. */
export function failing(told: readonly ToldTest[], word: string): Set<string> {
  const own = told.filter(({ name }) => name.includes(word));
  const held = new Set(own.filter(({ end }) => end !== 'failed').map(({ file }) => file));
  return new Set(own.map(({ file }) => file).filter((file) => !held.has(file)));
}
