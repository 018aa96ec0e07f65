/** The base's own tests against the candidate: each that passes on the base must pass here, by its name, whatever the change did to it. */
import { failureText, shownFailing } from '../../../domain/failing-lines.ts';
import { type Change, type CheckResult, FILES, type Finding } from '../../../domain/handoff.ts';
import { isTestFile } from '../../../domain/test-files.ts';
import type { RanCheck } from '../../checks.ts';
import { type Asked, type BaseCheckout, changedTests, inBaseCheckout } from './base/base-run.ts';
import { type Gap, gapsOf } from './base/gaps.ts';
import { type Known, testsOfBase } from './base/known-tests.ts';
import { saidTotal } from './base/said-totals.ts';
import { finding, NOTHING, type ReviewCheck, type ReviewContext } from './check.ts';
import { isUntrusted } from './commands.ts';
import { type Meant, meantBy } from './meant.ts';
import { jsonIn, usedScripts } from './test-scripts.ts';

/** Of the output in a finding, in bytes. */
const SHOWN_BYTES = 2048;
/** Names in a finding. */
const SHOWN_NAMES = 10;
/** Words of commands that run tests, or may. */
const RUNS_TESTS = /test|spec|jest|mocha|ava\b|tox|nox|check|verify|\bci\b|\bmvnw?\b|gradlew?|\brake\b|\btap\b/i;

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
  const { gaps, result } = await gapsOf(context, checkout, asked, known);
  const meant = meantBy(context.plan);
  const findings = gaps.map((gap) => told(asked, gap, isMeant(gap, changed, meant)));
  return [{ result: waivedResult({ ...result, id: asked.id }, findings), findings }];
}

function told({ check }: AskedCheck, { file, tests, hollow }: Gap, meant: boolean): Finding {
  const more = tests.length > SHOWN_NAMES ? `, and ${tests.length - SHOWN_NAMES} more` : '';
  const what = hollow
    ? 'a test that must fail passes there: its assertions assert nothing, or its results are forged'
    : file === undefined
      ? `none of the ${tests.length} tests of the base was run: something ended the process, or its reports are gone`
      : `tests of the base pass there and not on the candidate: ${tests.slice(0, SHOWN_NAMES).join(', ')}${more}`;
  const said = `${file === undefined ? '' : `${file}: `}${what} (check "${check.id}")`;
  return failsOf(said, { path: file, meant, whole: `${what}\n${tests.join('\n')}` });
}

/** What the plan names, somebody decided about: a person says whether this is what was meant. No plan means tests to be hollow. */
function isMeant({ file, hollow }: Gap, changed: readonly Change[], meant: Meant): boolean {
  const paths = changed.map((change) => change.from ?? change.path);
  const of = file === undefined || paths.includes(file) ? (file ?? []) : paths.filter((path) => isOfPackage(path, file));
  const asked = [of].flat();
  return !hollow && asked.length > 0 && asked.every((path) => paths.includes(path) && meant.asTests(path));
}

/** Go tells packages: `example.test/app/money` has the tests of `money/`. */
const isOfPackage = (path: string, told: string): boolean =>
  path.endsWith('_test.go') && `${told}/`.endsWith(`/${path.split('/').slice(0, -1).join('/')}/`.replace('//', '/'));

/** Without names: by its exit code, by the number that it says of itself, and by whether it can fail at all. */
async function byNumber(candidate: Candidate): Promise<Judged[]> {
  const { checkout, changed, asked, known } = candidate;
  const { result, log } = await asItIs(candidate);
  const paths = changed.map((change) => change.from ?? change.path);
  const meant = paths.length > 0 && paths.every(meantBy(candidate.context.plan).asTests);
  const counted = known.total === undefined ? {} : { tests: { by: 'number' as const, base: known.total, candidate: saidTotal(log) ?? 0 } };
  const judged = (findings: readonly Finding[], of = result): Judged[] => [
    { result: waivedResult({ ...of, id: asked.id, status: findings.length === 0 ? 'pass' : 'fail', ...counted }, findings), findings },
  ];
  if (result.status !== 'pass' && known.passes) {
    const said = `the base's own tests (${paths.join(', ')}) fail on the candidate`;
    const whole = `${said}\n${asked.id}\n${failureText(log)}`;
    return judged([failsOf(`${said}\n${shownFailing(log, SHOWN_BYTES)}`, { meant, whole })]);
  }
  const { tests } = counted;
  if (tests !== undefined && tests.candidate < tests.base)
    return judged([
      failsOf(`check "${asked.check.id}" says that ${tests.candidate} tests of the base passed; on the base it says ${tests.base}`, {
        meant,
      }),
    ]);
  if (!known.canFail) return judged([]);
  const again = await checkout.withReports({ ...asked, id: `${asked.id}-must-fail` }, checkout.files, (_, exitCode) => ({
    status: exitCode === 0 ? 'fail' : 'pass',
  }));
  const said = `check "${asked.check.id}" passes with tests that must fail: assertions assert nothing, or its end is forged`;
  return judged(again.result.exit_code === 0 ? [failsOf(said, { meant: false })] : [], again.result);
}

/** Where no test is changed, the check itself has run just these. */
async function asItIs({ context, checkout, changed, asked }: Candidate): Promise<Pick<RanCheck, 'result' | 'log'>> {
  const { session, attempt } = context;
  const evidence = FILES.log(attempt, asked.check.id);
  const ran = changed.length > 0 ? undefined : await session.stores.dossier.read(session.facts.threadId, evidence);
  if (ran === undefined) return checkout.plainly(asked);
  return { result: { id: asked.id, status: 'pass', exit_code: 0, duration_ms: 0, evidence }, log: ran.bytes.toString('utf8') };
}

/** A failure that was meant is told, and does not fail the review: a person waives it or not. */
const waivedResult = (result: CheckResult, findings: readonly Finding[]): CheckResult =>
  findings.length > 0 && findings.every((one) => one.needs_waiver === true) ? { ...result, status: 'skipped' } : result;

function failsOf(said: string, { path, meant, whole }: { path?: string | undefined; meant: boolean; whole?: string }): Finding {
  return finding('base-tests', 'BASE_TEST_FAILS', said, {
    ...(path === undefined ? {} : { path }),
    ...(whole === undefined ? {} : { whole }),
    ...(meant ? { severity: 'major' as const, needsWaiver: true } : {}),
  });
}
