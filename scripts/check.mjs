/** `npm run check`: every tool that reads the code, at once; only what fails is printed. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules/.bin', name);

const TOOLS = [
  { name: 'house', argv: [process.execPath, 'scripts/house.mjs'] },
  { name: 'generated', argv: [process.execPath, '--import', 'tsx', 'scripts/generated.mjs'] },
  { name: 'biome', argv: [bin('biome'), 'check', '--error-on-warnings', '--max-diagnostics=50', '.'] },
  { name: 'oxlint', argv: [bin('oxlint'), '--type-aware', '--deny-warnings', '.'] },
  { name: 'knip', argv: [bin('knip'), '--no-progress'] },
  { name: 'tsc', argv: [bin('tsc'), '--noEmit'] },
];

/** Runs one tool to its end; never rejects. */
function run({ name, argv: [command, ...rest] }) {
  const started = process.hrtime.bigint();
  return new Promise((resolve) => {
    const child = spawn(command, rest, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    const done = (ok) => resolve({ name, ok, output, seconds: Number(process.hrtime.bigint() - started) / 1e9 });
    child.on('error', (error) => {
      output += String(error);
      done(false);
    });
    child.on('close', (code) => done(code === 0));
  });
}

let failed = 0;
await Promise.all(
  TOOLS.map(async (tool) => {
    const { name, ok, output, seconds } = await run(tool);
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(9)} ${seconds.toFixed(1)} s`);
    if (ok) return;
    failed += 1;
    console.log(output.trimEnd().replace(/^/gm, '     '));
  }),
);
process.exitCode = failed > 0 ? 1 : 0;
