/** Break-out attempts that tell whether a sandbox holds; flags that were passed are never trusted. */
import { closeSync, constants, existsSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { basename, join } from 'node:path';
import { StopError, toError } from '../domain/errors.ts';
import type { Canary, CommandResult, SandboxRequest } from '../domain/workspace.ts';
import { runProcess, searchPath } from './process.ts';
import { seccompProgram } from './sandbox/seccomp.ts';

type Run = (request: SandboxRequest) => Promise<CommandResult>;

/** What an attempt works with. */
interface Cage {
  readonly folder: string;
  /** A file outside the work tree that only the governor may read. */
  readonly secret: string;
  /** A port of this machine that answers `reached`. */
  readonly port: number;
  readonly run: (argv: readonly string[], network?: boolean) => Promise<CommandResult>;
}

/** What got out; undefined when nothing did. */
type GotOut = string | undefined;

/** A shell text, and what is known by what it printed. */
interface Told {
  readonly name: string;
  readonly script: (cage: Cage) => string;
  readonly gotOut: (said: string) => GotOut;
}

/** For what one command cannot tell beside others. */
interface Alone {
  readonly name: string;
  readonly attempt: (cage: Cage) => Promise<GotOut>;
}

const TIMEOUT_MS = 10_000;
/** How long what a command left may take to end with it, in ms. */
const WATCH_MS = 100;
const LOOK_MS = 10;
/** How long a daemon lives where nothing ends it, in seconds. */
const DAEMON_S = 30;
const NOT_TRIED = 'it could not be tried';

/** Elsewhere there is no such filter, and no layer says that there is. */
const HAS_FILTER = process.platform === 'linux' && seccompProgram(process.arch) !== undefined;

const saysYes =
  (what: string): ((said: string) => GotOut) =>
  (said) =>
    said.includes('yes') ? what : undefined;
const saysOnlyYes =
  (what: string): ((said: string) => GotOut) =>
  (said) =>
    said === 'yes' ? undefined : what;

/** In one command, one after the other, each in a shell of its own. */
const TOLD: readonly Told[] = [
  { name: 'a command runs', script: () => 'echo yes', gotOut: saysOnlyYes('no command runs') },
  { name: 'not root', script: () => 'id -u', gotOut: (said) => (/^[1-9]\d*$/.test(said) ? undefined : 'commands run as uid 0') },
  {
    name: 'host files',
    script: ({ secret }) => `cat ${secret} /etc/shadow 2>/dev/null`,
    gotOut: (said) => (said === '' ? undefined : 'a file of the governor or of the host can be read'),
  },
  {
    name: 'environment',
    script: () => 'env',
    gotOut: (said) => (/GOVERNOR|OPENAI|SECRET/.test(said) ? 'variables of the governor are seen' : undefined),
  },
  {
    name: 'network',
    script: ({ port }) => `node -e '${connects(port)}'`,
    gotOut: (said) => (said.includes('out') ? PORT_REACHED : undefined),
  },
  {
    name: 'remount',
    script: () => 'mount -o remount,rw,bind / 2>/dev/null && echo yes',
    gotOut: saysYes('the root was remounted'),
  },
  {
    name: 'kernel settings',
    script: () => '[ -w /proc/sys/kernel/core_pattern ] && echo yes',
    gotOut: saysYes('core_pattern can be written'),
  },
  {
    name: 'writes outside',
    script: () => 'touch /usr/canary /etc/canary /canary 2>/dev/null && echo yes',
    gotOut: (said) => (said.includes('yes') || existsSync('/usr/canary') ? 'a write outside the workspace succeeded' : undefined),
  },
  {
    name: 'system calls',
    script: () => 'grep -q "^Seccomp:.2" /proc/self/status && grep -q "^NoNewPrivs:.1" /proc/self/status && echo yes',
    gotOut: HAS_FILTER ? saysOnlyYes('system calls are not filtered') : () => undefined,
  },
  {
    name: 'own namespaces',
    script: () => 'unshare -U true 2>/dev/null && echo yes',
    gotOut: saysYes('a user namespace was made'),
  },
];

const ALONE: readonly Alone[] = [
  {
    name: 'network of setup',
    attempt: async ({ run, port }) => ((await run(['node', '-e', connects(port)], true)).stdout.includes('out') ? PORT_REACHED : undefined),
  },
  { name: 'no process left', attempt: processLeft },
];

/** Asks for the canaries before the first command of a process, and again only after they failed. */
export function createProof(): (canaries: () => Promise<readonly Canary[]>) => Promise<void> {
  let held: Promise<void> | undefined;
  return (canaries) => {
    held ??= canaries().then(
      (tried) => {
        const out = tried.filter(({ ok }) => !ok);
        if (out.length === 0) return;
        held = undefined;
        // Where no command runs at all, the others say the same.
        const told = (out[0]?.name === TOLD[0]?.name ? out.slice(0, 1) : out).map(({ name, detail }) => `${name} (${detail})`).join(', ');
        throw new StopError('SANDBOX_UNAVAILABLE', `sandbox: it does not hold: ${told}; nothing was run. See: governor doctor`);
      },
      (error: unknown) => {
        held = undefined;
        throw error;
      },
    );
    return held;
  };
}

export async function runCanaries(run: Run, stateFolder: string): Promise<Canary[]> {
  const work = join(stateFolder, 'work');
  mkdirSync(work, { recursive: true, mode: 0o711 });
  const folder = mkdtempSync(join(work, 'canary-'));
  const secret = `${folder}.secret`;
  writeFileSync(secret, 'canary-secret', { mode: 0o600 });
  const server = createServer((socket) => socket.end('reached'));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const inCage: Cage['run'] = (argv, network = false) =>
    run({ argv, workspace: folder, links: [], scratch: [], network, timeoutMs: TIMEOUT_MS });
  const cage = { folder, secret, port: portOf(server), run: inCage };
  try {
    const alone = ALONE.map(({ name, attempt }) => outcomeOf(name, () => attempt(cage)));
    return [...(await toldIn(cage)), ...(await Promise.all(alone))];
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
    rmSync(secret, { force: true });
  }
}

/** What is not told to its end did not hold: it was cut, or its command ended before. */
async function toldIn(cage: Cage): Promise<Canary[]> {
  // A word that nothing prints by chance.
  const mark = basename(cage.folder);
  const script = TOLD.map((one, index) => `echo "${mark} ${index}"; ( ${one.script(cage)} ); echo; echo "${mark} end"`).join('\n');
  const result = await cage.run(['sh', '-c', script]).catch(toError);
  if (result instanceof Error) return TOLD.map(({ name }) => ({ name, ok: false, detail: result.message }));
  const said = result.stdout.split(new RegExp(`^${mark} `, 'm'));
  return TOLD.map(({ name, gotOut }, index) => {
    const at = said.indexOf(said.find((part) => part.startsWith(`${index}\n`)) ?? '');
    const isWhole = at > 0 && said[at + 1]?.startsWith('end\n') === true;
    const out = isWhole ? gotOut((said[at] ?? '').slice(`${index}\n`.length).trim()) : NOT_TRIED;
    return { name, ok: out === undefined, detail: out ?? 'held' };
  });
}

async function outcomeOf(name: string, attempt: () => Promise<GotOut>): Promise<Canary> {
  try {
    const gotOut = await attempt();
    return { name, ok: gotOut === undefined, detail: gotOut ?? 'held' };
  } catch (error) {
    return { name, ok: false, detail: toError(error).message };
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const PORT_REACHED = 'a port of this machine was reached';

/** Says so where it reaches the port. It has no quote of the shell. */
const connects = (port: number): string =>
  `const s=require("net").connect(${port},"127.0.0.1");s.on("data",()=>{console.log("out");process.exit()});s.on("error",()=>process.exit())`;

/** A daemon holds a pipe open: whether it lives is known at once, on a busy machine too. */
async function processLeft({ run, folder }: Cage): Promise<GotOut> {
  const pipe = join(folder, 'pipe');
  await runProcess(['mkfifo', '-m', '666', pipe], { cwd: folder, env: { PATH: searchPath() }, timeoutMs: TIMEOUT_MS });
  const end = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const daemon = `exec 3> pipe; echo > ready; exec sleep ${DAEMON_S}`;
    await run(['sh', '-c', `setsid sh -c "${daemon}" & while [ ! -e ready ]; do sleep 0.01; done`]);
    if (!existsSync(join(folder, 'ready'))) return NOT_TRIED;
    for (let waited = 0; isHeld(end); waited += LOOK_MS) {
      if (waited >= WATCH_MS) return 'a process outlived its command';
      await new Promise((wake) => setTimeout(wake, LOOK_MS));
    }
    return undefined;
  } finally {
    closeSync(end);
  }
}

/** Reading a pipe without a writer is its end; with one it would block. */
function isHeld(end: number): boolean {
  try {
    return readSync(end, Buffer.alloc(1)) > 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return true;
    throw error;
  }
}
