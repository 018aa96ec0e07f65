/** Opens the session of a run: verifies what it captured at its start, then opens its stores, doors and places. */
import { join } from 'node:path';
import { type Config, effectiveLimits, type Limits } from '../../domain/config.ts';
import { StopError } from '../../domain/errors.ts';
import type { FileRef } from '../../domain/handoff.ts';
import { FILES } from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import type { Fence, RunRow } from '../../domain/ports.ts';
import { PIPELINE_VERSION, type Stage } from '../../domain/stages.ts';
import type { Repository, Sandbox } from '../../domain/workspace.ts';
import { createModelDoor } from '../../models/metered.ts';
import { createModels, type Models } from '../../models/registry.ts';
import { sleep } from '../../models/sleep.ts';
import { createForms } from '../../nodes/context.ts';
import { createLine } from '../../nodes/line.ts';
import type { Mounts, RequestBody, Session, SessionDoors, SessionFacts, SessionPlaces } from '../../nodes/session.ts';
import { installDependencies, withInputs } from '../../tools/dependencies.ts';
import { createToolDoor } from '../../tools/door.ts';
import { type PrepareOptions, prepareWorkspace } from '../../tools/prepare.ts';
import { createKnown } from '../../tools/redact.ts';
import { createStreamRedactor } from '../../tools/redact-stream.ts';
import { openRepository } from '../../tools/repository.ts';
import { extensionList } from '../decide/extensions.ts';
import { forkList } from '../decide/forks.ts';
import { secretResolver } from '../environment.ts';
import type { DriveOptions } from '../options.ts';
import type { Runtime } from '../runtime.ts';
import { reparse } from '../start/config-file.ts';
import { policyHolds } from '../start/policy-digest.ts';
import { liveText } from './live-text.ts';
import { knownSecrets, redactorOf } from './redactor.ts';
import { resumeList } from './resume-list.ts';
import { readSaid } from './said.ts';

/** Hosts and refusals of one setup command that its audit record names; the others are counted. */
const MAX_TOLD_HOSTS = 6;

/** The request of a run, checked against the run's row. @throws StopError `HANDOFF_MISSING`, `STATE_TAMPERED`. */
export async function readRequest(runtime: Runtime, row: RunRow): Promise<{ request: RequestBody; ref: FileRef }> {
  const found = await runtime.stores.dossier.read(row.threadId, FILES.request);
  if (found === undefined) throw new StopError('HANDOFF_MISSING', `${FILES.request}: the request of thread ${row.threadId} is missing`);
  const envelope = await runtime.stores.dossier.readVerified(row.threadId, found.ref);
  const request = envelope.body as RequestBody; // written by `create`; every part that matters is compared below
  const expected = {
    goal: row.input.goal,
    repo: row.input.repo,
    base: row.input.base,
    starter: row.input.starter,
    config: row.input.configDigest,
    pipeline: row.input.pipelineVersion,
  };
  const actual = {
    goal: request.goal,
    repo: request.repo,
    base: request.base,
    starter: request.starter,
    config: digestOf(request.config),
    pipeline: request.pipeline_version,
  };
  const recorded = async () =>
    (await runtime.stores.audit.read({ threadId: row.threadId, limit: 20 })).find(({ action }) => action === 'run-create')?.facts;
  if (digestOf(expected) !== digestOf(actual) || !(await policyHolds(request, recorded)))
    throw new StopError('STATE_TAMPERED', `${FILES.request}: it is not the request that thread ${row.threadId} was started with`, {
      evidence: [FILES.request],
    });
  return { request, ref: found.ref };
}

/** The models of a run, as its configuration names them. */
export function modelsOf(runtime: Runtime, request: Pick<RequestBody, 'script'>, config: Config): Models {
  return createModels({
    config,
    secrets: secretResolver(runtime.env),
    env: runtime.env,
    ...(runtime.operator?.endpoints === undefined ? {} : { endpoints: runtime.operator.endpoints }),
    ...(request.script === null ? {} : { script: { file: request.script.path } }),
  });
}

/** What ends a drive from outside, and who hears the text of answers. */
export interface SessionOptions {
  readonly signal: AbortSignal;
  readonly drain: AbortSignal | undefined;
  readonly onText?: DriveOptions['onText'];
}

/** @throws StopError, also `DEFINITION_CHANGED` when the pipeline is another and nobody accepted that. */
export async function openSession(runtime: Runtime, row: RunRow, fence: Fence, options: SessionOptions): Promise<Session> {
  const { stores } = runtime;
  const facts = await factsOf(runtime, row, fence);
  const repository = await openRepository(facts.request.repo, runtime.home, runtime.answers);
  const { attempts, effects, transcripts, ledger, approvals, audit, dossier } = stores;
  let at: Stage = row.stage;
  return {
    facts,
    stores: { attempts, effects, transcripts, ledger, approvals, audit, dossier },
    doors: doorsOf(runtime, facts, options.onText),
    places: placesOf({ runtime, facts, repository, sandbox: await runtime.sandbox(row.threadId), signal: options.signal }),
    line: createLine(facts.limits.concurrency),
    forms: createForms(),
    clock: runtime.clock,
    signal: options.signal,
    machineMs: async () => (await stores.runs.get(row.threadId))?.machineMs ?? row.machineMs,
    said: readSaid(audit, row.threadId),
    checkpointReached: async (stage) => {
      options.signal.throwIfAborted();
      if (stage !== at) await stores.runs.update(fence, { stage });
      at = stage;
      if (options.drain?.aborted !== true) return;
      // With LangGraph, which is loaded where a stage runs.
      const { DrainedError } = await import('./drained.ts');
      throw new DrainedError();
    },
    left: async () => undefined,
  };
}

