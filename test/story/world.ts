/** A small true world for stories: a real repository, a home, a script of model replies; everything else is real. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { findingId } from '../../domain/findings.ts';
import type { Role } from '../../domain/roles.ts';
import type { Operations } from '../../runtime/operations.ts';
import { openOperations } from '../../runtime/operations.ts';

export interface Reply {
  readonly role: Role;
  /** Default: `lead`, or `-`; a sub-agent's id for a worker. */
  readonly agent?: string;
  readonly attempt: number;
  readonly call: number;
  readonly text?: string;
  readonly tools?: readonly { readonly name: string; readonly arguments: unknown }[];
  readonly usage?: { readonly input: number; readonly output: number };
  readonly delayMs?: number;
  readonly repeat?: boolean;
  readonly finish?: string;
}

export interface World {
  readonly folder: string;
  readonly repo: string;
  readonly home: string;
  readonly script: string;
  git(...args: string[]): string;
  open(): Promise<Operations>;
  /** Replaces the replies. */
  replies(replies: readonly Reply[]): void;
  read(path: string): string;
  dossier(threadId: string, path: string): unknown;
  dispose(): void;
}

/** A tiny program with two tests. */
export const FILES: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "sums", "type": "module", "scripts": { "test": "node --test" } }\n',
  'src/sum.js': 'export const sum = (a, b) => a + b;\n',
  'test/sum.test.js':
    "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\nimport { sum } from '../src/sum.js';\n\ntest('adds', () => assert.equal(sum(1, 2), 3));\ntest('adds zero', () => assert.equal(sum(0, 2), 2));\n",
};

export const CONFIG = {
  version: 1,
  models: { planner: scripted(), lead: scripted(), critic: scripted() },
  prices: { scripted: { input: 1, output: 4 } },
  checks: [{ id: 'test', run: ['node', '--test'], timeout: '1m' }],
  limits: { maxOutputTokens: 1024 },
};

function scripted() {
  return { provider: 'script', model: 'scripted' };
}

/** A planner that wants `src/` and `test/` changed. */
export const planReply = (attempt = 1, paths: readonly string[] = ['src/**', 'test/**']): Reply => ({
  role: 'planner',
  attempt,
  call: 1,
  tools: [
    {
      name: 'submit_plan',
      arguments: {
        summary: 'add a product function',
        items: [{ id: 'product', title: 'product', goal: 'multiply two numbers', paths, done_when: ['node --test passes'] }],
      },
    },
  ],
});

export const tool = (role: Reply['role'], attempt: number, call: number, name: string, input: unknown): Reply => ({
  role,
  attempt,
  call,
  tools: [{ name, arguments: input }],
});

export const write = (attempt: number, call: number, path: string, content: string): Reply =>
  tool('lead', attempt, call, 'write_file', { path, content });
export const submit = (attempt: number, call: number, summary = 'done'): Reply => tool('lead', attempt, call, 'submit_build', { summary });
export const critic = (attempt: number, verdict = 'pass', findings: readonly unknown[] = [], earlier: readonly unknown[] = []): Reply =>
  tool('critic', attempt, 1, 'submit_review', { verdict, findings, ...(earlier.length === 0 ? {} : { earlier }) });

/** The id of a critic's finding without a line. */
export const criticId = (message: string, path?: string): string =>
  findingId('C', { source: 'critic', code: 'REVIEW_REJECTED', path, what: message });

export const PRODUCT = 'export const product = (a, b) => a * b;\n';
export const PRODUCT_TEST =
  "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\nimport { product } from '../src/product.js';\n\ntest('multiplies', () => assert.equal(product(2, 3), 6));\n";

/** Plan, two files, hand-over, a passing critic. */
export const HAPPY: readonly Reply[] = [
  planReply(),
  write(1, 1, 'src/product.js', PRODUCT),
  write(1, 2, 'test/product.test.js', PRODUCT_TEST),
  tool('lead', 1, 3, 'run_command', { argv: ['node', '--test'] }),
  submit(1, 4),
  critic(1),
];

interface WorldOptions {
  readonly config?: object;
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly replies?: readonly Reply[];
  /** The operator's environment, beside `PATH`. */
  readonly env?: Readonly<Record<string, string>>;
}

export function makeWorld(options: WorldOptions = {}): World {
  const folder = mkdtempSync(join(tmpdir(), 'governor-story-'));
  const repo = join(folder, 'repo');
  const home = join(folder, 'home');
  const script = join(folder, 'script.yaml');
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.test', ...args], {
      cwd: repo,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  const put = (path: string, text: string | Buffer): void => {
    mkdirSync(dirname(join(repo, path)), { recursive: true });
    writeFileSync(join(repo, path), text);
  };
  for (const [path, text] of Object.entries({ ...FILES, ...options.files })) put(path, text);
  put('governor.yaml', stringify({ ...CONFIG, ...options.config }));
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'base');
  const replies = (list: readonly Reply[]): void =>
    writeFileSync(
      script,
      stringify({ version: 1, replies: list.map((reply) => ({ agent: reply.role === 'lead' ? 'lead' : '-', ...reply })) }),
    );
  replies(options.replies ?? HAPPY);
  return {
    folder,
    repo,
    home,
    script,
    git,
    replies,
    open: () => openOperations({ home, env: { PATH: process.env['PATH'] ?? '', ...options.env } }),
    read: (path) => readFileSync(join(repo, path), 'utf8'),
    dossier: (threadId, path) => {
      const file = join(home, 'runs', threadId, path);
      return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Creates and drives a thread to its first rest. */
export async function start(world: World, operations: Operations, goal = 'Add a product function with a test') {
  const created = await operations.create({ goal, repo: world.repo, scriptFile: world.script });
  return operations.drive(created.threadId);
}

/** Approves what waits, naming exactly the subject that waits, and drives on. */
export async function approve(operations: Operations, threadId: string, more: { comment?: string; addMicroUsd?: number } = {}) {
  const gate = await operations.gate(threadId);
  if (gate === undefined) throw new Error('nothing waits');
  await operations.decide(threadId, { decision: 'approved', subject: gate.row.subject.digest, ...more });
  return operations.resume(threadId);
}

export async function reject(operations: Operations, threadId: string, comment: string) {
  const gate = await operations.gate(threadId);
  if (gate === undefined) throw new Error('nothing waits');
  await operations.decide(threadId, { decision: 'rejected', subject: gate.row.subject.digest, comment });
  return operations.resume(threadId);
}
