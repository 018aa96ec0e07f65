/** `governor doctor`: what works here, and what does not. */
import { accessSync, constants, statSync } from 'node:fs';
import type { Config } from '../../domain/config.ts';
import { toError } from '../../domain/errors.ts';
import { ROLES } from '../../domain/roles.ts';
import type { Canary, Repository, Sandbox } from '../../domain/workspace.ts';
import { createModels } from '../../models/registry.ts';
import { below, plainAddress } from '../../models/wire/address.ts';
import { filterWarnings } from '../../tools/filter-warnings.ts';
import { runProcess } from '../../tools/process.ts';
import { openRepository } from '../../tools/repository.ts';
import { secretResolver } from '../environment.ts';
import type { DoctorLine } from '../options.ts';
import { packageVersion } from '../package.ts';
import type { Runtime } from '../runtime.ts';
import { loadConfig } from '../start/config-file.ts';
import { linkFindings } from '../start/fit.ts';
import { priceWarnings } from '../start/price-warnings.ts';
import { olderHomeWarning, verifyAudit } from './older-home.ts';

const MIN_NODE = [20, 19] as const;

type TryLine = (name: string, work: () => Promise<string>) => Promise<void>;

/** Every line says what was tried; nothing is changed, but that a partial clone gets the files of its base. */
export async function doctor(
  runtime: Runtime,
  repo: string | undefined,
): Promise<{ lines: DoctorLine[]; canaries: Canary[]; sandbox: string }> {
  const lines: DoctorLine[] = [];
  const tryLine: TryLine = async (name, work) => {
    try {
      lines.push({ name, ok: true, detail: await work() });
    } catch (error) {
      lines.push({ name, ok: false, detail: toError(error).message });
    }
  };
  await tryPrograms(runtime, tryLine);
  await tryHome(runtime, tryLine);
  const sandbox = await trySandbox(runtime, tryLine);
  if (repo !== undefined) await tryRepository(runtime, tryLine, repo);
  await tryEndpoint(runtime, tryLine);
  return { lines, ...sandbox };
}

async function tryPrograms(runtime: Runtime, tryLine: TryLine): Promise<void> {
  await tryLine('governor', async () => packageVersion());
  await tryLine('node', async () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    if (major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1]))
      throw new Error(`${process.versions.node}; ${MIN_NODE.join('.')} or newer is needed`);
    return process.versions.node;
  });
  await tryLine('git', async () => {
    const result = await runProcess(['git', '--version'], {
      cwd: '/',
      env: { PATH: runtime.env['PATH'] ?? '/usr/bin:/bin' },
      timeoutMs: 10_000,
    });
    if (result.exitCode !== 0) throw new Error('git does not run; install it');
    return result.stdout.toString().trim();
  });
}

async function tryHome(runtime: Runtime, tryLine: TryLine): Promise<void> {
  await tryLine('home', async () => {
    accessSync(runtime.home, constants.W_OK);
    return runtime.home;
  });
  await tryLine('database', async () => {
    const verdict = await verifyAudit(runtime);
    if (verdict.kind === 'broken') throw new Error(`audit record ${verdict.seq}: ${verdict.problem}`);
    return `audit trail whole, ${verdict.records} records`;
  });
  await tryLine('audit proof', async () => auditWords(runtime));
}

async function trySandbox(runtime: Runtime, tryLine: TryLine): Promise<{ canaries: Canary[]; sandbox: string }> {
  let sandbox: Sandbox | undefined;
  let canaries: Canary[] = [];
  await tryLine('sandbox', async () => {
    sandbox = await runtime.sandbox();
    canaries = await sandbox.canaries();
    const failed = canaries.filter((canary) => !canary.ok);
    if (failed.length > 0 && sandbox.level !== 'unsafe')
      throw new Error(`${failed.length} canary(s) got out: ${failed.map((canary) => canary.name).join(', ')}`);
    return `${sandbox.level} (${sandbox.layers.join(', ')}), ${canaries.length - failed.length} of ${canaries.length} canaries held`;
  });
  return { canaries, sandbox: sandbox?.level ?? 'none' };
}

