/** When a finding is the same finding, and how it stands against the rounds before. */
import { describe, expect, test } from 'vitest';
import {
  criticFindings,
  earlierProblems,
  findingId,
  movedLine,
  type Round,
  standingOfCritic,
  standingOfRules,
  withUnjudged,
} from '../../domain/findings.ts';
import { type Earlier, type Finding, reviewBodySchema } from '../../domain/handoff.ts';
import { finding } from '../../nodes/review/checks/check.ts';
import { sameFailures } from '../../nodes/review/checks/verdict.ts';

const NEVER = { isSkipped: () => false };
const rules = (attempt: number, found: readonly Finding[], before?: Round, isSkipped: (one: Finding) => boolean = () => false) =>
  standingOfRules({ attempt, found, isSkipped }, before);
const states = (standing: { findings: readonly Finding[] }) => standing.findings.map(({ state, round }) => `${state} ${round}`);
const said = (message: string, path?: string, line?: number): Finding => ({
  id: findingId('C', {
    source: 'critic',
    code: 'REVIEW_REJECTED',
    path,
    anchor: line === undefined ? undefined : `line ${line}`,
    what: message,
  }),
  source: 'critic',
  severity: 'major',
  code: 'REVIEW_REJECTED',
  ...(path === undefined ? {} : { path }),
  ...(line === undefined ? {} : { line }),
  message,
});

describe('identity of what a rule found', () => {
  const check = (log: string) => finding('test', 'CHECK_FAILED', `check "test" failed\n${log}`, { whole: log });

  test.each([
    ['a stack', 'Error: no\n  at add (src/a.js:12:5)', 'Error: no\n  at add (src/a.js:99:7)'],
    ['tsc', 'src/a.ts(3,5): error TS2322: no', 'src/a.ts(31,5): error TS2322: no'],
    ['python', 'File "a.py", line 3, in add', 'File "a.py", line 30, in add'],
    ['a code frame', '> 3 |   add(1)', '> 13 |   add(1)'],
    ['a duration', 'adds (3 ms)', 'adds (41 ms)'],
  ])('%s that merely moved is the same finding, and no progress', (_name, one, other) => {
    expect(check(one).id).toBe(check(other).id);
    expect(sameFailures({ findings: [check(one)] }, { findings: [check(other)] })).toBe(true);
  });

  test.each([
    ['another file', 'Error: no\n  at add (src/a.js:12:5)', 'Error: no\n  at add (src/b.js:12:5)'],
    ['another value', 'expected 3 to be 4', 'expected 5 to be 4'],
    ['a compared line number', 'expected line 3, got line 4', 'expected line 3, got line 5'],
    ['another port', 'connect http://db.local:5432 failed', 'connect http://db.local:5433 failed'],
    ['another error', 'src/a.ts(3,5): error TS2322', 'src/a.ts(3,5): error TS2345'],
  ])('%s is another finding, and progress', (_name, one, other) => {
    expect(check(one).id).not.toBe(check(other).id);
    expect(sameFailures({ findings: [check(one)] }, { findings: [check(other)] })).toBe(false);
  });

  test('at a line the text of the line counts, not its number: the same words at another place are another finding', () => {
    const at = (line: number, anchor: string) => finding('secrets', 'SECRET_FOUND', 'key: AKIA****', { path: 'a.js', line, anchor });
    const first = at(3, 'const key = one;');
    expect(at(40, '  const key = one;').id).toBe(first.id);
    expect(at(3, 'const key = other;').id).not.toBe(first.id);
    expect(sameFailures({ findings: [first] }, { findings: [at(9, 'const key = one;')] })).toBe(true);
    expect(sameFailures({ findings: [first] }, { findings: [at(3, 'const key = other;')] })).toBe(false);
    expect(finding('scope', 'OUT_OF_SCOPE', 'no', { path: 'a' }).id).not.toBe(finding('scope', 'OUT_OF_SCOPE', 'no', { path: 'b' }).id);
  });

  test('two alike in one review are two', () => {
    const one = finding('secrets', 'SECRET_FOUND', 'key', { path: 'a.js', line: 1, anchor: 'x' });
    expect(rules(1, [one, { ...one, line: 2 }]).findings.map(({ id }) => id)).toEqual([one.id, `${one.id}-2`]);
  });
});

