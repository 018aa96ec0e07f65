/** The stories that chaos disturbs: each a prepared thread with where its release is seen. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import {
  critic,
  criticId,
  HAPPY,
  makeWorld,
  PRODUCT,
  PRODUCT_TEST,
  planReply,
  type Reply,
  submit,
  tool,
  type World,
  write,
} from '../story/world.ts';
import { Stage } from './harness.ts';

const [plan, , productTest] = HAPPY;

/** The first attempt fails its test; the second mends it. */
const REWORK: readonly Reply[] = [
  ...(plan === undefined || productTest === undefined ? [] : [plan, productTest]),
  write(1, 1, 'src/product.js', 'export const product = (a, b) => a + b;\n'),
  submit(1, 3),
  tool('lead', 2, 1, 'read_file', { path: 'src/product.js' }),
  write(2, 2, 'src/product.js', PRODUCT),
  submit(2, 3),
  critic(2),
];

interface Options {
  readonly replies?: readonly Reply[];
  readonly config?: object;
  readonly remote?: boolean;
  /** What a person says before anybody is at work. */
  readonly told?: string;
}

/** `delayMs`: how long each scripted answer takes, so that kills from outside meet calls in flight. */
/** Four sub-agents, two at once, each with two calls; one of them meets the work of another when it is merged. */
const FAN_OUT: readonly Reply[] = [
  ...(plan === undefined ? [] : [plan]),
  tool('lead', 1, 1, 'delegate', {
    tasks: ['a', 'b', 'c', 'd'].map((name) => ({
      title: name,
      goal: `make ${name}`,
      ...(name < 'c' ? { paths: [`src/${name}.js`] } : {}),
    })),
  }),
  ...['a', 'b', 'c', 'd'].flatMap((name, index): Reply[] => {
    const agent = `w1.${index + 1}`;
    const path = name < 'c' ? `src/${name}.js` : 'src/shared.js';
    return [
      { ...tool('worker', 1, 1, 'write_file', { path, content: `export const ${name} = 1;\n` }), agent },
      { ...tool('worker', 1, 2, 'submit_work', { status: 'done', summary: name }), agent },
    ];
  }),
  write(1, 2, 'src/shared.js', 'export const c = 1;\nexport const d = 1;\n'),
  submit(1, 3),
  critic(1),
];

const below = (agent: string, call: number, name: string, input: unknown): Reply => ({ ...tool('worker', 1, call, name, input), agent });
const one = (title: string) => ({ title, goal: `make ${title}`, paths: [`src/${title}.js`] });

/** A sub-agent of the lead with two of its own, one of which has one too; each is merged into the files of the one above. */
const DEPTH: readonly Reply[] = [
  ...(plan === undefined ? [] : [plan]),
  tool('lead', 1, 1, 'delegate', { tasks: [{ title: 'top', goal: 'make the top' }] }),
  below('w1.1', 1, 'write_file', { path: 'src/top.js', content: 'export const top = 1;\n' }),
  below('w1.1', 2, 'delegate', { tasks: [one('left'), one('right')] }),
  below('w1.1.2.1', 1, 'delegate', { tasks: [{ title: 'deep', goal: 'make the depth' }] }),
  below('w1.1.2.1.1.1', 1, 'write_file', { path: 'src/left.js', content: 'export const left = 1;\n' }),
  below('w1.1.2.1.1.1', 2, 'submit_work', { status: 'done', summary: 'deep' }),
  below('w1.1.2.1', 2, 'submit_work', { status: 'done', summary: 'left' }),
  below('w1.1.2.2', 1, 'write_file', { path: 'src/right.js', content: 'export const right = 1;\n' }),
  below('w1.1.2.2', 2, 'submit_work', { status: 'done', summary: 'right' }),
  below('w1.1', 3, 'write_file', { path: 'src/top.js', content: "export * from './left.js';\nexport * from './right.js';\n" }),
  below('w1.1', 4, 'submit_work', { status: 'done', summary: 'top' }),
  submit(1, 2),
  critic(1),
];
/** A builder that asks for a dependency and for another plan, then disputes what the critic found. */
const FOUND = { severity: 'major', path: 'src/product.js', message: 'product fails for negative numbers' };
const FOUND_ID = criticId(FOUND.message, FOUND.path);
const APPEALS: readonly Reply[] = [
  planReply(1, ['package.json', 'package-lock.json', 'src/**']),
  write(
    1,
    1,
    'package.json',
    '{ "name": "sums", "type": "module", "dependencies": { "pad": "1" }, "scripts": { "test": "node --test" } }\n',
  ),
  tool('lead', 1, 2, 'submit_build', {
    status: 'needs_dependency',
    summary: 'it pads',
    dependencies: [{ name: 'pad', manager: 'npm', why: 'it pads' }],
  }),
  write(1, 3, 'src/product.js', PRODUCT),
  tool('lead', 1, 4, 'submit_build', { status: 'needs_paths', summary: 'a test is needed', paths: ['test/**'] }),
  planReply(2, ['package.json', 'package-lock.json', 'src/**', 'test/**']),
  write(2, 1, 'test/product.test.js', PRODUCT_TEST.replace('test(', "import 'pad';\ntest(")),
  submit(2, 2),
  critic(1, 'rework', [FOUND]),
  tool('lead', 3, 1, 'submit_build', {
    summary: 'it does not',
    disputes: [{ finding_id: FOUND_ID, evidence: 'product(-2, 3) is -6' }],
  }),
  tool('critic', 2, 1, 'submit_review', {
    verdict: 'pass',
    earlier: [{ finding_id: FOUND_ID, verdict: 'withdrawn', reason: 'it multiplies' }],
  }),
];
const SETUP = {
  workspace: {
    setup: [
      {
        run: ['sh', '-c', 'mkdir -p node_modules/pad && echo 1 > node_modules/pad/index.js'],
        update: ['sh', '-c', 'cat package.json > package-lock.json'],
        inputs: ['package.json', 'package-lock.json'],
      },
    ],
  },
  release: { branch: 'main', verify: ['node', '--test'] },
};

