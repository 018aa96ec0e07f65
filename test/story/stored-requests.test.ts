/** Requests that earlier builds stored: a key with a default that came since then changes nothing, and an edit is still seen. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Config } from '../../domain/config.ts';
import type { Envelope } from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import type { RequestBody } from '../../nodes/session.ts';
import type { Operations } from '../../runtime/operations.ts';
import { openRuntime } from '../../runtime/runtime.ts';
import { approve, makeWorld, start, type World } from './world.ts';

let world: World | undefined;
afterEach(() => {
  vi.doUnmock('../../domain/config.ts');
  vi.resetModules();
  world?.dispose();
});

/** What the parser of a later build adds: one new key with a default in every part that the policy digest covers. */
function withNewDefaults(config: Config): Config {
  const added = <Part extends object>(part: Part): Part => ({ ...part, later: 'default' });
  return {
    ...config,
    checks: config.checks.map(added),
    protect: config.protect.map(added),
    deny: config.deny.map(added),
    scope: added(config.scope),
    release: added(config.release),
  };
}

/** The same home, opened by a build whose schema has those keys. */
async function openLaterBuild(of: World): Promise<Operations> {
  vi.resetModules();
  vi.doMock('../../domain/config.ts', async (original) => {
    const now = await original<typeof import('../../domain/config.ts')>();
    return { ...now, configSchema: now.configSchema.transform(withNewDefaults) };
  });
  const { openOperations } = await import('../../runtime/operations.ts');
  return openOperations({ home: of.home, env: { PATH: process.env['PATH'] ?? '' } });
}

const requestFile = (of: World, thread: string): string => join(of.home, 'runs', thread, 'request.json');

function edit(of: World, thread: string, change: (body: RequestBody) => object): void {
  const file = requestFile(of, thread);
  const envelope = JSON.parse(readFileSync(file, 'utf8')) as Envelope<RequestBody>; // our own file
  writeFileSync(file, JSON.stringify({ ...envelope, body: change(envelope.body) }));
}

/** Puts a stored request into a home, as the build that made it would have: file, row and audit record. */
async function restore(of: World, release: string): Promise<string> {
  const stored = JSON.parse(
    readFileSync(new URL(`../fixtures/requests/${release}.json`, import.meta.url), 'utf8'),
  ) as Envelope<RequestBody>; // our own file
  const threadId = randomUUID();
  const base = of.git('rev-parse', 'main');
  const body = { ...stored.body, repo: of.repo, base, script: { path: of.script, sha256: stored.body.script?.sha256 ?? '' } };
  mkdirSync(join(of.home, 'runs', threadId), { recursive: true });
  writeFileSync(requestFile(of, threadId), JSON.stringify({ ...stored, thread_id: threadId, body }));
  const runtime = await openRuntime({ home: of.home, env: { PATH: process.env['PATH'] ?? '' } });
  const { goal, starter, config_digest: configDigest, policy_digest: policy, pipeline_version: pipelineVersion, sandbox } = body;
  await runtime.stores.runs.create(threadId, { goal, repo: of.repo, base, starter, pipelineVersion, configDigest });
  const facts = { base, repo: of.repo, config: configDigest, policy, sandbox, canned: true };
  await runtime.stores.audit.append({ threadId, actor: starter, action: 'run-create', facts });
  runtime.stores.close();
  return threadId;
}

describe.each(['0.1.0', 'before-11'])('a request that %s stored', (release) => {
  test('goes on under a build that has new keys with defaults under checks, protect, deny, scope and release', async () => {
    world = makeWorld();
    const thread = await restore(world, release);
    const operations = await world.open();
    expect(await operations.drive(thread)).toMatchObject({ status: 'waiting', reason: null });
    await operations.close();
    const later = await openLaterBuild(world);
    expect(await approve(later, thread)).toMatchObject({ status: 'released', reason: null });
    await later.close();
  });

  test.each([
    ['its rules', (body: RequestBody) => ({ ...body, config: { ...Object(body.config), deny: [] } })],
    ['its rules and their digest', (body: RequestBody) => ({ ...body, config: { version: 1 }, config_digest: digestOf({ version: 1 }) })],
    ['its policy digest', (body: RequestBody) => ({ ...body, policy_digest: digestOf({}) })],
    ['its goal', (body: RequestBody) => ({ ...body, goal: 'another' })],
  ])('stops with STATE_TAMPERED when %s is edited', async (_what, change) => {
    world = makeWorld();
    const thread = await restore(world, release);
    edit(world, thread, change);
    const operations = await world.open();
    expect(await operations.drive(thread)).toMatchObject({ status: 'stopped', reason: { code: 'STATE_TAMPERED' } });
    await operations.close();
  });
});

describe('a request of this build', () => {
  test('goes on under a build that has new keys with defaults', async () => {
    world = makeWorld();
    const operations = await world.open();
    const { thread_id: thread } = await start(world, operations);
    await operations.close();
    const later = await openLaterBuild(world);
    expect(await approve(later, thread)).toMatchObject({ status: 'released', reason: null });
    await later.close();
  });

  test.each([
    ['its rules', (body: RequestBody) => ({ ...body, config: { ...Object(body.config), deny: [] } })],
    ['its policy digest', (body: RequestBody) => ({ ...body, policy_digest: digestOf({}) })],
    ['its policy version', (body: RequestBody) => ({ ...body, policy_version: 99 })],
    ['its policy version, taken away,', ({ policy_version: _gone, ...body }: RequestBody) => body],
  ])('stops with STATE_TAMPERED when %s is edited', async (_what, change) => {
    world = makeWorld();
    const operations = await world.open();
    const { threadId } = await operations.create({ goal: 'Add a product function', repo: world.repo, scriptFile: world.script });
    edit(world, threadId, change);
    expect(await operations.drive(threadId)).toMatchObject({ status: 'stopped', reason: { code: 'STATE_TAMPERED' } });
    await operations.close();
  });
});
