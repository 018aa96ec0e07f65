/** When an agent gets nowhere: what counts, what does not, and how the answer escalates. */
import { describe, expect, test } from 'vitest';
import { configSchema } from '../../domain/config.ts';
import { type Answered, type Called, lastChance, NO_WARNING, type Progress, progressAfter } from '../../domain/progress.ts';

const LIMIT = configSchema.parse({ version: 1 }).limits.idleAnswers;

const of = (...calls: readonly Called[]): Answered => ({ calls, idleLimit: LIMIT });
const looked = (name: string, input: unknown, result: string, before = 'tree-0'): Called => ({
  name,
  arguments: JSON.stringify(input),
  outcome: 'ok',
  result,
  before,
});
const read = (path: string, text = `text of ${path}`, tree?: string): Answered => of(looked('read_file', { path }, text, tree));
const edit = (before: string, after: string, content = after): Answered =>
  of({ ...looked('write_file', { path: 'a', content }, 'wrote a', before), after });
const failedEdit = (old_text: string): Answered =>
  of({ ...looked('edit_file', { path: 'a', old_text, new_text: 'x' }, '{"error":"a: old_text occurs 0 times"}'), outcome: 'error' });
const ran = (argv: readonly string[], stdout: string, more: { code?: number; before?: string; after?: string } = {}): Answered => {
  const result = JSON.stringify({ exit_code: more.code ?? 0, stdout, stderr: '', truncated: false });
  const before = more.before ?? 'tree-0';
  return of({ ...looked('run_command', { argv }, result, before), after: more.after ?? before });
};
const TEST = ['npm', 'test'];
const series = <Item>(count: number, make: (index: number) => Item): Item[] => Array.from({ length: count }, (_none, index) => make(index));

/** The verdicts of a series of answers: `.` goes on, else the step. */
function play(answers: readonly Answered[], from: Progress = NO_WARNING): string {
  let progress = from;
  return answers
    .map((answered) => {
      const after = progressAfter(progress, answered);
      progress = after.progress;
      return after.verdict.kind === 'on' ? '.' : String(after.verdict.step);
    })
    .join('');
}

describe('the same call with the same result', () => {
  test('is told the third time, then lean, then stopped', () => {
    expect(play(series(5, () => read('a')))).toBe('..123');
    expect(play(series(5, (index) => of(looked('read_file', { path: index % 2 === 0 ? 'a' : './a' }, 'text'))))).toBe('..123');
  });

  test('of refused calls, whatever the refusal says', () => {
    const refused = (text: string): Answered => of({ ...looked('delegate', { tasks: [] }, text), outcome: 'refused' });
    expect(play(series(5, (index) => refused(`${index} of 3 are used`)))).toBe('..123');
  });

  test('of an answer with more calls than are remembered', () => {
    const many = of(...series(50, (index) => looked('read_file', { path: `f${index}` }, `text ${index}`)));
    expect(play(series(5, () => many))).toBe('..123');
  });

  test('is no loop once the file was edited in between, or was forgotten by a compaction', () => {
    expect(
      play(series(12, (index) => (index % 2 === 0 ? read('a', `text ${index}`, `t${index}`) : edit(`t${index - 1}`, `t${index + 1}`)))),
    ).toBe('.'.repeat(12));
    expect(play(series(9, (index) => ({ ...read('a'), forgot: index % 2 === 1 })))).toBe('.'.repeat(9));
  });

  test('is no loop in another order, by another agent, or further on in the file', () => {
    const pages = series(15, (index) => of(looked('read_file', { path: 'a', start_line: 1 + 100 * index }, `lines ${index}`)));
    expect(play(pages)).toBe('.'.repeat(15));
    expect(play([read('a')], NO_WARNING)).toBe('.');
  });

  test('is no loop when the call comes on another tree', () => {
    expect(play(series(9, (index) => edit(`tree-${index}`, `tree-${index + 1}`, 'same words')))).toBe('.'.repeat(9));
  });
});

describe('a command', () => {
  test('with the same output six times is told, then lean, then stopped, whatever it says about time', () => {
    const at = (index: number): Answered => ran(TEST, `3 passed (${12 + index}ms) at 09:13:${10 + index}, pid ${400 + index}`);
    expect(play(series(10, at))).toBe('.....1.2.3');
  });

  test('that only ever writes the time into the tree is the same command', () => {
    expect(play(series(10, (index) => ran(TEST, 'ok', { before: `t${index}`, after: `t${index + 1}` })))).toBe('.....1.2.3');
  });

  test('run three times because it is flaky, or polled until something is there, is no loop', () => {
    expect(play(series(3, () => ran(TEST, '1 failed', { code: 1 })))).toBe('...');
    expect(play(series(9, (index) => ran(TEST, index % 3 === 0 ? '1 failed' : '3 passed', { code: index % 3 === 0 ? 1 : 0 })))).not.toMatch(
      /[23]/,
    );
    expect(play([...series(5, () => ran(['cat', 'state'], 'waiting')), ran(['cat', 'state'], 'ready')])).toBe('......');
    expect(play([...series(9, () => ran(['cat', 'state'], 'waiting')), ran(['cat', 'state'], 'ready')])).not.toContain('3');
  });

  test('with another output is news, also where only the end differs', () => {
    const long = 'x'.repeat(5000);
    expect(play(series(20, (index) => ran(TEST, `${long}\nfailure ${index}`, { code: 1 })))).toBe('.'.repeat(20));
  });
});

