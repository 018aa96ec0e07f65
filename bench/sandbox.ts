/**
 * What the sandbox costs a command beside the same command without one, in the same process and turn about: `npm run bench:sandbox [-- times]`.
 * Ends with exit code 1 above the cap, in ms between the fastest of each: what else the machine does lies above those.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProcess } from '../tools/process.ts';
import { createSandbox } from '../tools/sandbox.ts';

const TIMES = Number(process.argv[2] ?? 60);
const CAP_MS = 25;
const COMMANDS: readonly (readonly string[])[] = [['true'], ['sh', '-c', ':'], ['git', '--version'], ['node', '-e', '0']];

const round = (ms: number): number => Number(ms.toFixed(1));
const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

async function timed(work: () => Promise<{ readonly exitCode: number | null }>): Promise<number> {
  const startedAt = performance.now();
  const { exitCode } = await work();
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}`);
  return performance.now() - startedAt;
}

const folder = mkdtempSync(join(tmpdir(), 'governor-bench-'));
const [workspace, modules] = [join(folder, 'tree'), join(folder, 'modules')];
for (const path of [workspace, modules]) mkdirSync(path);
const sandbox = createSandbox({ level: 'bwrap', stateFolder: folder });
const env = { PATH: '/usr/local/bin:/usr/bin:/bin' };
const links = [{ from: modules, root: folder, at: 'node_modules' }];
const isolated = (argv: readonly string[]) =>
  sandbox.run({ argv, workspace, links, scratch: ['.cache'], network: false, timeoutMs: 30_000 });

const startedAt = performance.now();
await isolated(['true']);
const proof = performance.now() - startedAt;
const rows = [];
for (const argv of COMMANDS) {
  const [plain, boxed]: [number[], number[]] = [[], []];
  for (let at = 0; at < TIMES; at += 1) {
    plain.push(await timed(() => runProcess(argv, { cwd: workspace, env, timeoutMs: 30_000 })));
    boxed.push(await timed(() => isolated(argv)));
  }
  const [before, after] = [quantile(plain, 0.5), quantile(boxed, 0.5)];
  rows.push({
    command: argv.join(' '),
    plain_ms: { median: round(before), p95: round(quantile(plain, 0.95)) },
    sandbox_ms: { median: round(after), p95: round(quantile(boxed, 0.95)) },
    fastest_ms: { plain: round(Math.min(...plain)), sandbox: round(Math.min(...boxed)) },
    over_ms: round(Math.min(...boxed) - Math.min(...plain)),
    ratio: round(Math.min(...boxed) / Math.min(...plain)),
  });
}
rmSync(folder, { recursive: true, force: true });
process.stdout.write(
  `${JSON.stringify({ times: TIMES, layers: sandbox.layers, first_command_ms: round(proof), cap_ms: CAP_MS, rows }, null, 2)}\n`,
);
if (rows.some(({ over_ms }) => over_ms > CAP_MS)) process.exitCode = 1;
