/** Which tests of the base do not pass on a candidate, though they pass on the base. */
import type { CheckResult } from '../../../../domain/handoff.ts';
import type { ReviewContext } from '../check.ts';
import { type Asked, type BaseCheckout, inBaseCheckout, type Reported } from './base-run.ts';
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
}

/**
 * A test that is missing once is asked for a second time, on the base too: one that does not always pass there, or whose name changes,
 * is none that must.
 */
export async function gapsOf(context: ReviewContext, checkout: BaseCheckout, asked: Asked, known: Known): Promise<Compared> {
  const first = await once(checkout, asked, known, []);
  if (first.gaps.length === 0) return first;
  const files = new Set(known.fail);
  const { told } = await inBaseCheckout(context, 'base', (base) =>
    base.withReports({ ...asked, id: `known-twice-${asked.id}` }, files, () => ({ status: 'skipped' })),
  );
  const still = passing(told, checkout.word);
  const keys = keysOf(known.names);
  const names = known.names.filter((_, index) => still.has(keys[index] ?? ''));
  const red = failing(told, checkout.word);
  return once(
    checkout,
    { ...asked, id: `${asked.id}-again` },
    { ...known, names, fail: known.fail.filter((file) => red.has(file)) },
    first.told,
  );
}

async function once(
  checkout: BaseCheckout,
  asked: Asked,
  known: Known,
  before: readonly ToldTest[],
): Promise<Compared & Pick<Reported, 'told'>> {
  const keys = keysOf(known.names);
  let gaps: readonly Gap[] = [];
  const { told, result } = await checkout.withReports(asked, new Set(known.fail), (now) => {
    const passed = new Set([...passing(before, checkout.word).keys(), ...passing(now, checkout.word).keys()]);
    gaps = gapsIn({ known, keys, passed, now, word: checkout.word });
    const tests = { by: 'name' as const, base: keys.length, candidate: keys.filter((key) => passed.has(key)).length };
    return { status: gaps.length === 0 ? 'pass' : 'fail', tests };
  });
  return { gaps, result, told };
}

const keysOf = (names: Known['names']): string[] => [...keyed(names.map(([file, name]) => ({ file, name }))).keys()];

interface Told {
  readonly known: Known;
  readonly keys: readonly string[];
  readonly passed: ReadonlySet<string>;
  readonly now: readonly ToldTest[];
  readonly word: string;
}

function gapsIn({ known, keys, passed, now, word }: Told): Gap[] {
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
  const red = failing(now, word);
  const ran = new Set(now.map(({ file }) => file));
  const hollow = known.fail.filter((file) => !red.has(file) && ran.has(file) && !byFile.has(file));
  return [...gaps, ...hollow.map((file): Gap => ({ file, tests: [], hollow: true }))];
}
