/** Creates a thread: everything that can be refused is refused here, before money is spent. */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { effectiveLimits, type Limits } from '../../domain/config.ts';
import { UsageError } from '../../domain/errors.ts';
import { FILES } from '../../domain/handoff.ts';
import { digestOf, sha256 } from '../../domain/ids.ts';
import { ROLES } from '../../domain/roles.ts';
import { PIPELINE_VERSION } from '../../domain/stages.ts';
import type { Repository } from '../../domain/workspace.ts';
import type { Models } from '../../models/registry.ts';
import { deployTarget } from '../../nodes/deploy/targets/index.ts';
import type { RequestBody } from '../../nodes/session.ts';
import { filterWarnings } from '../../tools/filter-warnings.ts';
import { policyWarnings } from '../../tools/policy-warnings.ts';
import { openRepository } from '../../tools/repository.ts';
import { modelsOf } from '../drive/open-session.ts';
import { assertHomeOutside } from '../environment.ts';
import { givenFile } from '../given-file.ts';
import { assertNoSecret, checkGoal } from '../goal.ts';
import { olderHomeWarning } from '../look/older-home.ts';
import type { Created, CreateOptions } from '../options.ts';
import type { Runtime } from '../runtime.ts';
import { CONFIG_NAME, type LoadedConfig, loadConfig } from './config-file.ts';
import { assertFit, assertLinks } from './fit.ts';
import { POLICY_VERSION, policyDigest } from './policy-digest.ts';
import { priceWarnings } from './price-warnings.ts';
import { dirtyWarning, endpointWarnings, windowWarning } from './warnings.ts';

/** What was read and decided before anything is written. */
interface Draft {
  readonly threadId: string;
  readonly request: RequestBody;
  readonly created: Created;
  /** The thread is there already, with this very input. */
  readonly exists: boolean;
}

/** With a thread id that is there already and the same input, it only tells again what it told then. @throws UsageError */
export async function createThread(runtime: Runtime, options: CreateOptions): Promise<Created> {
  const draft = await prepare(runtime, options);
  if (!draft.exists) await record(runtime, draft);
  return draft.created;
}

async function prepare(runtime: Runtime, options: CreateOptions): Promise<Draft> {
  const goal = checkGoal(options.goal);
  assertNoSecret(runtime.env, 'goal', goal);
  await runtime.stores.audit.assertTail();
  const threadId = threadIdOf(options.threadId);
  const repository = await openRepository(pathOf(runtime, options.repo), runtime.home, runtime.answers);
  assertHomeOutside(runtime.home, repository.path);
  assertNamed(runtime, repository.path);
  const exists = await isSame(runtime, threadId, { goal, repo: repository.path });
  const { base, loaded } = await baseAndConfig(repository, options);
  const { config } = loaded;
  const linked = assertLinks(repository, config);
  const script =
    options.scriptFile === undefined
      ? null
      : { path: resolve(options.scriptFile), sha256: sha256(givenFile('--script', options.scriptFile)) };
  const models = modelsOf(runtime, { script }, config);
  const { canned, small } = await checkModels(models);
  const sandbox = await runtime.sandbox();
  const warnings = [
    ...loaded.warnings,
    ...linked,
    ...small,
    ...(await priceWarnings(models, config.prices)),
    ...endpointWarnings(runtime, config),
    ...(await policyWarnings(config, repository, base, loaded.place)),
    ...(await dirtyWarning(repository, config.release.branch)),
    ...(await filterWarnings(repository, base, config.release)),
    ...(await olderHomeWarning(runtime, repository, base)),
  ];
  const request: RequestBody = {
    goal,
    repo: repository.path,
    base,
    starter: runtime.person.id,
    pipeline_version: PIPELINE_VERSION,
    config: loaded.raw,
    config_digest: digestOf(loaded.raw),
    policy_version: POLICY_VERSION,
    policy_digest: policyDigest(loaded.raw),
    config_source: loaded.source,
    script,
    sandbox: sandbox.level,
  };
  const limits = effectiveLimits(config.limits, runtime.operator?.ceilings ?? {});
  const created = { threadId, worstCaseMicroUsd: limits.costUsd, limits: limitsView(limits), warnings, sandbox: sandbox.level, canned };
  return { threadId, request, created, exists };
}

