/** Runs one process to its end: time cap, output cap, whole process group killed. The only door to child processes. */
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { type Readable, Writable } from 'node:stream';

export interface ProcessOptions {
  readonly cwd: string;
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Kept per stream, head and tail; default 8 MiB. */
  readonly outputBytes?: number;
  readonly signal?: AbortSignal;
  readonly stdin?: string | Uint8Array;
  /** What the process reads from its descriptor 3. */
  readonly third?: Uint8Array | undefined;
}

export interface ProcessResult {
  /** Null when it was killed. */
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly truncated: boolean;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

const DEFAULT_OUTPUT_BYTES = 8 * 1024 * 1024;
/** What a companion may say of its end, in bytes. */
const STDERR_BYTES = 4096;
/** After the process itself has ended, how long its pipes may stay open, in ms: a daemon may hold them for ever. */
const PIPE_GRACE_MS = 200;
/** Turns of the event loop that read what is still in the pipes: each reads 64 KiB or more, and a pipe holds less than 1 MiB. */
const PIPE_TURNS = 32;

/** Keeps the first and the last half of a stream. */
class Capture {
  readonly #cap: number;
  #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  total = 0;

  constructor(cap: number) {
    this.#cap = Math.max(2, cap);
  }

  push(chunk: Buffer): void {
    this.total += chunk.length;
    const half = Math.ceil(this.#cap / 2);
    let rest = chunk;
    if (this.#headBytes < half) {
      const part = rest.subarray(0, half - this.#headBytes);
      this.#head.push(part);
      this.#headBytes += part.length;
      rest = rest.subarray(part.length);
    }
    if (rest.length === 0) return;
    this.#tail.push(rest);
    this.#tailBytes += rest.length;
    while (this.#tailBytes - (this.#tail[0]?.length ?? 0) >= this.#cap - half) this.#tailBytes -= this.#tail.shift()?.length ?? 0;
  }

  get truncated(): boolean {
    return this.total > this.#cap;
  }

  bytes(): Buffer {
    const head = Buffer.concat(this.#head);
    const tail = Buffer.concat(this.#tail);
    if (!this.truncated) return Buffer.concat([head, tail]);
    const kept = tail.subarray(Math.max(0, tail.length - (this.#cap - head.length)));
    return Buffer.concat([head, Buffer.from(`\n[${this.total - head.length - kept.length} bytes left out]\n`), kept]);
  }
}

/** Rejects only when the process cannot be started, or with the signal's reason. */
export function runProcess(argv: readonly string[], options: ProcessOptions): Promise<ProcessResult> {
  const [command, ...rest] = argv;
  if (command === undefined) return Promise.reject(new Error('an empty command'));
  options.signal?.throwIfAborted();
  const cap = options.outputBytes ?? DEFAULT_OUTPUT_BYTES;
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = start(command, rest, options);
    const stdout = new Capture(cap);
    const stderr = new Capture(cap);
    let timedOut = false;
    let settled = false;
    const kill = (): void => killGroup(child);
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, options.timeoutMs);
    const settle = (finish: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', kill);
      kill();
      child.stdout.destroy();
      child.stderr.destroy();
      finish();
    };
    options.signal?.addEventListener('abort', kill, { once: true });
    const done = (exitCode: number | null): void =>
      settle(() => {
        if (options.signal?.aborted === true) reject(options.signal.reason);
        else
          resolve({
            exitCode,
            stdout: stdout.bytes(),
            stderr: stderr.bytes(),
            truncated: stdout.truncated || stderr.truncated,
            timedOut,
            durationMs: Math.round(performance.now() - startedAt),
          });
      });
    for (const [stream, capture] of [
      [child.stdout, stdout],
      [child.stderr, stderr],
    ] as const)
      captureAll(stream, capture);
    child.on('error', (error) => settle(() => reject(error)));
    child.on('exit', (code) => setTimeout(() => whenRead(stdout, stderr, () => done(code)), PIPE_GRACE_MS).unref());
    child.on('close', (code) => done(code));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
  });
}

function start(command: string, rest: readonly string[], { cwd, env, third }: ProcessOptions): ChildProcessWithoutNullStreams {
  const stdio = Array.from({ length: third === undefined ? 3 : 4 }, () => 'pipe' as const);
  const child = spawn(command, rest, { cwd, env: { ...env }, detached: true, stdio }) as ChildProcessWithoutNullStreams; // the first three are pipes
  const more = child.stdio[3];
  if (third === undefined || !(more instanceof Writable)) return child;
  more.on('error', () => undefined);
  more.end(third);
  return child;
}

/**
 * Calls `then` when a turn of the event loop found nothing more to read: a program that was held up has not yet read what the process
 * wrote before its end. A daemon that writes on is not waited for.
 */
function whenRead(stdout: Capture, stderr: Capture, then: () => void, turns = PIPE_TURNS): void {
  const before = stdout.total + stderr.total;
  setImmediate(() => {
    if (turns > 1 && stdout.total + stderr.total > before) whenRead(stdout, stderr, then, turns - 1);
    else then();
  });
}

/** However much a process writes, it is read: what is too much is left out, and only time ends it. */
function captureAll(stream: Readable, capture: Capture): void {
  stream.on('data', (chunk: Buffer) => capture.push(chunk));
  stream.on('error', () => undefined);
}

/** Kills a process and all that it started; it leads a group of its own. */
function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // the group is gone already
  }
}

/** A process that is asked again and again. */
export interface Companion {
  write(text: string): void;
  /** While an answer is waited for, this process does not end by itself. */
  expect(isExpected: boolean): void;
  /** Ends it and all that it started. Dies this process, it sees the end of its input, and ends. */
  end(): void;
}

/** `onEnd` is called once, with what it said of it; not after `end`. */
export function openProcess(
  argv: readonly string[],
  options: Pick<ProcessOptions, 'cwd' | 'env'> & { readonly onOutput: (chunk: Buffer) => void; readonly onEnd: (why: string) => void },
): Companion {
  const [command = '', ...rest] = argv;
  const child = spawn(command, rest, { cwd: options.cwd, env: { ...options.env }, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const said = new Capture(STDERR_BYTES);
  let ended = false;
  const onEnd = (why: string): void => {
    if (ended) return;
    ended = true;
    options.onEnd(why);
  };
  child.stdout.on('data', (chunk: Buffer) => {
    if (!ended) options.onOutput(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined);
  child.on('error', (error) => onEnd(error.message));
  child.on('close', () => onEnd(said.bytes().toString('utf8').trim()));
  const held = [child, child.stdin, child.stdout, child.stderr] as readonly { ref?(): void; unref?(): void }[]; // pipes are sockets
  return {
    write: (text) => void child.stdin.write(text),
    expect: (isExpected) => {
      for (const one of held) {
        if (isExpected) one.ref?.();
        else one.unref?.();
      }
    },
    end: () => {
      ended = true;
      killGroup(child);
    },
  };
}

/** Starts a process that outlives this one, without pipes. */
export function spawnDetached(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): void {
  const [command, ...rest] = argv;
  if (command === undefined) throw new Error('an empty command');
  spawn(command, rest, { cwd: '/', env: { ...env }, detached: true, stdio: 'ignore' }).unref();
}

/** Where the governor's own tools (git, bwrap) are looked for. */
export function searchPath(): string {
  return process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';
}

/** Where git finds the configuration of the person who runs this process. */
export function userGitEnvironment(): Record<string, string> {
  const names = ['HOME', 'XDG_CONFIG_HOME', 'GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM', 'GIT_CONFIG_NOSYSTEM', 'SUDO_UID'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}
