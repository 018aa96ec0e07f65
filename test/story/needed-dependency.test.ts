/** A builder that needs a dependency: the declared setup installs it, the network sees nothing that an agent wrote but manifests. */
import { afterEach, expect, test } from 'vitest';
import { endpointConfig, openEndpoint, startOver } from './endpoint.ts';
import { approve, critic, makeWorld, planReply, type Reply, start, submit, tool, type World, write } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

/** A package manager of two small programs, and its registry. Both say what they saw of the builder's own files. */
const files = {
  'registry/pad/index.js': "export const pad = (text, length) => text.padStart(length, '.');\n",
  'registry/pad/package.json': '{ "name": "pad", "version": "1.2.0", "type": "module", "exports": "./index.js" }\n',
  'tools/lock.mjs': `import { existsSync, readFileSync, writeFileSync } from 'node:fs';
const names = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).dependencies ?? {});
for (const name of names) if (!existsSync('registry/' + name)) { console.error('404 Not Found: ' + name); process.exit(1); }
writeFileSync('package-lock.json', JSON.stringify({ names, saw: existsSync('src/pad.js'), by: 'base' }) + '\\n');
writeFileSync('src/sum.js', 'stolen\\n');
`,
  'tools/install.mjs': `import { cpSync, mkdirSync, readFileSync } from 'node:fs';
mkdirSync('node_modules', { recursive: true });
for (const name of JSON.parse(readFileSync('package-lock.json', 'utf8')).names) cpSync('registry/' + name, 'node_modules/' + name, { recursive: true });
`,
  'package-lock.json': '{ "names": [] }\n',
};
const install = { run: ['node', 'tools/install.mjs'], network: true, inputs: ['package.json', 'package-lock.json'] };
const update = { ...install, update: ['node', 'tools/lock.mjs'] };
const config = {
  workspace: { setup: [update] },
  release: { branch: 'main', verify: ['node', '--test'] },
};
const PATHS = ['package.json', 'package-lock.json', 'src/**', 'test/**'];
const manifest = (name: string): string =>
  `{ "name": "sums", "type": "module", "scripts": { "test": "node --test" }, "dependencies": { "${name}": "1" } }\n`;
const needs = (call: number, name = 'pad'): Reply =>
  tool('lead', 1, call, 'submit_build', {
    status: 'needs_dependency',
    summary: 'columns are to be padded',
    dependencies: [{ name, manager: 'npm', why: 'pads text' }],
  });
const PAD = "import { pad } from 'pad';\nexport const column = (text) => pad(text, 8);\n";
const PAD_TEST =
  "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\nimport { column } from '../src/pad.js';\n\ntest('pads', () => assert.equal(column('a'), '.......a'));\n";
const code = (from: number): Reply[] => [
  write(1, from, 'src/pad.js', PAD),
  write(1, from + 1, 'test/pad.test.js', PAD_TEST),
  tool('lead', 1, from + 2, 'run_command', { argv: ['node', '--test'] }),
];