describe('edits', () => {
  test('that undo each other are told, then lean, then stopped', () => {
    const there = edit('tree-A', 'tree-B', 'b');
    const back = edit('tree-B', 'tree-A', 'a');
    expect(play([there, back, there, back, there, back, there])).toBe('....123');
    const run = (tree: string): Answered => ran(TEST, `result of ${tree}`, { before: tree });
    expect(play([there, run('tree-B'), back, run('tree-A'), there, run('tree-B'), back, run('tree-A'), there])).toBe('........1');
  });

  test('taken back once on purpose are none, nor three that do not find their text', () => {
    expect(play([edit('A', 'B'), edit('B', 'A'), edit('A', 'C'), edit('C', 'D'), edit('D', 'E')])).toBe('.....');
    expect(play([failedEdit('one'), failedEdit('two'), failedEdit('three'), read('a'), edit('A', 'B')])).toBe('.....');
  });

  test('that never find their text are idle answers', () => {
    expect(play(series(17, (index) => failedEdit(`text ${index}`)))).toBe('........1...2...3');
  });
});

describe('a failure that stays the same after different edits', () => {
  const tries = (count: number, output: (index: number) => string): Answered[] =>
    series(count, (index) => [edit(`t${index}`, `t${index + 1}`), ran(TEST, output(index), { code: 1, before: `t${index + 1}` })]).flat();

  test('is told after eight, lean after twelve, stopped after sixteen', () => {
    const verdicts = play(tries(17, (index) => `1 failed (${index} ms)`));
    expect(verdicts.replaceAll('..', '-')).toBe(`${'-'.repeat(8)}.1${'-'.repeat(3)}.2${'-'.repeat(3)}.3`);
  });

  test('is honest work after two, also when it then passes, or fails in another way now and then', () => {
    expect(play([...tries(3, () => '1 failed'), edit('t3', 't4'), ran(TEST, 'ok', { before: 't4' })])).toBe('.'.repeat(8));
    expect(play(tries(30, (index) => `expected 5, got ${index % 7 === 6 ? 4 : 3}`))).toBe('.'.repeat(60));
  });
});

describe('answers without news', () => {
  test('are counted, whatever their order, also of a planner: told, then half as many each until lean and stopped', () => {
    const circle = series(19, (index) => read(`file-${index % 3}`));
    expect(play(circle)).toBe(`${'.'.repeat(10)}1...2...3`);
  });

  test('three files three times are not even told', () => {
    expect(play(series(9, (index) => read(`file-${index % 3}`)))).toBe('.........');
  });

  test('are none when something new is read, searched or listed, also when it is not there', () => {
    expect(play(series(40, (index) => read(`file-${index}`)))).toBe('.'.repeat(40));
    expect(play(series(40, (index) => of(looked('search_files', { pattern: `p${index}` }, '(no matches)'))))).toBe('.'.repeat(40));
    expect(
      play([of(looked('list_files', { path: 'empty' }, '(no files)')), of(looked('list_files', { path: 'empty' }, '(no files)'))]),
    ).toBe('..');
  });

  test('are never told with limits.idleAnswers 0', () => {
    expect(play(series(60, (index) => ({ ...read(`file-${index % 3}`), idleLimit: 0 })))).toBe('.'.repeat(60));
  });

  test('a new tree takes all warnings back, another piece of news one', () => {
    expect(play([...series(4, () => read('a')), edit('tree-0', 'tree-1'), ...series(4, () => read('b', 'text', 'tree-1'))])).toBe(
      '..12...12',
    );
    expect(play([...series(4, () => read('a')), read('b'), ...series(3, () => read('c'))])).toBe('..12...1');
    expect(play([...series(4, () => read('a')), ...series(3, () => read('c'))])).toBe('..12..2');
  });

  test('after a last chance the next stretch without news is the end', () => {
    const stopped = series(5, () => read('a')).reduce((progress, one) => progressAfter(progress, one).progress, NO_WARNING);
    expect(
      play(
        series(3, () => read('a')),
        lastChance(stopped),
      ),
    ).toBe('..3');
    expect(play([read('b'), ...series(3, () => read('a'))], lastChance(stopped))).toBe('...2');
  });
});

test('what is remembered is bounded, and an answer is judged the same on every replay', () => {
  let progress = NO_WARNING;
  for (let index = 0; index < 500; index += 1) {
    for (const answered of [
      edit(`tree-${index}`, `tree-${index + 1}`),
      ran([`c${index % 6}`], `failure ${index % 5}`, { code: 1, before: `tree-${index + 1}` }),
      ...series(3, (nth) => read(`f${index}-${nth}`)),
    ]) {
      const after = progressAfter(progress, answered);
      expect(progressAfter(progress, answered)).toEqual(after);
      progress = after.progress;
    }
  }
  expect(JSON.stringify(progress).length).toBeLessThan(320);
});
