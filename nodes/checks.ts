/** Runs configured checks in a checkout, in the sandbox, and writes what they did as evidence. */
import { StopError } from '../domain/errors.ts';
import { type CheckResult, FILES } from '../domain/handoff.ts';
import { sha256 } from '../domain/ids.ts';
import type { WorkTree } from '../domain/workspace.ts';
import type { Session } from './session.ts';

/** Kept of a check's output, in bytes per stream. */
const LOG_BYTES = 256 * 1024;

export interface RanCheck {
  readonly result: CheckResult;
  /** Standard output, then standard error; redacted. */
  readonly log: string;
}

interface CheckToRun {
  readonly id: string;
  readonly run: readonly string[];
  readonly timeout: number;
}

/** Runs the checks in order, each in the same tree: what one writes is thrown away before the next. */
export async function runChecks(
  session: Session,
  options: { checkout: WorkTree; tree: string; attempt: number; checks: readonly CheckToRun[] },
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
    const status =
      outcome.timedOut || outcome.exitCode === null || outcome.exitCode === 127 ? 'error' : outcome.exitCode === 0 ? 'pass' : 'fail';
    const log = session.doors.redact(outcome.stderr === '' ? outcome.stdout : `${outcome.stdout}\n${outcome.stderr}`);
    const evidence = await writeEvidence(
      session,
      options.attempt,
      check.id,
      {
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
      log,
    );
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
    });
    await options.checkout.restore(options.tree);
  }
  return ran;
}

/** Writes `evidence/<attempt>/<check>.json` and `.log`. */
async function writeEvidence(session: Session, attempt: number, check: string, result: unknown, log: string): Promise<{ path: string }> {
  if (!/^[A-Za-z0-9._-]{1,80}$/.test(check)) throw new StopError('INTERNAL', `evidence: ${JSON.stringify(check)} is no name of a check`);
  await session.stores.dossier.writeText(session.facts.threadId, FILES.log(attempt, check), session.doors.redact(log));
  const path = FILES.evidence(attempt, check);
  await session.stores.dossier.writeJson(session.facts.threadId, path, {
    kind: 'evidence',
    version: 1,
    thread_id: session.facts.threadId,
    attempt,
    inputs: [],
    made_by: 'governor',
    made_at: new Date(session.clock.now()).toISOString(),
    body: result,
  });
  return { path };
}
