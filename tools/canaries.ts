/** Break-out attempts that tell whether a sandbox holds; flags that were passed are never trusted. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { toError } from '../domain/errors.ts';
import type { Canary, CommandResult, SandboxRequest } from '../domain/workspace.ts';

type Run = (request: SandboxRequest) => Promise<CommandResult>;

const TIMEOUT_MS = 10_000;

export async function runCanaries(run: Run, stateFolder: string): Promise<Canary[]> {
  const work = join(stateFolder, 'work');
  mkdirSync(work, { recursive: true, mode: 0o711 });
  const folder = mkdtempSync(join(work, 'canary-'));
  const secret = `${folder}.secret`;
  writeFileSync(secret, 'canary-secret', { mode: 0o600 });
  const sh = (script: string, timeoutMs = TIMEOUT_MS): Promise<CommandResult> =>
    run({ argv: ['sh', '-c', script], workspace: folder, links: [], scratch: [], network: false, timeoutMs });
  const results: Canary[] = [];
  const held = async (name: string, attempt: () => Promise<string | undefined>): Promise<void> => {
    try {
      const gotOut = await attempt();
      results.push({ name, ok: gotOut === undefined, detail: gotOut ?? 'held' });
    } catch (error) {
      results.push({ name, ok: false, detail: toError(error).message });
    }
  };
  const server = createServer((socket) => socket.end('reached'));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    await held('a command runs', async () => ((await sh('echo yes')).stdout.trim() === 'yes' ? undefined : 'no command runs'));
    await held('not root', async () => ((await sh('id -u')).stdout.trim() === '0' ? 'commands run as uid 0' : undefined));
    await held('host files', async () =>
      (await sh(`cat ${secret} /etc/shadow 2>/dev/null`)).stdout === '' ? undefined : 'a file of the governor or of the host can be read',
    );
    await held('environment', async () =>
      /GOVERNOR|OPENAI|SECRET/.test((await sh('env')).stdout) ? 'variables of the governor are seen' : undefined,
    );
    await held('network', async () => {
      const script = `const s=require("net").connect(${port},"127.0.0.1");s.on("data",()=>{console.log("out");process.exit()});s.on("error",()=>process.exit())`;
      const got = await run({
        argv: [process.execPath, '-e', script],
        workspace: folder,
        links: [],
        scratch: [],
        network: false,
        timeoutMs: TIMEOUT_MS,
      });
      return got.stdout.includes('out') ? 'a port of this machine was reached' : undefined;
    });
    await held('remount', async () =>
      (await sh('mount -o remount,rw,bind / 2>/dev/null && echo out')).stdout.includes('out') ? 'the root was remounted' : undefined,
    );
    await held('kernel settings', async () =>
      (await sh('[ -w /proc/sys/kernel/core_pattern ] && echo out')).stdout.includes('out') ? 'core_pattern can be written' : undefined,
    );
    await held('writes outside', async () =>
      (await sh('touch /usr/canary /etc/canary /canary 2>/dev/null && echo out')).stdout.includes('out') || existsSync('/usr/canary')
        ? 'a write outside the workspace succeeded'
        : undefined,
    );
    await held('no process left', async () => {
      await sh('setsid sh -c "while true; do date +%s%N > beat; sleep 0.05; done" & sleep 30', 500);
      const beat = (): string => (existsSync(join(folder, 'beat')) ? readFileSync(join(folder, 'beat'), 'utf8') : '');
      const before = beat();
      await new Promise((wake) => setTimeout(wake, 300));
      return beat() === before ? undefined : 'a process outlived its time cap';
    });
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
    rmSync(secret, { force: true });
  }
  return results;
}
