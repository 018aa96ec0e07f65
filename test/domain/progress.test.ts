/** When an agent gets nowhere: what counts, what does not, and how the answer escalates. */
import { describe, expect, test } from 'vitest';
import { NO_WARNING, type Progress, progressAfter } from '../../domain/progress.ts';

const call = (path: string, tree = 'tree-0') => ({ name: 'read_file', arguments: JSON.stringify({ path }), tree });
const read = (path: string, tree?: string) => ({ calls: [call(path, tree)], trees: [], idleLimit: 5 });
const edit = (from: string, to: string, text = to) => ({
  calls: [{ name: 'write_file', arguments: text, tree: from }],
  trees: [to],
  idleLimit: 5,
});

/** The verdicts of a series of answers: `.` goes on, else the step. */
function play(answers: readonly Parameters<typeof progressAfter>[1][], from: Progress = NO_WARNING): string {
  let progress = from;
  return answers
    .map((answered) => {
      const after = progressAfter(progress, answered);
      progress = after.progress;
      return after.verdict.kind === 'on' ? '.' : String(after.verdict.step);
    })
    .join('');
}

describe('an agent is told, then goes lean, then is stopped', () => {
  test('when it makes the same call on the same tree', () => {
    expect(play(Array.from({ length: 5 }, () => read('a')))).toBe('..123');
  });

  test('when its edits undo each other', () => {
    const there = edit('tree-A', 'tree-B', 'b');
    const back = edit('tree-B', 'tree-A', 'a');
    expect(play([there, back, there, back, there, back, there])).toMatch(/^\.{4,5}1/);
  });

  test('when five answers in a row change no file, however different they are', () => {
    expect(play(Array.from({ length: 15 }, (_none, index) => read(`file-${index}`)))).toBe('....1....2....3');
  });
});

describe('an agent goes on', () => {
  test('when the same call comes on another tree', () => {
    expect(play(Array.from({ length: 9 }, (_none, index) => edit(`tree-${index}`, `tree-${index + 1}`, 'same words')))).toBe('.........');
  });

  test('and is no longer warned once it made a tree that was not there before', () => {
    const warned = Array.from({ length: 5 }, (_none, index) => read(`file-${index}`));
    expect(play([...warned, edit('tree-0', 'tree-1'), ...warned.map((_answer, index) => read(`other-${index}`, 'tree-1'))])).toBe(
      '....1.....1',
    );
  });

  test('without any edit where nobody asks it for one (limits.idleAnswers 0, planner, critic)', () => {
    expect(play(Array.from({ length: 40 }, (_none, index) => ({ ...read(`file-${index}`), idleLimit: 0 })))).toBe('.'.repeat(40));
  });
});

test('what is remembered is bounded, and an answer is judged the same on every replay', () => {
  let progress = NO_WARNING;
  for (let index = 0; index < 2000; index += 1) {
    const answered = edit(`tree-${index}`, `tree-${index + 1}`);
    const after = progressAfter(progress, answered);
    expect(progressAfter(progress, answered)).toEqual(after);
    progress = after.progress;
  }
  expect(JSON.stringify(progress).length).toBeLessThan(320);
});
