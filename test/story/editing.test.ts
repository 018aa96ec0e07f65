/** A whole run that edits files of several encodings, and reads at once what it broke; what is released is right to the byte. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { approve, makeWorld, planReply, type Reply, start, submit, tool, type World } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

const KEY = 'AKIAQ3EGRM5XLT2ZVN7P'; // the shape of a key, not one
const lead = (call: number, name: string, input: unknown): Reply => tool('lead', 1, call, name, input);

/** What the tools answered, by the agent's calls in order. */
function answers(of: World): { tool: string; content: string }[] {
  const database = new Database(join(of.home, 'governor.sqlite'), { readonly: true });
  const rows = database.prepare<[], { message: string }>('SELECT message FROM transcripts').all();
  database.close();
  return rows
    .map(({ message }) => JSON.parse(message) as { role: string; toolName: string; content: string }) // our own rows
    .filter(({ role }) => role === 'tool')
    .map(({ toolName, content }) => ({ tool: toolName, content }));
}

const ofTool = (of: World, name: string): string[] =>
  answers(of)
    .filter((answer) => answer.tool === name)
    .map((answer) => answer.content);

test('edits keep encodings and endings, a masked secret is not written back, and lead and critic see the difference', async () => {
  const replies = [
    planReply(1, ['**']),
    lead(1, 'edit_file', { path: 'latin.txt', old_text: 'tea\nmilk', new_text: 'thé\nmilk' }),
    lead(2, 'write_file', { path: 'keys.js', content: "export const key = '[REDACTED]';\nexport const size = 2;\n" }),
    lead(3, 'edit_file', { path: 'keys.js', old_text: 'size = 1', new_text: 'size = 2' }),
    lead(4, 'apply_patch', {
      input:
        '*** Begin Patch\n*** Update File: wide.txt\n@@\n-old\n+new ☃\n*** Update File: src/sum.js\n@@\n-export const sum = (a, b) => a + b;\n+export const sum = (a, b) => a +;\n*** End Patch',
    }),
    lead(5, 'edit_file', {
      path: 'src/sum.js',
      edits: [
        { old_text: 'a +;', new_text: 'a + b;' },
        { old_text: '(a, b)', new_text: '(a, b = 0)' },
      ],
    }),
    lead(6, 'diff', {}),
    submit(1, 7),
    tool('critic', 1, 1, 'diff', { path: 'src' }),
    tool('critic', 1, 2, 'submit_review', { verdict: 'pass', findings: [] }),
  ];
  const checks = [{ id: 'test', run: ['node', '--test'], timeout: '1m', onEdit: { run: ['node', '--check', 'src/sum.js'] } }];
  world = makeWorld({ config: { checks }, replies });
  writeFileSync(join(world.repo, 'latin.txt'), Buffer.from('caf\xe9\r\ntea\r\nmilk\r\n', 'latin1'));
  writeFileSync(join(world.repo, 'wide.txt'), Buffer.from('\ufeffä\r\nold\r\n', 'utf16le'));
  writeFileSync(join(world.repo, 'keys.js'), `export const key = '${KEY}';\nexport const size = 1;\n`);
  world.git('add', '-A');
  world.git('commit', '-q', '-m', 'files of several kinds');
  const operations = await world.open();
  const result = await start(world, operations, 'Change the files');
  expect(result).toMatchObject({ status: 'waiting', reason: null });

  expect(ofTool(world, 'write_file')).toEqual([expect.stringContaining('keys.js: line 1 would put [REDACTED] where a secret stands')]);
  expect(ofTool(world, 'apply_patch')).toEqual([
    expect.stringMatching(
      /^patched\nchanged wide\.txt\nchanged src\/sum\.js\n\nThe edit stands\. The quick check "test" \(node --check src\/sum\.js\) ended/,
    ),
  ]);
  expect(ofTool(world, 'edit_file').toSorted()).toEqual(['edited keys.js', 'edited latin.txt', 'edited src/sum.js, 2 edits']);
  const [one = '', other = ''] = ofTool(world, 'diff').toSorted((a, b) => b.length - a.length);
  expect(one).toContain('-tea');
  expect(one).toContain('+thé');
  expect(one).not.toContain(KEY);
  expect(other).toContain('+export const sum = (a, b = 0) => a + b;');
  expect(other).not.toContain('thé');

  const gate = await operations.gate(result.thread_id);
  expect(gate?.diff).toContain('+thé');
  expect(await approve(operations, result.thread_id)).toMatchObject({ status: 'released' });
  const released = (path: string): Buffer => Buffer.from(world?.git('show', `main:${path}`, '--') ?? '', 'utf8');
  expect(released('keys.js').toString()).toBe(`export const key = '${KEY}';\nexport const size = 2;`);
  const oid = (path: string): string => world?.git('rev-parse', `main:${path}`) ?? '';
  const hash = (bytes: Buffer): string => {
    writeFileSync(join(world?.folder ?? '', 'expected'), bytes);
    return world?.git('hash-object', '--no-filters', join(world.folder, 'expected')) ?? '';
  };
  expect(oid('latin.txt')).toBe(hash(Buffer.from('caf\xe9\r\nth\xe9\r\nmilk\r\n', 'latin1')));
  expect(oid('wide.txt')).toBe(hash(Buffer.from('\ufeffä\r\nnew ☃\r\n', 'utf16le')));
});

test('the diff tool shows no line of a key that a change stands beside, and every other line as it is', async () => {
  const body = Array.from({ length: 12 }, (_none, index) => `${'Qw83nnfTzX17sUeJk'.repeat(3)}${index}`);
  const pem = ['-----BEGIN PRIVATE KEY-----', ...body, '-----END PRIVATE KEY-----'].join('\n');
  const plain = Array.from({ length: 12 }, (_none, index) => `line ${index}`).join('\n');
  world = makeWorld({
    files: { 'key.txt': `${pem}\nold\n`, 'plain.txt': `${plain}\nold\n` },
    replies: [
      planReply(1, ['**']),
      lead(1, 'edit_file', { path: 'key.txt', old_text: 'old', new_text: 'new' }),
      lead(2, 'edit_file', { path: 'plain.txt', old_text: 'old', new_text: 'new' }),
      lead(3, 'diff', {}),
      submit(1, 4),
      tool('critic', 1, 1, 'submit_review', { verdict: 'pass', findings: [] }),
    ],
  });
  const operations = await world.open();
  expect(await start(world, operations, 'Change the files')).toMatchObject({ reason: null });
  const [shown = ''] = ofTool(world, 'diff');
  expect(shown).toContain('+new');
  for (const line of body) expect(shown).not.toContain(line);
  expect(shown).toContain(' line 11\n-old\n+new');
  await operations.close();
});
