/** Break-out attempts that tell whether a sandbox holds; flags that were passed are never trusted. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { StopError, toError } from '../domain/errors.ts';
import type { Canary, CommandResult, SandboxRequest } from '../domain/workspace.ts';

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
  /** What a shell text prints, without blanks around it. */
  readonly says: (script: string) => Promise<string>;
}

const TIMEOUT_MS = 10_000;
/** How long is looked whether a command that has ended still writes, in ms. */
const WATCH_MS = 100;

/** Elsewhere there is no such filter, and no layer says that there is. */
const HAS_FILTER = process.platform === 'linux' && seccompProgram(process.arch) !== undefined;

/** Each says what got out; undefined when nothing did. */
const ATTEMPTS: readonly (readonly [name: string, attempt: (cage: Cage) => Promise<string | undefined>])[] = [
  ['a command runs', async ({ says }) => ((await says('echo yes')) === 'yes' ? undefined : 'no command runs')],
  ['not root', async ({ says }) => ((await says('id -u')) === '0' ? 'commands run as uid 0' : undefined)],
  [
    'host files',
    async ({ run, secret }) =>
      (await run(['sh', '-c', `cat ${secret} /etc/shadow 2>/dev/null`])).stdout === ''
        ? undefined
        : 'a file of the governor or of the host can be read',
  ],
  [
    'environment',
    async ({ says }) => (/GOVERNOR|OPENAI|SECRET/.test(await says('env')) ? 'variables of the governor are seen' : undefined),
  ],
  ['network', (cage) => portReached(cage, false)],
  ['network of setup', (cage) => portReached(cage, true)],
  [
    'remount',
    async ({ says }) =>
      (await says('mount -o remount,rw,bind / 2>/dev/null && echo out')).includes('out') ? 'the root was remounted' : undefined,
  ],
  [
    'kernel settings',
    async ({ says }) =>
      (await says('[ -w /proc/sys/kernel/core_pattern ] && echo out')).includes('out') ? 'core_pattern can be written' : undefined,
  ],
  [
    'writes outside',
    async ({ says }) =>
      (await says('touch /usr/canary /etc/canary /canary 2>/dev/null && echo out')).includes('out') || existsSync('/usr/canary')
        ? 'a write outside the workspace succeeded'
        : undefined,
  ],
  [
    'system calls',
    async ({ says }) =>
      !HAS_FILTER ||
      (await says('grep -q "^Seccomp:.2" /proc/self/status && grep -q "^NoNewPrivs:.1" /proc/self/status && echo yes')) === 'yes'
        ? undefined
        : 'system calls are not filtered',
  ],
  [
    'own namespaces',
    async ({ says }) => ((await says('unshare -U true 2>/dev/null && echo out')).includes('out') ? 'a user namespace was made' : undefined),
  ],
  ['no process left', processLeft],
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
        const told = (out[0]?.name === ATTEMPTS[0]?.[0] ? out.slice(0, 1) : out)
          .map(({ name, detail }) => `${name} (${detail})`)
          .join(', ');
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
  const says = async (script: string): Promise<string> => (await inCage(['sh', '-c', script])).stdout.trim();
  const cage = { folder, secret, port: portOf(server), run: inCage, says };
  try {
    return await Promise.all(ATTEMPTS.map(([name, attempt]) => outcomeOf(name, () => attempt(cage))));
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
    rmSync(secret, { force: true });
  }
}

async function outcomeOf(name: string, attempt: () => Promise<string | undefined>): Promise<Canary> {
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

/** By its port and, as a setup step, with the network that such a step has. */
async function portReached({ run, port }: Cage, network: boolean): Promise<string | undefined> {
  const script = `const s=require("net").connect(${port},"127.0.0.1");s.on("data",()=>{console.log("out");process.exit()});s.on("error",()=>process.exit())`;
  return (await run(['node', '-e', script], network)).stdout.includes('out') ? 'a port of this machine was reached' : undefined;
}

async function processLeft({ run, folder }: Cage): Promise<string | undefined> {
  const daemon = 'while true; do date +%s%N > beat; sleep 0.02; done';
  await run(['sh', '-c', `setsid sh -c "${daemon}" & while [ ! -s beat ]; do sleep 0.01; done`]);
  const beat = (): string => (existsSync(join(folder, 'beat')) ? readFileSync(join(folder, 'beat'), 'utf8') : '');
  const before = beat();
  await new Promise((wake) => setTimeout(wake, WATCH_MS));
  return beat() === before ? undefined : 'a process outlived its command';
}