async function prepare(options: Options, delayMs = 0): Promise<Stage> {
  const replies = (options.replies ?? HAPPY).map((reply) => ({ ...reply, delayMs }));
  const world = makeWorld({ replies, ...(options.config === undefined ? {} : { config: options.config }) });
  const remote = join(world.folder, 'remote.git');
  if (options.remote === true) {
    execFileSync('git', ['clone', '-q', '--bare', world.repo, remote]);
    world.git('remote', 'add', 'origin', remote);
  }
  const operations = await world.open();
  const { threadId } = await operations.create({ goal: 'Add a product function', repo: world.repo, scriptFile: world.script });
  if (options.told !== undefined) await operations.tell(threadId, { text: options.told });
  await operations.close();
  return new Stage(world, threadId, () => releasedIn(world, options.remote === true ? remote : world.repo));
}

function releasedIn(world: World, folder: string): { tree: string; merges: string } {
  const ask = (...args: string[]): string => execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).trim();
  // A checkout that was left half moved would show here.
  const dirty = world.git('status', '--porcelain', '--untracked-files=no');
  return { tree: `${ask('rev-parse', 'main^{tree}')}${dirty}`, merges: ask('rev-list', '--count', 'main') };
}

const VERIFY_FAILS = { release: { target: 'merge', branch: 'main', verify: ['node', '-e', 'process.exit(1)'] } };
const PUSH = { release: { target: 'push', branch: 'main', verify: ['node', '--test'] } };

export const STORIES = {
  happy: (delayMs?: number) => prepare({}, delayMs),
  rework: (delayMs?: number) => prepare({ replies: REWORK }, delayMs),
  'verify fails, rolled back': (delayMs?: number) => prepare({ config: VERIFY_FAILS }, delayMs),
  push: (delayMs?: number) => prepare({ config: PUSH, remote: true }, delayMs),
  'fan-out': (delayMs?: number) => prepare({ replies: FAN_OUT }, delayMs),
  depth: (delayMs?: number) => prepare({ replies: DEPTH, config: { limits: { maxOutputTokens: 1024, depth: 3 } } }, delayMs),
  'fan-out allowed by a person': (delayMs?: number) =>
    prepare({ replies: FAN_OUT, config: { limits: { maxOutputTokens: 1024, delegateFreely: { agents: 3 } } } }, delayMs),
  'a person says something': (delayMs?: number) => prepare({ told: 'use integers' }, delayMs),
  appeals: (delayMs?: number) => prepare({ replies: APPEALS, config: SETUP }, delayMs),
  'plan approved': (delayMs?: number) => prepare({ config: { plan: { approval: 'always' } } }, delayMs),
} as const;
