import { expect, test } from 'vitest';
import { clipped, liveTree, treeLines } from '../../cli/tree.ts';
import type { AuditRecord } from '../../domain/audit.ts';

const record = (seq: number, action: string, more: Partial<AuditRecord> = {}): AuditRecord => ({
  seq,
  number: seq,
  threadId: 't',
  actor: 'governor',
  action,
  at: new Date(seq * 1000).toISOString(),
  previous: '',
  hash: '',
  ...more,
});

test('the tree shows each stage and attempt with its state, what runs now, and the cost', () => {
  const stage = { stage: 'build', attempt: 1 };
  const lines = treeLines(
    [
      record(1, 'stage-start', { stage: 'plan', attempt: 1 }),
      record(2, 'stage-end', { stage: 'plan', attempt: 1 }),
      record(3, 'model-call', { ...stage, facts: { model: 'm' } }),
      record(4, 'model-answer', { ...stage, facts: { costMicroUsd: 1500 } }),
      record(5, 'tool-call', { ...stage, facts: { tool: 'write_file', path: JSON.stringify('a\u001b[2J.js') } }),
    ],
    6000,
  );
  expect(lines[0]).toMatch(/^\+ plan 1 +1\.0 s$/);
  expect(lines[1]).toContain('> build 1');
  expect(lines[1]).toContain('1 call(s) $0.0015');
  expect(lines[2]).toBe('    > write_file a\\u{1b}[2J.js');
  expect(lines.join('\n')).not.toContain('\u001b');
});

test('the end of what an agent writes and its newest calls stand under it, masked of what a terminal would do', () => {
  const build = { stage: 'build', attempt: 1, actor: 'agent:lead' };
  const records = [
    record(1, 'model-call', { ...build, facts: { model: 'm', role: 'lead', agent: 'lead' } }),
    record(2, 'tool-call', { ...build, facts: { tool: 'read_file', path: '"old.js"' } }),
    record(3, 'tool-call', { ...build, facts: { tool: 'run_command', argv: '["npm","test"]' } }),
    record(4, 'tool-call', { ...build, facts: { tool: 'write_file', path: '"src/very' } }),
    record(5, 'tool-refused', { ...build, facts: { tool: 'write_file' } }),
  ];
  const writing = new Map([['build', 'First.\n\nI add\t\u001b[2J  the sum\nand its test\n']]);
  expect(treeLines(records, 6000, writing)).toEqual([
    expect.stringMatching(/^> build 1 .*asks m$/),
    '    | I add \\u{1b}[2J the sum',
    '    | and its test',
    '    > run_command npm test',
    '    > write_file "src/very (refused)',
  ]);
  // Of an agent that is done nothing more is shown.
  expect(treeLines([...records, record(6, 'stage-end', build)], 7000, writing)).toEqual([expect.stringMatching(/^\+ build 1/)]);
});

test('what sub-agents write stands under each of them', () => {
  const started = (seq: number, agent: string) =>
    record(seq, 'agent-start', { stage: 'build', attempt: 1, actor: 'agent:lead', facts: { agent, title: 'task' } });
  const lines = treeLines(
    [started(1, 'w1.1'), started(2, 'w1.2')],
    3000,
    new Map([
      ['w1.1', 'one'],
      ['w1.2', 'two'],
    ]),
  );
  expect(lines).toEqual([expect.stringContaining('w1.1'), '      | one', expect.stringContaining('w1.2'), '      | two']);
});

test('a run that ended says how, and its open stage failed', () => {
  const lines = treeLines(
    [record(1, 'stage-start', { stage: 'plan', attempt: 1 }), record(2, 'run-end', { code: 'SCRIPT_MISS', facts: { status: 'stopped' } })],
    3000,
  );
  expect(lines).toEqual([expect.stringMatching(/^x plan 1/), '= stopped SCRIPT_MISS']);
});

