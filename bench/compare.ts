/**
 * This checkout beside another one, both built, by turns in one run; medians. `npm run bench:compare -- <folder> [--turns 3] [--steps 150]`.
 * The other's sources are measured by the bench of this one; nothing is written in its folder.
 */
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { median } from './server/numbers.ts';

const { values: flags, positionals } = parseArgs({
  options: { turns: { type: 'string', default: '3' }, steps: { type: 'string', default: '150' } },
  allowPositionals: true,
});
const here = resolve(import.meta.dirname, '..');
const other = resolve(positionals[0] ?? '.');
const run = promisify(execFile);

const overheadSchema = z.object({
  happy: z.object({ own_ms: z.number(), git_processes: z.number() }),
  step_ms: z.object({ median: z.number(), cpu: z.number() }),
  plain: z.object({ step_ms: z.number() }),
});

/** A folder with this checkout's bench beside the rooms of `root`. */
function benchOf(root: string, folder: string): string {
  mkdirSync(folder);
  for (const name of readdirSync(root)) if (name !== 'bench' && !name.startsWith('.')) symlinkSync(join(root, name), join(folder, name));
  cpSync(join(here, 'bench'), join(folder, 'bench'), { recursive: true });
  return join(folder, 'bench/overhead.ts');
}

async function overhead(root: string, folder: string): Promise<Record<string, number>> {
  const { stdout } = await run(process.execPath, ['--import', import.meta.resolve('tsx'), benchOf(root, folder), flags.steps], {
    cwd: here,
  });
  const { happy, step_ms: step, plain } = overheadSchema.parse(JSON.parse(stdout));
  return {
    'step of the lead, ms': step.median,
    'step of the lead, CPU ms': step.cpu,
    'the same step of plain LangGraph, ms': plain.step_ms,
    'happy path, own ms': happy.own_ms,
    'happy path, git processes': happy.git_processes,
  };
}

async function help(root: string): Promise<Record<string, number>> {
  const since = performance.now();
  await run(process.execPath, [join(root, 'dist/cli/main.js'), '--help']);
  return { 'governor --help, ms': performance.now() - since };
}

/** From the start of `governor serve` on this package's own graphs to its first answer. */
async function serve(root: string, home: string): Promise<Record<string, number>> {
  const port = await freePort();
  const since = performance.now();
  const argv = [join(root, 'dist/cli/main.js'), 'serve', '--config', join(root, 'langgraph.json'), '--home', home, '--port', String(port)];
  const child = spawn(process.execPath, argv, { cwd: tmpdir(), stdio: 'ignore' });
  try {
    for (;;) {
      const isUp = await fetch(`http://127.0.0.1:${port}/ok`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isUp) return { 'server start to first answer, ms': performance.now() - since };
      if (child.exitCode !== null || performance.now() - since > 60_000) throw new Error(`the server of ${root} did not start`);
      await new Promise((wake) => setTimeout(wake, 5));
    }
  } finally {
    const gone = new Promise((end) => child.once('exit', end));
    if (child.exitCode === null && child.kill('SIGKILL')) await gone;
  }
}

function freePort(): Promise<number> {
  return new Promise((found) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => found(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

const found = { before: new Map<string, number[]>(), now: new Map<string, number[]>() };
const folder = mkdtempSync(join(tmpdir(), 'governor-compare-'));
for (let turn = 0; turn < Number(flags.turns); turn += 1) {
  for (const [side, root] of [
    ['before', other],
    ['now', here],
  ] as const) {
    const place = join(folder, `${turn}-${side}`);
    const measured = { ...(await help(root)), ...(await serve(root, `${place}-home`)), ...(await overhead(root, place)) };
    for (const [name, value] of Object.entries(measured)) found[side].set(name, [...(found[side].get(name) ?? []), value]);
    console.error(`turn ${turn + 1}, ${side}`);
  }
}
rmSync(folder, { recursive: true, force: true });
console.log('| measure | before | now | ratio |\n| --- | --- | --- | --- |');
for (const [name, values] of found.now) {
  const [before, now] = [median(found.before.get(name) ?? []), median(values)];
  console.log(`| ${name} | ${before.toFixed(1)} | ${now.toFixed(1)} | ${(now / before).toFixed(2)} |`);
}
