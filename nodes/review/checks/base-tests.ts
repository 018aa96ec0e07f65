/** The base's own tests against the candidate: each that passes on the base must pass here, by its name, whatever the change did to it. */
import { posix } from 'node:path';
import { failureText, shownFailing } from '../../../domain/failing-lines.ts';
import { type Change, type CheckResult, FILES, type Finding } from '../../../domain/handoff.ts';
import { isNamedTest, isTestFile } from '../../../domain/test-files.ts';
import { isBlocking } from '../../../domain/waivers.ts';
import type { RanCheck } from '../../checks.ts';
import { type Asked, type BaseCheckout, changedTests, inBaseCheckout } from './base/base-run.ts';
import { type Gap, gapsOf } from './base/gaps.ts';
import { type Known, testsOfBase } from './base/known-tests.ts';
import { saidTotal } from './base/said-totals.ts';
import { finding, NOTHING, type ReviewCheck, type ReviewContext } from './check.ts';
import { isUntrusted } from './commands.ts';
import { meantBy } from './meant.ts';
import { jsonIn, usedScripts } from './test-scripts.ts';

/** Of the output in a finding, in bytes. */
const SHOWN_BYTES = 2048;
/** Names in a finding. */
const SHOWN_NAMES = 10;
/** Words of commands that run tests, or may. */
const RUNS_TESTS =
  /test|spec|jest|mocha|ava\b|unit|jasmine|karma|cypress|uvu|\btape\b|\bmake\b|\bsbt\b|tox|nox|check|verify|\bci\b|\bmvnw?\b|gradlew?|\brake\b|\btap\b/i;

export const baseTests: ReviewCheck = {
  id: 'base-tests',
  run: async (context) => {
    const { repository, base, changes, findings } = context;
    const hasTests = (await repository.listTree(base.tree)).some(({ path }) => isTestFile(path));
    if (!hasTests || isUntrusted(findings)) return NOTHING;
    const changed = changedTests(changes);
    // What failed as it is has been told, and is the same where no test is changed.
    const red = new Set(changed.length > 0 ? [] : findings.filter(({ code }) => FAILED.has(code)).map(({ source }) => source));
    const asked = (await testChecks(context)).filter(({ check }) => !red.has(check.id));
    const known = new Map<AskedCheck, Known>();
    for (const one of asked) known.set(one, await testsOfBase(context, one));
    const judged = await inBaseCheckout(context, 'candidate', async (checkout) => {
      const all: Judged[] = [];
      for (const [one, of] of known) all.push(...(await judge({ context, checkout, changed, asked: one, known: of })));
      return all;
    });
    return { results: judged.flatMap(({ result }) => result ?? []), findings: judged.flatMap((one) => one.findings), redLines: [] };
  },
};

const FAILED: ReadonlySet<string> = new Set(['CHECK_FAILED', 'CHECK_ERROR']);

interface AskedCheck extends Asked {
  readonly check: ReviewContext['config']['checks'][number];
}

/** The configured checks that run tests, with the scripts they end up running. */
async function testChecks({ config, repository, base }: ReviewContext): Promise<AskedCheck[]> {
  const { scripts } = jsonIn((await repository.readFile(base.tree, 'package.json'))?.toString('utf8'));
  return config.checks.flatMap((check) => {
    const words = [check.run.join(' '), ...usedScripts(scripts, new Set(check.run)).values()].join('\n');
    return RUNS_TESTS.test(`${check.id} ${words}`) ? [{ id: `base-${check.id}`, check, words }] : [];
  });
}

interface Judged {
  readonly result: CheckResult | undefined;
  readonly findings: readonly Finding[];
}

interface Candidate {
  readonly context: ReviewContext;
  readonly checkout: BaseCheckout;
  readonly changed: readonly Change[];
  readonly asked: AskedCheck;
  readonly known: Known;
}

const judge = (candidate: Candidate): Promise<Judged[]> => (candidate.known.names.length > 0 ? byName(candidate) : byNumber(candidate));

async function byName({ context, checkout, changed, asked, known }: Candidate): Promise<Judged[]> {
  const { gaps, result, log } = await gapsOf(context, checkout, asked, known);
  const findings = gaps.map((gap) => {
    const decider = deciderOf(context, changesOf(gap, changed));
    // That nothing was run says more than that one test is weakened.
    return gap.file === undefined
      ? noneRan(asked, gap, { decider: decider === 'asked' ? 'person' : decider, log })
      : told(asked, gap, decider);
  });
  return [{ result: resultWith({ ...result, id: asked.id }, findings), findings }];
}

/**
 * Who decides. What the plan names, somebody decided about: a person says whether this is what was meant, and is asked once where
 * the same test is weakened too. With no change of a test, nothing was meant.
 */
function deciderOf({ plan, findings }: ReviewContext, of: readonly Change[]): Decider {
  const meant = meantBy(plan);
  const isAsked = ({ path, from }: Change): boolean =>
    findings.some((one) => one.code === 'TESTS_WEAKENED' && one.needs_waiver === true && (one.path === path || one.path === from));
  if (of.length === 0 || !of.every(({ path, from = path }) => meant.asTests(from))) return 'builder';
  return of.every(isAsked) ? 'asked' : 'person';
}

type Decider = 'builder' | 'person' | 'asked';

/**
 * The changes of the tests that a gap is about; none where it is about others too. Where nothing was run, all of them: one that does not
 * compile keeps all from running. No plan means tests to be hollow.
 */