test('sub-agents stand side by side under their stage, with what each does and costs, and how many wait in line', () => {
  const build = { stage: 'build', attempt: 1 };
  const started = (seq: number, agent: string) =>
    record(seq, 'agent-start', { ...build, actor: 'agent:lead', facts: { agent, title: `task ${agent}` } });
  const lines = treeLines(
    [
      record(1, 'model-call', { ...build, actor: 'agent:lead', facts: { agent: 'lead', model: 'm' } }),
      record(2, 'tool-result', { ...build, actor: 'agent:lead', facts: { tool: 'delegate', outcome: 'delegated', tasks: 3 } }),
      started(3, 'w1.1'),
      started(4, 'w1.2'),
      record(5, 'model-call', { ...build, actor: 'agent:w1.1', facts: { agent: 'w1.1', model: 'm' } }),
      record(6, 'model-answer', { ...build, actor: 'agent:w1.1', facts: { agent: 'w1.1', costMicroUsd: 700 } }),
      record(7, 'tool-call', { ...build, actor: 'agent:w1.2', facts: { tool: 'read_file', path: '"a.js"' } }),
      record(8, 'stage-end', { ...build, facts: { made_by: 'agent:w1.1', file: 'parts/1/w1.1.json' } }),
    ],
    9000,
  );
  expect(lines[0]).toMatch(/^> build 1 .*1 queued/);
  expect(lines[1]).toMatch(/^\+ {3}w1\.1 task w1\.1 .*1 call\(s\) \$0\.0007/);
  expect(lines[2]).toMatch(/^> {3}w1\.2 task w1\.2 /);
  expect(lines[3]).toBe('      > read_file a.js');
});

test('a tree that is wider or higher than the terminal is clipped to it, the newest lines last', () => {
  const lines = Array.from({ length: 12 }, (_none, index) => `line ${index} ${'x'.repeat(60)}`);
  const shown = clipped(lines, { columns: 40, rows: 6 });
  expect(shown).toHaveLength(5);
  expect(shown[0]).toBe('... 8 more above');
  expect(shown.at(-1)).toMatch(/^line 11 x+$/);
  expect(Math.max(...shown.map((line) => line.length))).toBeLessThan(40);
});

test('a wide character takes two columns of what fits', () => {
  const [line = ''] = clipped(['> 漢字.js and more'], { columns: 8, rows: 5 });
  expect(line).toBe('> 漢字.');
});

test('sub-agents of sub-agents have rows of their own, queue under who started them, and what a person says is seen', () => {
  const build = { stage: 'build', attempt: 1 };
  const lines = treeLines(
    [
      record(1, 'model-call', { ...build, actor: 'agent:lead', facts: { model: 'm', role: 'lead', agent: 'lead' } }),
      record(2, 'agent-start', { ...build, actor: 'agent:lead', facts: { agent: 'w1.2', title: 'top' } }),
      record(3, 'tool-result', { ...build, actor: 'agent:w1.2', facts: { tool: 'delegate', tasks: 2 } }),
      record(4, 'agent-start', { ...build, actor: 'agent:w1.2', facts: { agent: 'w1.2.3.1', title: 'below' } }),
      record(5, 'words-told', { ...build, actor: 'local:ada', facts: { message: 'use\nintegers' } }),
    ],
    6000,
  );
  expect(lines).toEqual([
    expect.stringMatching(/^> build 1 .* local:ada says: use integers$/),
    expect.stringMatching(/^> {3}w1\.2 top .* 1 queued/),
    expect.stringMatching(/^> {3}w1\.2\.3\.1 below /),
  ]);
});

test('what an agent writes stands under its stage, and that of a role of a newer server breaks no picture', () => {
  let picture = '';
  const tree = liveTree(
    (text) => (picture = text),
    () => ({ columns: 80, rows: 24 }),
  );
  tree.add(record(1, 'stage-start', { stage: 'plan', attempt: 1 }));
  tree.hear({ role: 'planner', agent: 'planner', text: 'I read the files' });
  tree.hear({ ...JSON.parse('{ "role": "dreamer" }'), agent: 'dreamer', text: 'I dream' });
  tree.done();
  expect(picture).toContain('| I read the files');
});