/** Before anything is written: the files of a thread that is there are not touched. @throws UsageError where its input is another. */
async function isSame(runtime: Runtime, threadId: string, input: { goal: string; repo: string }): Promise<boolean> {
  const known = await runtime.stores.runs.get(threadId);
  if (known !== undefined && (known.input.goal !== input.goal || known.input.repo !== input.repo))
    throw new UsageError(`thread ${threadId}: takes one goal; it already has another input`);
  return known !== undefined;
}

/** Every role has a model that may be used, lean or not. @throws UsageError */
async function checkModels(models: Models): Promise<{ canned: boolean; small: string[] }> {
  let canned = false;
  const small: string[] = [];
  for (const role of ROLES) {
    const chosen = await models.forRole(role, false);
    await models.forRole(role, true);
    canned ||= chosen.model.provider === 'script';
    for (const { model } of [chosen, ...chosen.fallbacks]) small.push(...windowWarning(role, model));
  }
  return { canned, small };
}

/** The file first, then the row that makes the thread known, then the audit trail. */
async function record(runtime: Runtime, { threadId, request, created }: Draft): Promise<void> {
  const { goal, repo, base, starter } = request;
  await runtime.stores.dossier.writeJson(threadId, FILES.request, {
    kind: 'request',
    version: 1,
    thread_id: threadId,
    attempt: 1,
    inputs: [],
    made_by: starter,
    made_at: new Date(runtime.clock.now()).toISOString(),
    body: request,
  });
  await runtime.stores.runs.create(threadId, {
    goal,
    repo,
    base,
    starter,
    pipelineVersion: PIPELINE_VERSION,
    configDigest: request.config_digest,
  });
  await runtime.stores.audit.append({
    threadId,
    actor: starter,
    action: 'run-create',
    facts: {
      base,
      repo,
      config: request.config_digest,
      policy: request.policy_digest,
      policy_version: request.policy_version,
      sandbox: created.sandbox,
      canned: created.canned,
    },
  });
}

/** The base and the configuration that it holds: `release.branch` names the base, the base holds the file that names it. */
export async function baseAndConfig(
  repository: Repository,
  options: Pick<CreateOptions, 'base' | 'configFile'>,
): Promise<{ base: string; loaded: LoadedConfig }> {
  if (options.base !== undefined) {
    const base = await repository.resolveCommit(options.base);
    await assertFit(repository, base);
    return { base, loaded: await loadConfig(repository, base, options.configFile) };
  }
  const head = await repository.resolveCommit('HEAD');
  await assertFit(repository, head);
  const first = await loadConfig(repository, head, options.configFile);
  const { release } = first.config;
  const tip = await deployTarget(release).baseOf({ repository, release });
  if (tip === undefined) {
    const current = await repository.currentBranch();
    throw new UsageError(
      `release.branch ${JSON.stringify(release.branch)}: there is no such branch in ${repository.path}; ${current === null ? 'HEAD is detached' : `the current one is "${current}"`}. Set release.branch in ${CONFIG_NAME}, or use --base`,
    );
  }
  const base = await repository.resolveCommit(tip);
  if (base === head) return { base, loaded: first };
  await assertFit(repository, base);
  return { base, loaded: await loadConfig(repository, base, options.configFile) };
}

function threadIdOf(given: string | undefined): string {
  if (given === undefined) return randomUUID();
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(given))
    throw new UsageError(`thread ${JSON.stringify(given)}: must be a UUID in lower case`);
  return given;
}

function pathOf(runtime: Runtime, repo: string): string {
  const named = runtime.operator?.repositories;
  return named !== undefined && Object.hasOwn(named, repo) ? (named[repo] ?? repo) : resolve(repo);
}

function assertNamed(runtime: Runtime, path: string): void {
  const named = runtime.operator?.repositories;
  if (named !== undefined && !Object.values(named).some((known) => resolve(known) === path))
    throw new UsageError(`repository ${path}: operator.yaml does not list it; it lists ${Object.keys(named).join(', ') || 'none'}`);
}

/** Limits as people wrote them: dollars and seconds. */
export function limitsView(limits: Limits): Record<string, unknown> {
  const { costUsd, costPerAgentUsd, machineTime, ...rest } = limits;
  return { cost_micro_usd: costUsd, cost_per_agent_micro_usd: costPerAgentUsd, machine_ms: machineTime, ...rest };
}
