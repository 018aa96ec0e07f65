/** Runs configured checks in a checkout, in the sandbox, and writes what they did as evidence. */

import { StopError } from '../domain/errors.ts';
import { type CheckResult, FILES } from '../domain/handoff.ts';
import { sha256 } from '../domain/ids.ts';
import { isTestFile } from '../domain/test-files.ts';
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
  /** Added to what every command has. */
  readonly env?: Readonly<Record<string, string>>;
  /** Read of its output, in bytes per stream; default 256 KiB. */
  readonly outputBytes?: number;
  /** Judges it by more than its exit code, before what it wrote is thrown away. */
  readonly judge?: (ended: EndedCheck) => Promise<Judged> | Judged;
}

interface EndedCheck {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly log: string;
  /** Which limit kept it from its end; undefined where it ended. */
  readonly stopped: string | undefined;
}

interface Judged {
  readonly status: CheckResult['status'];
  /** By how many tests, where somebody counted. */
  readonly tests?: CheckResult['tests'];
  /** Kept as its evidence in place of what it printed. */
  readonly log?: string;
}

/**
 * Runs the checks in order, each in the same tree: what one writes is thrown away before the next. Files of tests are read-only meanwhile,
 * so that no code under test changes what tests it.
 */
export async function runChecks(session: Session, options: InTree & { readonly checks: readonly CheckToRun[] }): Promise<RanCheck[]> {
  const ran: RanCheck[] = [];
  const readOnly = options.checks.length === 0 ? [] : await testFilesOf(session, options.tree);
  for (const check of options.checks) {
    session.signal.throwIfAborted();
    ran.push(await runCheck(session, options, check, readOnly));
    await options.checkout.restore(options.tree);
  }
  return ran;
}

interface InTree {
  readonly checkout: WorkTree;
  readonly tree: string;
  readonly attempt: number;
}

async function runCheck(session: Session, { checkout, tree, attempt }: InTree, check: CheckToRun, readOnly: string[]): Promise<RanCheck> {
  const told = (action: 'check-start' | 'check-end', facts: Readonly<Record<string, unknown>>) =>
    session.stores.audit.append({ threadId: session.facts.threadId, actor: 'governor', action, attempt, facts });
  await told('check-start', { check: check.id, argv: check.run });
  const outcome = await session.places.sandbox.run({
    argv: check.run,
    workspace: checkout.folder,
    ...(await session.places.mounts()),
    readOnly,
    network: false,
    timeoutMs: check.timeout,
    outputBytes: check.outputBytes ?? LOG_BYTES,
    ...(check.env === undefined ? {} : { env: check.env }),
    signal: session.signal,
  });
  const ended = endOf(session, outcome, check.timeout);
  const { status, log = ended.log, tests } = await (check.judge ?? byExitCode)(ended);
  const counted = tests === undefined ? {} : { tests };
  const evidence = await writeEvidence(session, {
    attempt,
    log,
    body: {
      id: check.id,
      argv: check.run,
      status,
      exit_code: outcome.exitCode,
      ...counted,
      duration_ms: outcome.durationMs,
      timed_out: outcome.timedOut,
      truncated: outcome.truncated,
      output_sha256: sha256(log),
      tree,
      sandbox: session.places.sandbox.level,
    },
  });
  await told('check-end', { check: check.id, status, exit_code: outcome.exitCode });
  const result = {
    id: check.id,
    status,
    exit_code: outcome.exitCode,
    duration_ms: outcome.durationMs,
    evidence: evidence.path,
    ...counted,
  };
  return { result, log, stopped: ended.stopped };
}

function endOf(session: Session, outcome: CommandResult, timeoutMs: number): EndedCheck {
  const printed = outcome.stderr === '' ? outcome.stdout : `${outcome.stdout}\n${outcome.stderr}`;
  const stopped = limitOf(outcome, timeoutMs);
  return { exitCode: outcome.exitCode, stdout: outcome.stdout, log: session.doors.redact(printed), stopped };
}

const byExitCode = ({ stopped, exitCode }: EndedCheck): Judged => ({
  status: stopped !== undefined ? 'error' : exitCode === 0 ? 'pass' : 'fail',
});

/** Each is a mount, and a command starts slower with more: 30 ms with a hundred, 0.3 s with as many. */
const MAX_READ_ONLY = 500;

async function testFilesOf(session: Session, tree: string): Promise<string[]> {
  const entries = await session.places.repository.listTree(tree);
  const files = entries.filter(({ path, mode }) => mode.startsWith('100') && isTestFile(path)).map(({ path }) => path);
  return files.slice(0, MAX_READ_ONLY);
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
