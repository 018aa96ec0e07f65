/** Which tests of the base do not pass on a candidate, though they pass on the base. */
import type { CheckResult } from '../../../../domain/handoff.ts';
import type { ReviewContext } from '../check.ts';
import { type Asked, type BaseCheckout, inBaseCheckout, type Judge, type Reported } from './base-run.ts';
import { failing, type Known, keyed, keyOf, passing } from './known-tests.ts';
import type { ToldTest } from './read-reports.ts';

export interface Gap {
  /** Undefined where nothing at all was told. */
  readonly file: string | undefined;
  /** Names, each with what became of it. */
  readonly tests: readonly string[];
  /** True where a test that must fail did not. */
  readonly hollow: boolean;
}

export interface Compared {
  readonly gaps: readonly Gap[];
  readonly result: CheckResult;
  /** Each test that was told, or what was printed where none was. */
  readonly log: string;
}

/**
 * A test that is missing once is asked for a second time, on the base too: one that does not always pass there, or whose name changes,
 * is none that must. The second time
 * the candidate's new tests are there as comments: a test of the base may say that each module has one.
 */
export async function gapsOf(context: ReviewContext, checkout: BaseCheckout, asked: Asked, known: Known): Promise<Compared> {
  const first = await once(checkout, asked, known, []);
  if (first.gaps.length === 0) return first;
  const { told, held } = await inBaseCheckout(context, 'base', (base) =>
    run(base, { ...asked, id: `known-twice-${asked.id}` }, known, () => ({ status: 'skipped' })),
  );
  const still = passing(told, checkout.word);
  const keys = keysOf(known.names);
  const names = known.names.filter((_, index) => still.has(keys[index] ?? ''));
  const red = failing(held, checkout.word);
  await checkout.putNewTests();
  return once(
    checkout,
    { ...asked, id: `${asked.id}-again` },
    { ...known, names, fail: known.fail.filter((file) => red.has(file)) },
    first.told,
  );
}

/** Runs the tests of the base and those that must fail, in one run where that is possible. */
async function run(
  checkout: BaseCheckout,
  asked: Asked,
  { written, fail, apart }: Known,
  judge: (told: readonly ToldTest[], held: readonly ToldTest[]) => ReturnType<Judge>,
): Promise<Reported & { readonly held: readonly ToldTest[] }> {
  const files = new Set(written);
  if (!apart) {
    const ran = await checkout.withReports(asked, files, (told) => judge(told, told));
    return { ...ran, held: ran.told };
  }
  const must = { ...asked, id: `${asked.id}-must-fail` };
  const held = fail.length === 0 ? [] : (await checkout.withReports(must, files, () => ({ status: 'skipped' }))).told;
  return { ...(await checkout.withReports(asked, new Set(), (told) => judge(told, held))), held };
}

async function once(
  checkout: BaseCheckout,
  asked: Asked,
  known: Known,
  before: readonly ToldTest[],
): Promise<Compared & Pick<Reported, 'told'>> {
  const keys = keysOf(known.names);
  let gaps: readonly Gap[] = [];
  const { told, result, log } = await run(checkout, asked, known, (now, held) => {
    const passed = new Set([...passing(before, checkout.word).keys(), ...passing(now, checkout.word).keys()]);
    gaps = gapsIn({ known, keys, passed, now, held, word: checkout.word });
    const tests = { by: 'name' as const, base: keys.length, candidate: keys.filter((key) => passed.has(key)).length };
    return { status: gaps.length === 0 ? 'pass' : 'fail', tests };
  });
  return { gaps, result, told, log };
}

const keysOf = (names: Known['names']): string[] => [...keyed(names.map(([file, name]) => ({ file, name }))).keys()];

interface Told {
  readonly known: Known;
  readonly keys: readonly string[];
  readonly passed: ReadonlySet<string>;
  readonly now: readonly ToldTest[];
  /** By the run with the tests that must fail. */
  readonly held: readonly ToldTest[];
  readonly word: string;
}

function gapsIn({ known, keys, passed, now, held, word }: Told): Gap[] {
  if (now.length === 0 && passed.size === 0) return [{ file: undefined, tests: known.names.map(([, name]) => name), hollow: false }];
  const ends = new Map(now.map((test) => [keyOf(test.file, test.name), test.end]));
  const byFile = new Map<string, string[]>();
  for (const [index, [file, name]] of known.names.entries()) {
    if (passed.has(keys[index] ?? '')) continue;
    const end = ends.get(keyOf(file, name));
    byFile.set(file, [
      ...(byFile.get(file) ?? []),
      `${name} (${end === 'failed' ? 'fails' : end === 'off' ? 'is skipped' : 'did not run'})`,
    ]);
  }
  const gaps = [...byFile].map(([file, tests]): Gap => ({ file, tests, hollow: false }));
  const red = failing(held, word);
  // Where the first that fails ends the run, another one may be the first.
  const hold = known.apart && red.size > 0 ? held.filter(({ name, end }) => end === 'passed' && name.includes(word)) : held;
  const ran = new Set(hold.map(({ file }) => file));
  const hollow = known.fail.filter((file) => !red.has(file) && ran.has(file) && !byFile.has(file));
  return [...gaps, ...hollow.map((file): Gap => ({ file, tests: [], hollow: true }))];
}