describe('rounds of the rules', () => {
  const scope = (path: string) => finding('scope', 'OUT_OF_SCOPE', `no plan item allows ${path}`, { path });
  const check = (log: string) => finding('test', 'CHECK_FAILED', `check "test" failed with exit code 1\n${log}`, { whole: log });

  test('new, still open, red in another way, mended, and back again', () => {
    const first = rules(1, [scope('a'), check('one fails')]);
    expect(states(first)).toEqual(['new 1', 'new 1']);
    const second = rules(2, [scope('a'), check('two fails')], { attempt: 1, review: first });
    expect(states(second)).toEqual(['open 1', 'changed 1']);
    expect(second.earlier).toEqual([]);
    const third = rules(3, [check('two fails')], { attempt: 2, review: second });
    expect(states(third)).toEqual(['open 1']);
    expect(third.earlier).toEqual([
      {
        finding_id: scope('a').id,
        verdict: 'mended',
        reason: 'the rule no longer finds it',
        round: 3,
        source: 'scope',
        path: 'a',
        message: 'no plan item allows a',
      },
    ]);
    const fourth = rules(4, [scope('a')], { attempt: 3, review: third });
    expect(states(fourth)).toEqual(['back 4']);
    expect(fourth.earlier.map((one) => `${one.source} ${one.verdict} ${one.round}`)).toEqual(['test mended 4']);
  });

  test('what could not be looked for again is neither mended nor new; what could is mended', () => {
    const first = rules(1, [check('one fails'), scope('a')]);
    const untrusted = finding('secrets', 'SECRET_FOUND', 'key', { path: 'b', line: 1, anchor: 'x' });
    const second = rules(2, [untrusted], { attempt: 1, review: first }, (one) => one.source === 'test');
    expect(second.findings.map((one) => `${one.source} ${one.state} ${one.round}`)).toEqual(['secrets new 2', 'test unjudged 1']);
    expect(second.earlier.map((one) => one.source)).toEqual(['scope']);
  });

  test('a review of an earlier version has no rounds: they are counted from it', () => {
    const { round: _round, state: _state, ...old } = { ...scope('a'), round: undefined, state: undefined };
    expect(states(rules(5, [scope('a')], { attempt: 4, review: { findings: [old] } }))).toEqual(['open 4']);
  });

  test('at a line there is no other way to be red: other words there are another finding', () => {
    const at = (anchor: string) => finding('secrets', 'SECRET_FOUND', 'key: AKIA****', { path: 'a.js', line: 3, anchor });
    const second = rules(2, [at('other')], { attempt: 1, review: rules(1, [at('one')]) });
    expect(states(second)).toEqual(['new 2']);
    expect(second.earlier).toHaveLength(1);
  });
});

