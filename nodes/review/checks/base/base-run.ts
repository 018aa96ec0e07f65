/** A check with the tests of the base and no others, on the base itself and on a candidate; each in a checkout of its own. */
import { lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Change } from '../../../../domain/handoff.ts';
import { isNamedTest, isTestConfig, isTestFile } from '../../../../domain/test-files.ts';
import type { WorkTree } from '../../../../domain/workspace.ts';
import { removeAll } from '../../../../tools/walk.ts';
import { type RanCheck, runChecks } from '../../../checks.ts';
import type { ReviewContext } from '../check.ts';
import { countTests } from '../test-counts.ts';
import { asComments } from './as-comments.ts';
import { askForReports, OWN_REPORTS, REPORTS } from './asked-reports.ts';
import { mustFail } from './must-fail.ts';
import { readReports, type ToldTest } from './read-reports.ts';

/** Test files that a must-fail test is written into. */
const MAX_FILES = 500;
/** Of the output of a check whose runner prints its report, in bytes. */
const OUTPUT_BYTES = 16 * 1024 * 1024;

export interface Asked {
  readonly id: string;
  readonly check: { readonly run: readonly string[]; readonly timeout: number };
  /** All that the check runs, scripts of package.json with it. */
  readonly words: string;
}

/** What becomes of a run in the review. */
export type Judge = (told: readonly ToldTest[], exitCode: number | null) => Pick<RanCheck['result'], 'status' | 'tests'>;

export interface Reported extends Pick<RanCheck, 'result' | 'log'> {
  readonly told: readonly ToldTest[];
}

export interface BaseCheckout {
  /** Runs the check as it is. */
  plainly(asked: Asked): Promise<RanCheck>;
  /** Runs it with tests that must fail in these files of tests, and has its runners write down what they ran. */
  withReports(asked: Asked, files: ReadonlySet<string>, judge: Judge): Promise<Reported>;
  /** From here on the candidate's new tests are there as comments: a test of the base may look for them. False where there are none. */
  putNewTests(): Promise<boolean>;
  /** Stands in the names of the tests that must fail. */
  readonly word: string;
  /** The name of the one of a file. */
  readonly nameOf: (path: string) => string;
  /** Files that can have one. */
  readonly files: ReadonlySet<string>;
}

/** Opens a checkout of one side and removes it in the end. */
export async function inBaseCheckout<Result>(
  context: ReviewContext,
  side: 'base' | 'candidate',
  work: (checkout: BaseCheckout) => Promise<Result>,
): Promise<Result> {
  const { session, repository, base, candidate, attempt } = context;
  const folder = session.places.workFolder(`base-tests-${attempt}-${side}`);
  const own = side === 'base' ? base.tree : candidate.tree;
  const checkout = await repository.checkout(own, folder, base.commit);
  try {
    const taken = side === 'base' ? NONE_TAKEN : await takeBaseTests(context, checkout.folder);
    const appended = await mustFailTests(context);
    let plain = taken.isAny ? await checkout.snapshot() : own;
    let isPlain = true;
    const reset = async (): Promise<void> => {
      if (!isPlain) await checkout.restore(plain);
      isPlain = false;
    };
    return await work({
      word: appended.word,
      nameOf: appended.nameOf,
      files: new Set(appended.texts.keys()),
      putNewTests: async () => {
        if (taken.added.length === 0) return false;
        await reset();
        for (const { path, content } of taken.added) put(checkout.folder, path, content, FILE_MODE);
        plain = await checkout.snapshot();
        isPlain = true;
        return true;
      },
      plainly: async (asked) => {
        await reset();
        const checks = [{ ...asked.check, id: asked.id }];
        return only(await runChecks(session, { checkout, tree: plain, attempt, checks, done: true }));
      },
      withReports: async (asked, files, judge) => {
        await reset();
        for (const [path, { text, mode }] of appended.texts) if (files.has(path)) put(checkout.folder, path, text, mode);
        return reported(context, { checkout, plain }, asked, judge);
      },
    });
  } finally {
    await checkout.remove();
  }
}

interface Opened {
  readonly checkout: WorkTree;
  /** Its tree without the tests that must fail. */
  readonly plain: string;
}