function changesOf({ file, hollow }: Gap, changed: readonly Change[]): readonly Change[] {
  if (hollow) return [];
  if (file === undefined) return changed;
  const own = changed.filter(({ path, from = path }) => from === file || isOfPackage(from, file) || isCompiledFrom(from, file));
  // A helper beside the tests changes what they do.
  return own.length > 0 ? own : changed.filter(({ path, from = path }) => !isNamedTest(from));
}

function noneRan({ check }: AskedCheck, { tests }: Gap, { decider, log }: { decider: Decider; log: string }): Finding {
  const said = `none of the ${tests.length} tests of the base was run: something ended the process, or its reports are gone (check "${check.id}")`;
  return failsOf(`${said}\n${shownFailing(log, SHOWN_BYTES)}`, { decider, whole: `${said}\n${failureText(log)}` });
}

function told({ check }: AskedCheck, { file, tests, hollow }: Gap, decider: Decider): Finding {
  const more = tests.length > SHOWN_NAMES ? `, and ${tests.length - SHOWN_NAMES} more` : '';
  const what = hollow
    ? 'a test that must fail passes there: its assertions assert nothing, or its results are forged'
    : `tests of the base pass there and not on the candidate: ${tests.slice(0, SHOWN_NAMES).join(', ')}${more}`;
  const said = `${file}: ${what} (check "${check.id}")`;
  return failsOf(said, { path: file, decider, whole: `${what}\n${tests.join('\n')}` });
}

/** Go tells packages: `example.test/app/money` has the tests of `money/`. */
const isOfPackage = (path: string, told: string): boolean =>
  path.endsWith('_test.go') && `${told}/`.endsWith(`/${path.split('/').slice(0, -1).join('/')}/`.replace('//', '/'));

/** `dist/test/a.test.js` of `test/a.test.ts`. */
const isCompiledFrom = (path: string, told: string): boolean => {
  const stem = (name: string): string => posix.basename(name).replace(/\.[cm]?[jt]sx?$/, '');
  return /\.[cm]?tsx?$/.test(path) && /\.[cm]?js$/.test(told) && stem(path) === stem(told);
};

/** Without names: by its exit code, by the number that it says of itself, and by whether it can fail at all. */
async function byNumber(candidate: Candidate): Promise<Judged[]> {
  const { context, checkout, changed, asked, known } = candidate;
  const { result, log } = await asItIs(candidate);
  const paths = changed.map((change) => change.from ?? change.path);
  const decider = deciderOf(context, changed);
  const counted = known.total === undefined ? {} : { tests: { by: 'number' as const, base: known.total, candidate: saidTotal(log) ?? 0 } };
  const judged = (findings: readonly Finding[], of = result): Judged[] => [
    { result: resultWith({ ...of, id: asked.id, status: known.passes ? 'pass' : 'skipped', ...counted }, findings), findings },
  ];
  if (!known.passes) return judged([]);
  if (result.status !== 'pass') {
    const said = `the base's own tests${paths.length === 0 ? '' : ` (${paths.join(', ')})`} fail on the candidate (check "${asked.check.id}")`;
    const whole = `${said}\n${asked.id}\n${failureText(log)}`;
    return judged([failsOf(`${said}\n${shownFailing(log, SHOWN_BYTES)}`, { decider, whole })]);
  }
  const { tests } = counted;
  if (tests !== undefined && tests.candidate < tests.base) {
    const said = `check "${asked.check.id}" says that ${tests.candidate} tests of the base passed; on the base it says ${tests.base}`;
    return judged([failsOf(said, { decider: decider === 'asked' ? 'person' : decider })]);
  }
  if (!known.canFail) return judged([]);
  const again = await checkout.withReports({ ...asked, id: `${asked.id}-must-fail` }, checkout.files, (_, exitCode) => ({
    status: exitCode === 0 ? 'fail' : 'pass',
  }));
  const said = `check "${asked.check.id}" passes with tests that must fail: assertions assert nothing, or its end is forged`;
  return judged(again.result.exit_code === 0 ? [failsOf(said, { decider: 'builder' })] : [], again.result);
}

/** Where no test is changed, the check itself has run just these. */
async function asItIs({ context, checkout, changed, asked }: Candidate): Promise<Pick<RanCheck, 'result' | 'log'>> {
  const { session, attempt } = context;
  const evidence = FILES.log(attempt, asked.check.id);
  const ran = changed.length > 0 ? undefined : await session.stores.dossier.read(session.facts.threadId, evidence);
  if (ran === undefined) {
    const alone = await checkout.plainly(asked);
    // A test of the base may say that each module has a test.
    return alone.result.status !== 'pass' && (await checkout.putNewTests()) ? checkout.plainly(asked) : alone;
  }
  return { result: { id: asked.id, status: 'pass', exit_code: 0, duration_ms: 0, evidence }, log: ran.bytes.toString('utf8') };
}

/** A failure that was meant is told, and does not fail the review: a person waives it or not. */
function resultWith(result: CheckResult, findings: readonly Finding[]): CheckResult {
  if (findings.length === 0) return result;
  return { ...result, status: findings.some(isBlocking) ? 'fail' : 'skipped' };
}

const DECIDED = {
  builder: {},
  person: { severity: 'major', needsWaiver: true },
  asked: { severity: 'minor' },
} as const satisfies Record<Decider, object>;

function failsOf(said: string, { path, decider, whole }: { path?: string | undefined; decider: Decider; whole?: string }): Finding {
  const where = { ...(path === undefined ? {} : { path }), ...(whole === undefined ? {} : { whole }) };
  return finding('base-tests', 'BASE_TEST_FAILS', said, { ...where, ...DECIDED[decider] });
}