describe('rounds of the critic', () => {
  const EMPTY = { findings: [], earlier: [] };
  const judge = (attempt: number, found: readonly Finding[], given: readonly Earlier[], before?: Round) =>
    standingOfCritic({ attempt, found, given, known: criticFindings(before) }, rules(attempt, [], before), before);
  const as = (one: Finding, verdict: Earlier['verdict']): Earlier => ({ finding_id: one.id, verdict, reason: `it is ${verdict}` });

  test('open keeps its id, mended and withdrawn are closed, and what is told again word for word is open', () => {
    const [one, two, three] = [said('no null', 'a.js', 3), said('no test'), said('slow')];
    const first = judge(1, [one, two, three], []);
    expect(states(first)).toEqual(['new 1', 'new 1', 'new 1']);
    const second = judge(2, [three], [as(one, 'open'), as(two, 'withdrawn'), as(three, 'mended')], { attempt: 1, review: first });
    expect(second.findings.map((each) => `${each.id === one.id ? 'one' : 'three'} ${each.state} ${each.round}`)).toEqual([
      'one open 1',
      'three open 1',
    ]);
    expect(second.earlier.map((each) => `${each.finding_id === one.id ? 'one' : 'two'} ${each.verdict}: ${each.reason}`)).toEqual([
      'one open: it is open',
      'two withdrawn: it is withdrawn',
    ]);
    const third = judge(3, [two], [as(one, 'mended'), as(three, 'mended')], { attempt: 2, review: second });
    expect(states(third)).toEqual(['back 3']);
    expect(third.earlier.map((each) => each.verdict)).toEqual(['mended', 'mended']);
  });

  test('reworded and moved but judged open it is the same finding, and no progress; the same words elsewhere are another', () => {
    const one = said('no null', 'a.js', 3);
    const before = { attempt: 1, review: judge(1, [one], []) };
    const open = judge(2, [], [as(one, 'open')], before);
    expect(sameFailures(before.review, open)).toBe(true);
    const elsewhere = judge(2, [said('no null', 'b.js', 3)], [as(one, 'mended')], before);
    expect(sameFailures(before.review, elsewhere)).toBe(false);
    expect(states(elsewhere)).toEqual(['new 2']);
    const lower = judge(2, [said('no null', 'a.js', 40)], [as(one, 'mended')], before);
    expect(sameFailures(before.review, lower)).toBe(false);
  });

  test('where the rules come first its findings wait, unjudged, and are judged later', () => {
    const one = said('no null');
    const before = { attempt: 1, review: judge(1, [one], []) };
    const red = reviewBodySchema.parse({
      base: 'b',
      commit: 'c',
      tree: 't',
      verdict: 'rework',
      checks: [],
      red_lines: [],
      ...rules(2, [finding('test', 'CHECK_FAILED', 'red')], before),
      critic: { called: false, verdict: null },
    });
    const waiting = withUnjudged(red, before);
    expect(waiting.findings.map((each) => `${each.source} ${each.state} ${each.round}`)).toEqual(['test new 2', 'critic unjudged 1']);
    const third = judge(3, [], [as(one, 'mended')], { attempt: 2, review: waiting });
    expect(third.findings).toEqual([]);
    expect(third.earlier.map((each) => `${each.source} ${each.verdict}`)).toEqual(['test mended', 'critic mended']);
  });

  test('a serious one without a judgement is named, as is one that is unknown, or judged twice; a minor one may be left out', () => {
    const [serious, minor] = [said('no null'), { ...said('taste'), severity: 'minor' as const }];
    expect(earlierProblems([serious, minor], [])).toEqual([
      `earlier: ${serious.id} must be judged too: each as mended, open or withdrawn, with a reason`,
    ]);
    expect(earlierProblems([serious, minor], [as(serious, 'withdrawn')])).toEqual([]);
    expect(earlierProblems([serious], [as(serious, 'open'), as(serious, 'mended')])).toEqual([
      `earlier: ${serious.id} is judged twice; judge it once`,
    ]);
    expect(earlierProblems([], [as(serious, 'open')])[0]).toContain(`${serious.id} is no earlier finding of yours (there are none)`);
    expect(states(standingOfCritic({ attempt: 2, found: [], given: [], known: [minor] }, EMPTY, undefined))).toEqual([
      'unjudged undefined',
    ]);
  });

  test('closed findings are kept in bounds, the newest', () => {
    const many = Array.from({ length: 150 }, (_none, index) => finding('scope', 'OUT_OF_SCOPE', 'x'.repeat(900), { path: `p${index}` }));
    const second = standingOfRules({ attempt: 2, found: [], ...NEVER }, { attempt: 1, review: { findings: many } });
    expect(second.earlier).toHaveLength(100);
    expect(second.earlier.at(-1)).toMatchObject({ path: 'p149', message: 'x'.repeat(300) });
  });
});

test('a line is found again where its text stands now, the nearest; one that is gone is not guessed', () => {
  const before = 'one\n  two\nthree\n';
  expect(movedLine(before, 'new\nnew\none\ntwo\nthree\n', 2)).toBe(4);
  expect(movedLine(before, 'two\n\n\n  two\ntwo\n', 2)).toBe(1);
  expect(movedLine(before, 'one\n2\nthree\n', 2)).toBeUndefined();
});

test('thousands of findings are told from those before, each by itself', () => {
  const many = (from: number): Finding[] =>
    Array.from({ length: 5000 }, (_none, index) =>
      finding('deny', 'PATH_DENIED', `word${'x'.repeat(from + index)}`.slice(-200), { path: `${from + index}` }),
    );
  const before = { attempt: 1, review: { findings: many(0), earlier: [] } };
  const standing = rules(2, many(2500), before);
  const count = (state: string): number => standing.findings.filter((one) => one.state === state).length;
  expect([count('open'), count('new'), standing.earlier.length]).toEqual([2500, 2500, 100]);
});
