/** Runs configured checks in a checkout, in the sandbox, and writes what they did as evidence. */
import { StopError } from '../domain/errors.ts';
import { type CheckResult, FILES } from '../domain/handoff.ts';
import { sha256 } from '../domain/ids.ts';
import type { CommandResult, WorkTree } from '../domain/workspace.ts';
import type { Session } from './session.ts';

/** Kept of a check's output, in bytes per stream. */
const LOG_BYTES = 256 * 1024;

export interface RanCheck {
  readonly result: CheckResult;
  /** Standard output, then standard error; redacted. */
  readonly log: string;
  /** Which limit kept it from its end; undefined where it ended. */
  readonly stopped: string | undefined;
}

interface CheckToRun {
  readonly id: string;
  readonly run: readonly string[];
  readonly timeout: number;
}

/**
 * Runs the checks in order, each in the same tree: what one writes is thrown away before the next, and what the last one writes too,
 * unless the checkout is `done` with.
 */
export async function runChecks(
  session: Session,
  options: { checkout: WorkTree; tree: string; attempt: number; checks: readonly CheckToRun[]; done?: boolean },
): Promise<RanCheck[]> {
  const ran: RanCheck[] = [];
  const mounts = await session.places.mounts();
  for (const check of options.checks) {
    session.signal.throwIfAborted();
    await session.stores.audit.append({
      threadId: session.facts.threadId,
      actor: 'governor',
      action: 'check-start',
      attempt: options.attempt,
      facts: { check: check.id, argv: check.run },
    });
    const outcome = await session.places.sandbox.run({
      argv: check.run,
      workspace: options.checkout.folder,
      ...mounts,
      network: false,
      timeoutMs: check.timeout,
      outputBytes: LOG_BYTES,
      signal: session.signal,
    });
    const stopped = limitOf(outcome, check.timeout);
    const status = stopped !== undefined ? 'error' : outcome.exitCode === 0 ? 'pass' : 'fail';
    const log = session.doors.redact(outcome.stderr === '' ? outcome.stdout : `${outcome.stdout}\n${outcome.stderr}`);
    const evidence = await writeEvidence(session, {
      attempt: options.attempt,
      log,
      body: {
        id: check.id,
        argv: check.run,
        status,
        exit_code: outcome.exitCode,
        duration_ms: outcome.durationMs,
        timed_out: outcome.timedOut,
        truncated: outcome.truncated,
        output_sha256: sha256(log),
        tree: options.tree,
        sandbox: session.places.sandbox.level,
      },
    });
    await session.stores.audit.append({
      threadId: session.facts.threadId,
      actor: 'governor',
      action: 'check-end',
      attempt: options.attempt,
      facts: { check: check.id, status, exit_code: outcome.exitCode },
    });
    ran.push({
      result: { id: check.id, status, exit_code: outcome.exitCode, duration_ms: outcome.durationMs, evidence: evidence.path },
      log,
      stopped,
    });
    if (options.done !== true || ran.length < options.checks.length) await options.checkout.restore(options.tree);
  }
  return ran;
}

function limitOf({ timedOut, exitCode }: CommandResult, timeoutMs: number): string | undefined {
  if (timedOut) return `it ran longer than its timeout of ${timeoutMs / 1000} s`;
  if (exitCode === null) return 'a signal killed it, as it does at a limit of memory, processor time or file size';
  return exitCode === 127 ? 'its program was not found (exit code 127)' : undefined;
}

/** What agents are told of the sandbox: the programs that projects are usually built, tested and searched with. */
const PROGRAMS =
  'node npm npx pnpm yarn bun deno python3 pip3 uv pytest go cargo rustc java mvn gradle ruby bundle php composer dotnet make cmake gcc clang rg jq'.split(
    ' ',
  );
const PROGRAMS_MS = 10_000;

/** Which of them are there, in the order of the list. */
export async function findPrograms(session: Session, checkout: WorkTree): Promise<string[]> {
  const look = 'for name in "$@"; do if command -v "$name" >/dev/null 2>&1; then echo "$name"; fi; done';
  const { exitCode, stdout } = await session.places.sandbox.run({
    argv: ['sh', '-c', look, 'sh', ...PROGRAMS],
    workspace: checkout.folder,
    ...(await session.places.mounts()),
    network: false,
    timeoutMs: PROGRAMS_MS,
    signal: session.signal,
  });
  const there = new Set(exitCode === 0 ? stdout.split('\n') : []);
  return PROGRAMS.filter((name) => there.has(name));
}

interface Evidence {
  readonly attempt: number;
  readonly log: string;
  readonly body: { readonly id: string; readonly [fact: string]: unknown };
}

/** Writes `evidence/<attempt>/<check>.json` and `.log`. */
async function writeEvidence(session: Session, { attempt, log, body }: Evidence): Promise<{ path: string }> {
  const { dossier } = session.stores;
  const { threadId } = session.facts;
  if (!/^[A-Za-z0-9._-]{1,80}$/.test(body.id))
    throw new StopError('INTERNAL', `evidence: ${JSON.stringify(body.id)} is no name of a check`);
  await dossier.writeText(threadId, FILES.log(attempt, body.id), session.doors.redact(log));
  const path = FILES.evidence(attempt, body.id);
  await dossier.writeJson(threadId, path, {
    kind: 'evidence',
    version: 1,
    thread_id: threadId,
    attempt,
    inputs: [],
    made_by: 'governor',
    made_at: new Date(session.clock.now()).toISOString(),
    body,
  });
  return { path };
}