async function reported({ session, attempt }: ReviewContext, { checkout, plain }: Opened, asked: Asked, judge: Judge): Promise<Reported> {
  const folder = join(checkout.folder, REPORTS);
  const seen = session.places.sandbox.level === 'bwrap' ? `/workspace/${REPORTS}` : folder;
  // A run before this one may have left it, ignored files stay, and a candidate may hold a link of this name.
  removeAll(folder);
  mkdirSync(folder);
  for (const [name, text] of Object.entries(OWN_REPORTS)) writeFileSync(join(folder, name), text);
  let told: readonly ToldTest[] = [];
  const ran = await runChecks(session, {
    checkout,
    tree: plain,
    attempt,
    done: true,
    checks: [
      {
        ...asked.check,
        id: asked.id,
        env: askForReports(seen, asked.words),
        outputBytes: OUTPUT_BYTES,
        judge: ({ stdout, exitCode, log }) => {
          told = readReports(folder, stdout, ['/workspace', checkout.folder]);
          return { ...judge(told, exitCode), log: told.length === 0 ? log.slice(-LIST_LENGTH) : session.doors.redact(listOf(told)) };
        },
      },
    ],
  });
  const { result, log } = only(ran);
  return { told, result, log };
}

/** Of the list of tests that is kept as evidence, or of the output where there is none, in characters. */
const LIST_LENGTH = 256 * 1024;

const listOf = (told: readonly ToldTest[]): string =>
  told
    .map(({ file, name, end }) => `${end} ${file} > ${name}`)
    .join('\n')
    .slice(0, LIST_LENGTH);

/** Files of tests that were there before and are not as they were, under their names in the base. */
export const changedTests = (changes: readonly Change[]): Change[] =>
  changes.filter((change) => change.status !== 'added' && isTestFile(change.from ?? change.path));

interface Taken {
  /** Tests of the candidate that the base does not have, as comments; they were removed. */
  readonly added: readonly { readonly path: string; readonly content: Buffer }[];
  readonly isAny: boolean;
}

const NONE_TAKEN: Taken = { added: [], isAny: false };

/**
 * Puts the base's files of tests in place of the candidate's. Tests that are new need the candidate's helpers: they are not the base's
 * own. What is new in a folder of that name and is no test stays: the source may be there.
 */
async function takeBaseTests({ changes, repository, base, candidate }: ReviewContext, folder: string): Promise<Taken> {
  const added: Taken['added'][number][] = [];
  let isAny = changedTests(changes).length > 0;
  for (const { path, status, from } of changes) {
    if ((status !== 'added' && from === undefined) || !isTestFile(path)) continue;
    const text = (await repository.readFile(candidate.tree, path))?.toString('utf8') ?? '';
    if (!runsAsTest(path, text)) continue;
    rmSync(join(folder, path), { force: true });
    isAny = true;
    const comments = isTestConfig(path) ? undefined : asComments(path, text);
    if (comments !== undefined) added.push({ path, content: Buffer.from(comments) });
  }
  for (const change of changedTests(changes)) {
    const path = change.from ?? change.path;
    const content = await repository.readFile(base.tree, path);
    if (content !== undefined) put(folder, path, content, bitsOf(change.old_mode));
  }
  return { added, isAny };
}

/** All but a module of JavaScript or Python that others load: it has a name of no test, exports, and neither tests nor asserts. */
function runsAsTest(path: string, text: string): boolean {
  if (isNamedTest(path) || isTestConfig(path) || !/\.(?:[cm]?[jt]sx?|py)$/.test(path)) return true;
  const { tests, assertions } = countTests(path, text);
  const isModule = /\bexports?\b|^(?:async )?def \w|^class \w/m.test(text) || path.endsWith('/__init__.py');
  return tests > 0 || assertions > 0 || !isModule;
}

async function mustFailTests({ repository, base, session }: ReviewContext) {
  const tests = mustFail({ thread: session.facts.threadId, base: base.tree });
  const texts = new Map<string, { readonly text: Buffer; readonly mode: number }>();
  for (const { path, mode } of await repository.listTree(base.tree)) {
    if (!mode.startsWith('100') || !isTestFile(path) || texts.size === MAX_FILES) continue;
    const text = (await repository.readFile(base.tree, path)) ?? Buffer.alloc(0);
    const more = tests.for(path, text.toString('utf8'));
    // As bytes: not every file is UTF-8.
    if (more !== undefined) texts.set(path, { text: Buffer.concat([text, Buffer.from(more)]), mode: bitsOf(mode) });
  }
  return { word: tests.word, nameOf: tests.nameOf, texts };
}

function only(ran: readonly RanCheck[]): RanCheck {
  const [one] = ran;
  if (one === undefined) throw new Error('a check that was run has no result');
  return one;
}

const FILE_MODE = 0o644;
const bitsOf = (mode: string): number => (mode === '100755' ? 0o755 : FILE_MODE);

/** Writes a file of the base; what the candidate has in its way, a link above all, is removed and never followed. */
function put(folder: string, path: string, content: Buffer, mode: number): void {
  let at = folder;
  for (const part of path.split('/').slice(0, -1)) {
    at = join(at, part);
    if (lstatSync(at, { throwIfNoEntry: false })?.isDirectory() === false) rmSync(at, { force: true });
  }
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  rmSync(join(folder, path), { recursive: true, force: true });
  writeFileSync(join(folder, path), content, { mode });
}