test('the dependency is installed for the builder, the review and the verification; its lock file is the runtime’s', async () => {
  const endpoint = await openEndpoint([
    planReply(1, ['**']),
    write(1, 1, 'package.json', manifest('pad')),
    // Not for the programs that may use the network.
    write(1, 2, 'tools/lock.mjs', "throw new Error('the builder’s own');\n"),
    write(1, 3, 'src/pad.js', 'secret plans\n'),
    needs(4),
    write(1, 5, 'tools/lock.mjs', files['tools/lock.mjs']),
    ...code(6),
    submit(1, 9),
    critic(1),
  ]);
  try {
    world = makeWorld({ files, config: { ...endpointConfig(endpoint.baseUrl), ...config } });
    const operations = await world.open();
    const waiting = await startOver(world, operations);
    expect(waiting).toMatchObject({ reason: null, waiting: { gate: 'release' }, attempt: 1 });
    const heard = (call: string) =>
      JSON.stringify(endpoint.seen.find((one) => one.role === 'lead' && one.headers['x-governor-call'] === call)?.body.messages);
    expect(heard('5')).toContain('Installed by the declared setup: pad');
    expect(heard('9')).toMatch(/exit_code\\*":0/);
    const build = world.dossier(waiting.thread_id, '20-build.1.json') as { body: { changes: { path: string }[]; installed: string } }; // our own file
    expect(build.body.changes.map((change) => change.path)).toEqual([
      'package-lock.json',
      'package.json',
      'src/pad.js',
      'test/pad.test.js',
    ]);
    expect(build.body.installed).toMatch(/^[0-9a-f]{40}/);
    const actions = (await operations.audit(waiting.thread_id)).map((record) => record.action);
    expect(actions.filter((action) => action.startsWith('setup-'))).toEqual([
      'setup-egress', // of the base
      'setup-start',
      'setup-egress', // the lock file, and what it asks for
      'setup-egress',
      'setup-end',
    ]);
    const released = await approve(operations, waiting.thread_id);
    expect(released).toMatchObject({ status: 'released', reason: null });
    expect(JSON.parse(world.git('show', 'main:package-lock.json'))).toEqual({ names: ['pad'], saw: false, by: 'base' });
    expect(world.git('show', 'main:src/sum.js')).toContain('a + b');
    await operations.close();
  } finally {
    await endpoint.close();
  }
});

test('where no setup declares it the run stops BUILDER_BLOCKED and says what to declare; with words it goes on without', async () => {
  const replies = [planReply(1, PATHS), write(1, 1, 'package.json', manifest('pad')), needs(2)];
  const without = [
    tool('lead', 1, 3, 'write_file', {
      path: 'package.json',
      content: '{ "name": "sums", "type": "module", "scripts": { "test": "node --test" } }\n',
    }),
    write(1, 4, 'src/pad.js', "export const column = (text) => text.padStart(8, '.');\n"),
    write(1, 5, 'test/pad.test.js', PAD_TEST),
    submit(1, 6),
    critic(1),
  ];
  world = makeWorld({ files, config: { ...config, workspace: { setup: [install] } }, replies: [...replies, ...without] });
  const operations = await world.open();
  const stopped = await start(world, operations);
  expect(stopped.reason).toMatchObject({ code: 'BUILDER_BLOCKED', resumable: true });
  for (const word of [
    'pad (npm): pads text',
    'workspace.setup',
    'update: [npm, install, --package-lock-only',
    'inputs: [package.json, package-lock.json]',
  ])
    expect(stopped.reason?.message).toContain(word);
  const waiting = await operations.resume(stopped.thread_id, { words: { comment: 'use padStart', model: '' } });
  expect(waiting).toMatchObject({ reason: null, waiting: { gate: 'release' } });
  await operations.close();
});

test('a setup that fails is told with its output, and the builder goes on', async () => {
  const endpoint = await openEndpoint([
    planReply(1, PATHS),
    write(1, 1, 'package.json', manifest('pda')),
    needs(2, 'pda'),
    write(1, 3, 'package.json', manifest('pad')),
    needs(4),
    ...code(5),
    submit(1, 8),
    critic(1),
  ]);
  try {
    world = makeWorld({ files, config: { ...endpointConfig(endpoint.baseUrl), ...config } });
    const operations = await world.open();
    expect(await startOver(world, operations)).toMatchObject({ reason: null, waiting: { gate: 'release' } });
    await operations.close();
    const heard = endpoint.seen.find((one) => one.role === 'lead' && one.headers['x-governor-call'] === '3');
    expect(JSON.stringify(heard?.body.messages)).toContain('404 Not Found: pda');
  } finally {
    await endpoint.close();
  }
});

test('a manifest that is not written, a lock file that is not planned, and the third request are told at once', async () => {
  world = makeWorld({
    files,
    config,
    replies: [
      planReply(1, ['package.json', 'src/**', 'test/**']),
      needs(1),
      write(1, 2, 'package.json', manifest('pad')),
      needs(3),
      tool('lead', 1, 4, 'submit_build', { status: 'needs_paths', summary: 'the lock file', paths: ['package-lock.json'] }),
      planReply(2, PATHS),
      ...[
        needs(1),
        needs(2),
        write(1, 3, 'package.json', manifest('pda')),
        needs(4, 'pda'),
        write(1, 5, 'package.json', manifest('pad')),
        needs(6),
        ...code(7),
        submit(1, 10),
        critic(1),
      ].map((reply) => ({
        ...reply,
        ...(reply.role === 'lead' ? { attempt: 2 } : {}),
      })),
    ],
  });
  const operations = await world.open();
  const waiting = await start(world, operations);
  expect(waiting).toMatchObject({ reason: null, waiting: { gate: 'release' }, attempt: 2 });
  const told = (await operations.audit(waiting.thread_id)).filter(
    (record) =>
      record.stage === 'build' &&
      ['setup-end', 'tool-refused', 'tool-result'].includes(record.action) &&
      record.facts?.['tool'] !== 'write_file',
  );
  expect(
    told.map(
      (record) => `${record.attempt} ${record.action} ${String(record.code ?? record.facts?.['outcome'] ?? record.facts?.['installed'])}`,
    ),
  ).toEqual([
    // Neither the lock file that the setup will write is planned, nor is the manifest changed.
    '1 tool-refused OUT_OF_SCOPE',
    '1 tool-refused OUT_OF_SCOPE',
    '1 tool-result handed-over',
    '2 tool-result handed-over',
    '2 setup-end true',
    '2 tool-result invalid',
    '2 tool-result handed-over',
    '2 setup-end false',
    '2 tool-refused CONTRACT_VIOLATION',
    '2 tool-result ok',
    '2 tool-result handed-over',
  ]);
  await operations.close();
});

test('a lock file that the setup did not write is refused at the hand-over; put back, or asked for, it is not', async () => {
  const evil = write(1, 5, 'package-lock.json', '{ "names": ["pad"], "from": "elsewhere" }\n');
  const good = write(1, 7, 'package-lock.json', `${JSON.stringify({ names: ['pad'], saw: false, by: 'base' })}\n`);
  const replies = [planReply(1, PATHS), write(1, 1, 'package.json', manifest('pad')), needs(2), ...code(3).slice(0, 2), evil];
  world = makeWorld({ files, config, replies: [...replies, submit(1, 6), good, submit(1, 8), critic(1)] });
  const operations = await world.open();
  const waiting = await start(world, operations);
  expect(waiting).toMatchObject({ reason: null, waiting: { gate: 'release' }, attempt: 1 });
  const refused = (await operations.audit(waiting.thread_id)).filter(({ action }) => action === 'tool-refused');
  expect(refused).toMatchObject([{ code: 'CONTRACT_VIOLATION', facts: { tool: 'submit_build' } }]);
  await operations.close();
});

test('where no step declares an update, a lock file is a file like any other', async () => {
  const lock = write(1, 1, 'package-lock.json', '{ "names": [], "by": "hand" }\n');
  world = makeWorld({
    files,
    config: { ...config, workspace: { setup: [install] } },
    replies: [planReply(1, PATHS), lock, submit(1, 2), critic(1)],
  });
  const operations = await world.open();
  expect(await start(world, operations)).toMatchObject({ reason: null, waiting: { gate: 'release' } });
  await operations.close();
});
