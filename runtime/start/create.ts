/** Creates a thread: everything that can be refused is refused here, before money is spent. */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { ROLES, visible } from '../../domain/access.ts';
import { type Config, effectiveLimits, type Limits } from '../../domain/config.ts';
import { UsageError } from '../../domain/errors.ts';
import { FILES } from '../../domain/handoff.ts';
import { digestOf, sha256 } from '../../domain/ids.ts';
import { PIPELINE_VERSION } from '../../domain/run.ts';
import type { Repository } from '../../domain/workspace.ts';
import { deployTarget } from '../../nodes/deploy/targets/index.ts';
import type { RequestBody } from '../../nodes/session.ts';
import { openRepository } from '../../tools/repository.ts';
import { modelsOf } from '../drive/open-session.ts';
import { assertHomeOutside } from '../environment.ts';
import { givenFile } from '../given-file.ts';
import type { Created, CreateOptions } from '../options.ts';
import type { Runtime } from '../runtime.ts';
import { CONFIG_NAME, type LoadedConfig, loadConfig } from './config-file.ts';
import { POLICY_VERSION, policyDigest } from './policy-digest.ts';
import { priceWarnings } from './price-warnings.ts';

/** Longest goal, in UTF-8 bytes. */
export const MAX_GOAL_BYTES = 16 * 1024;

/** @throws UsageError naming the goal, the rule and the value. */
export function checkGoal(goal: string): string {
  const text = goal.replace(/\r\n/g, '\n').trim();
  if (text === '') throw new UsageError('goal: is empty');
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_GOAL_BYTES) throw new UsageError(`goal: ${bytes} bytes; at most ${MAX_GOAL_BYTES} are allowed`);
  const seen = visible(text);
  if (seen !== text) throw new UsageError(`goal: control or invisible characters are not allowed: ${JSON.stringify(seen.slice(0, 200))}`);
  return text;
}

export async function createThread(runtime: Runtime, options: CreateOptions): Promise<Created> {
  const goal = checkGoal(options.goal);
  await runtime.stores.audit.assertTail();
  const threadId = threadIdOf(options.threadId);
  const repository = await openRepository(pathOf(runtime, options.repo), runtime.home);
  assertHomeOutside(runtime.home, repository.path);
  assertNamed(runtime, repository.path);
  // Before anything is written: the files of a thread that is there are not touched.
  const known = await runtime.stores.runs.get(threadId);
  if (known !== undefined && (known.input.goal !== goal || known.input.repo !== repository.path))
    throw new UsageError(`thread ${threadId}: takes one goal; it already has another input`);
  const { base, loaded } = await baseAndConfig(repository, options);
  const { config } = loaded;
  const limits = effectiveLimits(config.limits, runtime.operator?.ceilings ?? {});
  const script =
    options.scriptFile === undefined
      ? null
      : { path: resolve(options.scriptFile), sha256: sha256(givenFile('--script', options.scriptFile)) };
  const models = modelsOf(runtime, { script }, config);
  let canned = false;
  const small: string[] = [];
  for (const role of ROLES) {
    const chosen = await models.forRole(role, false);
    await models.forRole(role, true);
    canned ||= chosen.model.provider === 'script';
    for (const { model } of [chosen, ...chosen.fallbacks])
      if (model.contextTokens < SMALL_WINDOW_TOKENS) small.push(smallWindow(role, model));
  }
  const sandbox = await runtime.sandbox();
  const warnings = [
    ...loaded.warnings,
    ...small,
    ...(await priceWarnings(models, config.prices)),
    ...endpointWarnings(runtime, config),
    ...(await dirtyWarning(repository, config.release.branch)),
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
  const created = { threadId, worstCaseMicroUsd: limits.costUsd, limits: limitsView(limits), warnings, sandbox: sandbox.level, canned };
  if (known !== undefined) return created;
  await runtime.stores.dossier.writeJson(threadId, FILES.request, {
    kind: 'request',
    version: 1,
    thread_id: threadId,
    attempt: 1,
    inputs: [],
    made_by: runtime.person.id,
    made_at: new Date(runtime.clock.now()).toISOString(),
    body: request,
  });
  await runtime.stores.runs.create(threadId, {
    goal,
    repo: repository.path,
    base,
    starter: runtime.person.id,
    pipelineVersion: PIPELINE_VERSION,
    configDigest: request.config_digest,
  });
  await runtime.stores.audit.append({
    threadId,
    actor: runtime.person.id,
    action: 'run-create',
    facts: {
      base,
      repo: repository.path,
      config: request.config_digest,
      policy: request.policy_digest,
      policy_version: POLICY_VERSION,
      sandbox: sandbox.level,
      canned,
    },
  });
  return created;
}

/** The base and the configuration that it holds: `release.branch` names the base, the base holds the file that names it. */
async function baseAndConfig(repository: Repository, options: CreateOptions): Promise<{ base: string; loaded: LoadedConfig }> {
  if (options.base !== undefined) {
    const base = await repository.resolveCommit(options.base);
    return { base, loaded: await loadConfig(repository, base, options.configFile) };
  }
  const head = await repository.resolveCommit('HEAD');
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
  return { base, loaded: base === head ? first : await loadConfig(repository, base, options.configFile) };
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

/** Where a repository's configuration sends its code, and which key goes with it, unless the operator has a list. */
/** Tools and contract of the lead are some 6,400 bytes, and a first request is counted by its bytes (docs/context.md, "Limits"). */
const SMALL_WINDOW_TOKENS = 10_000;

const smallWindow = (role: string, model: { readonly model: string; readonly contextTokens: number }): string =>
  `models.${role}: a window of ${model.contextTokens} tokens (${model.model}) hardly holds its tools and contract, and the run may stop with CONTEXT_EXCEEDED; if the model has a larger one, set contextTokens`;

function endpointWarnings(runtime: Runtime, config: Config): string[] {
  if (runtime.operator?.endpoints !== undefined) return [];
  const all = Object.entries(config.models).flatMap(([role, model]) =>
    model === undefined
      ? []
      : [{ place: role, model }, ...(model.fallback ?? []).map((one, index) => ({ place: `${role}.fallback.${index}`, model: one }))],
  );
  const told = all.flatMap(({ place, model }) => {
    if (model.baseUrl === undefined || /^\s*https?:\/\/(127\.|localhost[:/]|\[::1\])/i.test(model.baseUrl)) return [];
    return [`models.${place}: requests${model.apiKey === undefined ? '' : ` and the key ${model.apiKey}`} go to ${model.baseUrl.trim()}`];
  });
  return told.length === 0 ? [] : [...told, 'operator.yaml can fix the allowed ones: endpoints: [<url>, ...]'];
}

async function dirtyWarning(repository: Repository, branch: string): Promise<string[]> {
  const dirty = await repository.dirtyPaths();
  if (dirty.length === 0) return [];
  const current = await repository.currentBranch();
  return [
    `${repository.path}: ${dirty.length} uncommitted path(s), such as ${visible(dirty[0] ?? '')}; they are not part of the base${current === branch ? ', and the release will stop with TARGET_DIRTY until they are committed or stashed' : ''}`,
  ];
}

/** Limits as people wrote them: dollars and seconds. */
export function limitsView(limits: Limits): Record<string, unknown> {
  const { costUsd, costPerAgentUsd, machineTime, ...rest } = limits;
  return { cost_micro_usd: costUsd, cost_per_agent_micro_usd: costPerAgentUsd, machine_ms: machineTime, ...rest };
}