async function factsOf(runtime: Runtime, row: RunRow, fence: Fence): Promise<SessionFacts> {
  const { request, ref } = await readRequest(runtime, row);
  const extensions = await extensionList.read(runtime, row.threadId);
  if (request.pipeline_version !== PIPELINE_VERSION && !extensions.some((extension) => extension.migrate_to === PIPELINE_VERSION))
    throw new StopError(
      'DEFINITION_CHANGED',
      `thread ${row.threadId} runs pipeline version ${request.pipeline_version}; this is version ${PIPELINE_VERSION}`,
    );
  const config = reparse(request.config);
  return {
    threadId: row.threadId,
    fence,
    request,
    requestRef: ref,
    createdAtSeconds: Math.floor(Date.parse(row.createdAt) / 1000),
    config,
    limits: extended(effectiveLimits(config.limits, runtime.operator?.ceilings ?? {}), extensions),
    resumes: await resumeList.read(runtime, row.threadId),
    fork: (await forkList.read(runtime, row.threadId)).at(-1)?.id ?? null,
    fenced: true,
  };
}

function doorsOf(runtime: Runtime, { request, config }: SessionFacts, onText: DriveOptions['onText']): SessionDoors {
  const { effects, audit } = runtime.stores;
  const shared = { effects, audit, clock: runtime.clock };
  const redact = redactorOf(runtime.env, config);
  const known = createKnown(knownSecrets(runtime.env, config));
  const models = modelsOf(runtime, request, config);
  return {
    model: createModelDoor({
      ...shared,
      random: Math.random,
      sleep,
      maskKnown: known.mask,
      ...(onText === undefined ? {} : { listen: liveText(createStreamRedactor(knownSecrets(runtime.env, config)), onText) }),
    }),
    tool: createToolDoor({ effects, audit, redact }),
    modelFor: (role, lean, model) => models.forRole(role, lean, model),
    redact,
    knownIn: known.find,
    announce: async () => undefined,
  };
}

function lookAt({ address }: Runtime, threadId: string): string {
  return address.url === undefined ? `governor show ${threadId.slice(0, 8)}` : `${address.url}/governor/threads/${threadId}/diff`;
}

function placesOf(on: {
  readonly runtime: Runtime;
  readonly facts: SessionFacts;
  readonly repository: Repository;
  readonly sandbox: Sandbox;
  readonly signal: AbortSignal;
}): SessionPlaces {
  const { runtime, facts, repository, sandbox, signal } = on;
  const prepared = new Map<string, Promise<Mounts>>();
  const options = async () => {
    const tree = await repository.treeOf(facts.request.base);
    return {
      repository,
      tree,
      config: facts.config.workspace,
      sandbox,
      stateFolder: runtime.home,
      signal,
      clock: runtime.clock,
      onEgress: egressRecord(runtime, facts),
    };
  };
  const prepare = async (installed: string): Promise<Mounts> => {
    const base = await options();
    const tree = installed === '' ? base.tree : await withInputs(base, { onto: base.tree, from: installed });
    return prepareWorkspace({ ...base, tree });
  };
  return {
    repository,
    sandbox,
    look: lookAt(runtime, facts.threadId),
    mounts: (installed = '') => {
      const mounts = prepared.get(installed) ?? prepare(installed);
      prepared.set(installed, mounts);
      return mounts;
    },
    install: async (tree) => installDependencies(await options(), tree),
    workFolder: (name) => join(runtime.home, 'work', facts.threadId, name),
    workTrees: new Map(),
  };
}

/** What a setup step did over the network, and what it was refused, on the record. */
function egressRecord({ stores }: Runtime, { threadId }: SessionFacts): NonNullable<PrepareOptions['onEgress']> {
  return async (argv, { hosts, refused }) => {
    await stores.audit.append({
      threadId,
      actor: 'governor',
      action: 'setup-egress',
      facts: {
        run: argv.join(' ').slice(0, 200),
        hosts: hosts.slice(0, MAX_TOLD_HOSTS).map((one) => ({ ...one, host: one.host.slice(0, 100) })),
        refused: refused.slice(0, MAX_TOLD_HOSTS).map(({ host, why }) => `${host.slice(0, 100)} ${why.slice(0, 150)}`),
        hosts_total: hosts.length,
        refused_total: refused.length,
      },
    });
  };
}

function extended(limits: Limits, extensions: Awaited<ReturnType<typeof extensionList.read>>): Limits {
  const sum = (pick: (extension: (typeof extensions)[number]) => number) =>
    extensions.reduce((total, extension) => total + pick(extension), 0);
  return { ...limits, machineTime: limits.machineTime + sum((one) => one.add_machine_ms) };
}