async function tryRepository(runtime: Runtime, tryLine: TryLine, repo: string): Promise<void> {
  await tryLine('repository', async () => {
    const repository = await openRepository(repo, runtime.home);
    const head = await repository.resolveCommit('HEAD');
    const problems = await repository.unfit(head);
    if (problems.length > 0) throw new Error(problems.join('; '));
    const older = await olderHomeWarning(runtime, repository);
    if (older.length > 0) throw new Error(older.join('; '));
    return `${repository.path} at ${head.slice(0, 12)}`;
  });
  let found: { readonly repository: Repository; readonly config: Config } | undefined;
  await tryLine('configuration', async () => {
    const repository = await openRepository(repo, runtime.home);
    const { config, source } = await loadConfig(repository, await repository.resolveCommit('HEAD'), undefined);
    found = { repository, config };
    const models = createModels({
      config,
      secrets: secretResolver(runtime.env),
      env: runtime.env,
      ...(runtime.operator?.endpoints === undefined ? {} : { endpoints: runtime.operator.endpoints }),
    });
    const named = await Promise.all(ROLES.map(async (role) => `${role}: ${(await models.forRole(role, false)).model.model}`));
    const doubts = await priceWarnings(models, config.prices);
    return [`${source}; ${config.checks.length} check(s); ${named.join(', ')}`, ...doubts].join('; ');
  });
  if (found !== undefined) await tryLinks(tryLine, found);
  if (found !== undefined) await tryFilters(tryLine, found);
}

async function tryLinks(
  tryLine: TryLine,
  { repository, config }: { readonly repository: Repository; readonly config: Config },
): Promise<void> {
  const { link } = config.workspace;
  if (link.length === 0) return;
  await tryLine('linked folders', async () => {
    const { problems, warnings } = linkFindings(repository, config);
    if (problems.length > 0) throw new Error(problems.join('; '));
    return [link.join(', '), ...warnings].join('; ');
  });
}

/** Nothing is wrong with a filter, but for what goes past it. */
async function tryFilters(
  tryLine: TryLine,
  { repository, config }: { readonly repository: Repository; readonly config: Config },
): Promise<void> {
  const head = await repository.resolveCommit('HEAD');
  const warnings = await filterWarnings(repository, head, config.release);
  if (warnings.length > 0) await tryLine('filters', async () => warnings.join('; '));
}

async function tryEndpoint({ env }: Runtime, tryLine: TryLine): Promise<void> {
  const endpoint = env['OPENAI_BASE_URL'];
  if (endpoint === undefined || endpoint === '') return;
  await tryLine('model endpoint', async () => {
    const address = plainAddress(endpoint, 'OPENAI_BASE_URL');
    const answer = await fetch(below(address, '/models'), {
      signal: AbortSignal.timeout(5000),
      headers: { authorization: `Bearer ${env['OPENAI_API_KEY'] ?? 'none'}` },
    }).catch((error: unknown) => {
      const { cause, message } = toError(error);
      throw new Error(`${endpoint} does not answer (${cause === undefined ? message : toError(cause).message})`);
    });
    if (answer.status === 401 || answer.status === 403) throw new Error(`${endpoint} refuses OPENAI_API_KEY (${answer.status})`);
    return `${endpoint} answers ${answer.status}`;
  });
}

/** Who could write the trail anew without being found. */
function auditWords({ home, operator }: Runtime): string {
  const { key, heads } = operator?.audit ?? {};
  const published = heads === undefined ? '' : `; heads are appended to ${heads}`;
  if (key === undefined)
    return `tamper-evident only: who may write ${home} can write the trail anew; set audit.key in operator.yaml to sign it${published}`;
  const file = /^secret:\/\/file\/+(.+)$/.exec(key)?.[1];
  const isOwn = file === undefined || statSync(`/${file}`).uid === process.getuid?.();
  return `signed with ${key}${isOwn ? ', which the user of this process owns: another owner keeps it from whoever takes that account' : ''}${published}`;
}
