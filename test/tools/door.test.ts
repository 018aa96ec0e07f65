/** The tool door on true stores and a true work tree: what it permits, reserves, performs and settles, and what a replay pays. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Account } from '../../domain/budget.ts';
import { StopError } from '../../domain/errors.ts';
import { onFailpoint } from '../../domain/failpoint.ts';
import type { Repository, WorkTree } from '../../domain/workspace.ts';
import type { ToolRequest } from '../../tools/door/request.ts';
import { createToolDoor } from '../../tools/door.ts';
import { trueStores } from '../models/fakes.ts';
import { makeRepo, type TestRepo } from './repo.ts';

const RUN: Account = { id: 'run', caps: { toolCalls: 10 } };

let repo: TestRepo;
let repository: Repository;
let base: string;
let workTree: WorkTree;
let stores: Awaited<ReturnType<typeof trueStores>>;

beforeEach(async () => {
  repo = makeRepo();
  repo.put('a.txt', 'a\n');
  repository = await repo.open();
  base = await repository.treeOf(repo.commit('base'));
  workTree = await repository.checkout(base, join(repo.root, 'work'));
  stores = await trueStores();
});
afterEach(() => {
  onFailpoint(undefined);
  stores.dispose();
  repo.remove();
});

const redact = (text: string): string => text.replaceAll('hunter2', '***');
const door = () => createToolDoor({ effects: stores.effects, audit: stores.audit, redact });

function request(name: string, input: unknown, more: Partial<ToolRequest> = {}): ToolRequest {
  return {
    fence: stores.fence,
    stage: 'build',
    attempt: 1,
    agent: 'lead',
    role: 'lead',
    allowed: undefined,
    parent: 'answer-1',
    ordinal: 1,
    call: { id: 'call-1', name, arguments: typeof input === 'string' ? input : JSON.stringify(input) },
    accounts: [RUN],
    context: {
      workTree,
      folder: workTree.folder,
      sandbox: repo.sandbox,
      links: [],
      scratch: [],
      commandTimeoutMs: 10_000,
      outputBytes: 10_000,
      signal: new AbortController().signal,
      redact,
      difference: async () => '',
      quickChecks: [],
    },
    handoff: async () => ({ ok: true, content: '{"accepted":true}' }),
    ...more,
  };
}

const write = (content: string, more: Partial<ToolRequest> = {}): ToolRequest => request('write_file', { path: 'a.txt', content }, more);
const text = (path = 'a.txt'): string => readFileSync(join(workTree.folder, path), 'utf8');
const contentOf = (answer: { readonly row: { readonly message: { readonly content: string } } }): string => answer.row.message.content;
const spent = async (): Promise<number> => (await stores.totals()).settled.toolCalls;

describe('permit', () => {
  test.each<[string, () => ToolRequest, string, string]>([
    ['a tool that there is not', () => request('rm_rf', {}), 'refused', 'CONTRACT_VIOLATION'],
    [
      'a tool of another role',
      () => request('write_file', { path: 'a', content: '' }, { role: 'critic' }),
      'refused',
      'CONTRACT_VIOLATION',
    ],
    ['a tool that the configuration took away', () => write('b', { allowed: ['read_file'] }), 'refused', 'CONTRACT_VIOLATION'],
    ['a delegation by a sub-agent', () => request('delegate', { tasks: [] }, { role: 'worker' }), 'refused', 'DEPTH_EXCEEDED'],
    ['a delegation where no level is left', () => request('delegate', { tasks: [] }, { depthLeft: 0 }), 'refused', 'DEPTH_EXCEEDED'],
    ['a delegation by who never delegates', () => request('delegate', { tasks: [] }, { role: 'critic' }), 'refused', 'CONTRACT_VIOLATION'],
    ['arguments that are not JSON', () => request('write_file', '{'), 'invalid', 'CONTRACT_VIOLATION'],
    ['arguments of another shape', () => request('write_file', { path: 1 }), 'invalid', 'CONTRACT_VIOLATION'],
    ['a file that the task does not name', () => write('b', { role: 'worker', writable: ['src/**'] }), 'refused', 'OUT_OF_SCOPE'],
  ])('turns away %s: on the record, at no cost, without a row', async (_title, made, outcome, code) => {
    const answer = await door().call(made());
    expect(answer.outcome).toBe(outcome);
    expect((await stores.records('tool-refused')).map((record) => record.code)).toEqual([code]);
    expect(await stores.records('tool-call')).toEqual([]);
    expect(await spent()).toBe(0);
    expect(text()).toBe('a\n');
    await expect(stores.transcripts.chain(stores.threadId, answer.row.id)).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
  });

  test.each<[string, string]>([
    ['added', '*** Add File: b.md\n+x'],
    ['deleted', '*** Delete File: src/../b.md'],
    ['changed', '*** Update File: ./b.md\n-x\n+y'],
    ['moved there', '*** Update File: a.txt\n*** Move to: b.md'],
    ['moved away', '*** Update File: b.md\n*** Move to: b.txt'],
  ])('sees every path of a patch: one that the task does not name is %s', async (_title, lines) => {
    const patch = (more: Partial<ToolRequest>): ToolRequest =>
      request('apply_patch', { input: `*** Begin Patch\n*** Update File: a.txt\n-a\n+b\n${lines}\n*** End Patch` }, more);
    expect(await door().call(patch({ role: 'worker', writable: ['*.txt'] }))).toMatchObject({ outcome: 'refused', code: 'OUT_OF_SCOPE' });
    expect(text()).toBe('a\n');
    expect(await stores.records('tool-call')).toEqual([]);
  });

  test('lets a worker patch what its task names, with the paths on the record', async () => {
    const input = '--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-a\n+b\n--- /dev/null\n+++ b/b.txt\n@@ -0,0 +1 @@\n+new\n';
    expect(await door().call(request('apply_patch', { input }, { role: 'worker', writable: ['*.txt'] }))).toMatchObject({ outcome: 'ok' });
    expect([text(), text('b.txt')]).toEqual(['b\n', 'new\n']);
    expect((await stores.records('tool-call'))[0]?.facts).toMatchObject({ tool: 'apply_patch', paths: '["a.txt","b.txt"]' });
  });

  test('lets a role use its own tool, also a sub-agent that writes what its task names', async () => {
    expect(await door().call(write('b', { role: 'worker', writable: ['*.txt'] }))).toMatchObject({ outcome: 'ok' });
    expect(text()).toBe('b');
  });

  test('lets a sub-agent delegate where a level is left', async () => {
    const tasks = [{ title: 'a', goal: 'make a' }];
    expect(await door().call(request('delegate', { tasks }, { role: 'worker', depthLeft: 1 }))).toMatchObject({
      outcome: 'delegated',
      tasks: 1,
    });
  });
});

describe('reserve', () => {
  test('refuses when no call is left, and nothing happens', async () => {
    const answer = await door().call(write('b', { accounts: [{ id: 'run', caps: { toolCalls: 0 } }] }));
    expect(answer).toMatchObject({ outcome: 'refused', code: 'STEP_LIMIT' });
    expect(text()).toBe('a\n');
  });

  test('answers a call that is recorded with its answer and its tree, and pays nothing', async () => {
    const first = await door().call(write('b'));
    await workTree.restore(base);
    const again = await door().call(write('b'));
    expect(again).toEqual(first);
    expect(text()).toBe('b');
    expect(await spent()).toBe(1);
  });

  test('gives a call that a crash broke off the tree it began with, and does it once more', async () => {
    const seen: string[] = [];
    const append = () => request('run_command', { shell: 'cat a.txt >> seen.txt; cat seen.txt' }, { ordinal: 2 });
    await door().call(write('b'));
    onFailpoint((point) => {
      if (point === 'tool:run_command:done') throw new StopError('INTERNAL', 'killed here');
    });
    await expect(door().call(append())).rejects.toMatchObject({ message: 'killed here' });
    onFailpoint((point) => seen.push(point));
    expect(JSON.parse(contentOf(await door().call(append())))).toMatchObject({ stdout: 'b' });
    expect(text('seen.txt')).toBe('b');
    expect(seen.filter((point) => point.startsWith('tool:'))).toEqual(['tool:run_command:begin', 'tool:run_command:done']);
    expect(await spent()).toBe(3);
  });

  test('begins with the tree that a merge brought, so that a crash does not take its files away', async () => {
    const one = door();
    await one.call(write('mine'));
    const mine = await workTree.snapshot();
    repo.put('from-a-sub-agent.txt', 'theirs\n');
    const merged = await repository.treeOf(repo.commit('merged'));
    await workTree.restore(merged);
    onFailpoint((point) => {
      if (point === 'tool:write_file:done') throw new StopError('INTERNAL', 'killed here');
    });
    await expect(one.call(write('after', { ordinal: 2 }))).rejects.toMatchObject({ message: 'killed here' });
    onFailpoint(undefined);
    const reopened = await repository.open(workTree.folder);
    await reopened.restore(merged);
    const made = write('after', { ordinal: 2 });
    const answer = await door().call({ ...made, context: { ...made.context, workTree: reopened } });
    expect(answer.tree).not.toBe(mine);
    expect(text('from-a-sub-agent.txt')).toBe('theirs\n');
    expect(text()).toBe('after');
  });
});

describe('a call that only looks', () => {
  const read = (more: Partial<ToolRequest> = {}): ToolRequest => request('read_file', { path: 'a.txt' }, more);

  test('is recorded with its answer and its count in one commit', async () => {
    const points: string[] = [];
    onFailpoint((point) => points.push(point));
    expect(contentOf(await door().call(read()))).toContain('a');
    expect(points.filter((point) => /:(?:before|after)$/.test(point))).toEqual(['once:tool:build:before', 'once:tool:build:after']);
    expect((await stores.actions()).filter((action) => action.startsWith('tool-'))).toEqual(['tool-call', 'tool-result']);
    expect(await spent()).toBe(1);
  });

  test('gives what was recorded, whatever the file says by now', async () => {
    const first = await door().call(read());
    await door().call(write('changed', { ordinal: 2 }));
    expect(await door().call(read())).toEqual(first);
    expect(await spent()).toBe(2);
  });

  test.each(['tool:read_file:done', 'once:tool:build:before', 'once:tool:build:inside'])(
    'that is killed at %s has cost nothing and is done again',
    async (at) => {
      onFailpoint((point) => {
        if (point === at) throw new StopError('INTERNAL', 'killed here');
      });
      await expect(door().call(read())).rejects.toMatchObject({ message: 'killed here' });
      onFailpoint(undefined);
      expect([await spent(), await stores.records('tool-call')]).toEqual([0, []]);
      expect(await door().call(read())).toMatchObject({ outcome: 'ok' });
      expect(await spent()).toBe(1);
    },
  );

  test('gives nothing away past the cap, and is given up to it', async () => {
    const accounts: readonly Account[] = [{ id: 'run', caps: { toolCalls: 1 } }];
    expect(contentOf(await door().call(read({ accounts })))).toContain('a');
    repo.put('b.txt', 'the second file');
    const answer = await door().call(read({ accounts, ordinal: 2 }));
    expect(answer).toMatchObject({ outcome: 'refused', code: 'STEP_LIMIT' });
    expect(contentOf(answer)).toContain('no tool call is left: 1 of 1 are used');
    expect(await spent()).toBe(1);
  });
});

describe('perform and settle', () => {
  test('record the call, its answer and its tree in this order, with secrets masked', async () => {
    const answer = await door().call(request('run_command', { shell: 'echo hunter2 | tee a.txt' }));
    expect(contentOf(answer)).not.toContain('hunter2');
    expect(contentOf(answer)).toContain('***');
    expect(answer.tree).toBe(await workTree.snapshot());
    expect((await stores.actions()).filter((action) => action.startsWith('tool-'))).toEqual(['tool-call', 'tool-result']);
    expect((await stores.records('tool-result'))[0]?.facts).toMatchObject({ tool: 'run_command', outcome: 'ok', tree: answer.tree });
    expect(await spent()).toBe(1);
  });

  test('tell once what is no part of the change, without its secrets; what is, and what a rule of the tree ignores, is not told', async () => {
    const made = 'echo "*.log" > .gitignore; touch a.log b.txt; git init -q sub; git init -q hunter2';
    const answer = await door().call(request('run_command', { shell: made }));
    const told = contentOf(answer).split('\n\nNot part of the change: ')[1]?.split(', ').toSorted();
    expect(told).toEqual(['"***/.git" (git data of another repository)', '"sub/.git" (git data of another repository)']);
    expect(contentOf(await door().call(write('b\n', { ordinal: 2 })))).not.toContain('Not part of the change');
  });

  test('hand a fault that the model can mend back to it', async () => {
    expect(await door().call(request('read_file', { path: 'none' }))).toMatchObject({ outcome: 'error' });
    expect(await door().call(request('read_file', { path: '../a' }, { ordinal: 2 }))).toMatchObject({
      outcome: 'refused',
      code: 'PATH_DENIED',
    });
  });

  test('book a call that ends the run as spent, and leave it to be tried again', async () => {
    const handoff = () => Promise.reject(new StopError('DISK_LIMIT', 'full'));
    const call = () => request('submit_build', { summary: 'done' }, { handoff });
    await expect(door().call(call())).rejects.toMatchObject({ code: 'DISK_LIMIT' });
    expect(await spent()).toBe(1);
    expect(await door().call({ ...call(), handoff: async () => ({ ok: true, content: 'ok' }) })).toMatchObject({ outcome: 'handed-over' });
    expect(await spent()).toBe(2);
  });

  test('tell an accepted delegation by its tasks, and leave its row to the caller', async () => {
    const tasks = [1, 2].map((n) => ({ title: `t${n}`, goal: 'g', paths: [`${n}/**`] }));
    const answer = await door().call(request('delegate', { tasks }));
    expect(answer).toMatchObject({ outcome: 'delegated', tasks: 2 });
    await expect(stores.transcripts.chain(stores.threadId, answer.row.id)).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
  });

  test('cut a long result in its middle', async () => {
    repo.put('x', 'x');
    const content = contentOf(
      await door().call(request('submit_build', { summary: 's' }, { handoff: async () => ({ ok: false, content: 'x'.repeat(100_000) }) })),
    );
    expect(content).toContain('[34464 bytes left out]');
    expect(Buffer.byteLength(content)).toBeLessThan(66_000);
  });

  test.each<[string, object]>([
    ['run_command', { argv: ['echo', 'hunter2'] }],
    ['run_command', { shell: `echo ${'x'.repeat(285)}hunter2` }],
    ['read_file', { path: 'hunter2.txt' }],
    ['hunter2', {}],
  ])('leave no secret of a call on the record, nor the half of one where it is cut: %s %j', async (name, input) => {
    await door().call(request(name, input));
    const records = JSON.stringify(await stores.audit.read({}));
    expect(records).toContain('***');
    expect(/hunt|er2/.test(records)).toBe(false);
  });

  test('leave no half of a secret where a long result is cut', async () => {
    const long = `${'x'.repeat(32 * 1024 - 4)}hunter2${'y'.repeat(50_000)}`;
    const content = contentOf(
      await door().call(request('submit_build', { summary: 's' }, { handoff: async () => ({ ok: false, content: long }) })),
    );
    expect(content.includes('bytes left out')).toBe(true);
    expect(/hunt|er2/.test(content)).toBe(false);
  });

  test('a change that the base lets nobody store is taken back and told to the agent, whoever made it; the next call goes on', async () => {
    repo.put('.gitattributes', '*.key filter=crypt\n*.txt -text\n');
    base = await repository.treeOf(repo.commit('with a filter'));
    workTree = await repository.checkout(base, join(repo.root, 'filtered'), base);
    const told = /FILE_UNSTORABLE.*a\.key.*filter=crypt.*keep this file out of the change.*taken back/;
    const written = await door().call(request('write_file', { path: 'a.key', content: 'x' }));
    expect(written).toMatchObject({ outcome: 'refused', code: 'FILE_UNSTORABLE', tree: base });
    expect(contentOf(written)).toMatch(told);
    const ran = await door().call(request('run_command', { argv: ['sh', '-c', 'echo x > a.key; echo x > a.txt'] }, { ordinal: 2 }));
    expect(contentOf(ran)).toMatch(told);
    expect(text()).toBe('a\n');
    const next = await door().call(write('b\n', { ordinal: 3 }));
    expect(next.outcome).toBe('ok');
    expect(repo.git('diff-tree', '--name-only', base, next.tree ?? '')).toBe('a.txt');
  });

  test('what a person must mend ends the run: content of LFS without git lfs', async () => {
    const path = process.env['PATH'];
    const bin = join(repo.root, 'without-lfs');
    mkdirSync(bin);
    writeFileSync(join(bin, 'git-lfs'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    repo.put('.gitattributes', '*.bin filter=lfs -text\n');
    base = await repository.treeOf(repo.commit('with LFS'));
    workTree = await repository.checkout(base, join(repo.root, 'filtered'), base);
    process.env['PATH'] = `${bin}:${path}`;
    try {
      const call = door().call(request('write_file', { path: 'a.bin', content: 'x' }));
      await expect(call).rejects.toMatchObject({ code: 'FILE_UNSTORABLE', message: expect.stringContaining('install git-lfs') });
    } finally {
      process.env['PATH'] = path;
    }
  });
});
