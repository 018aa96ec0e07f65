/**
 * Switches each control off, one at a time, in a copy of this checkout, and runs its test: that must fail. A control that no test misses
 * is a claim that nothing proves. `npm run test:controls [-- <words of a name>]`.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONTROLS } from './controls.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const LEFT_OUT = new Set(['node_modules', '.git', 'dist']);
const asked = process.argv.slice(2).join(' ');

const copy = mkdtempSync(join(tmpdir(), 'governor-controls-'));
cpSync(root, copy, { recursive: true, filter: (from) => from === root || !LEFT_OUT.has(basename(from)) });
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
// Without the set-up that builds the package: none of these tests starts it.
writeFileSync(
  join(copy, 'vitest.controls.config.ts'),
  "export default { test: { include: ['test/**/*.test.ts'], globals: true, testTimeout: 120_000, hookTimeout: 60_000 } };\n",
);

/** Did it pass, errors outside of tests counted too? Undefined: it did not run. */
function passes(test) {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--config',
      'vitest.controls.config.ts',
      '--bail=1',
      '--reporter=json',
      `--outputFile.json=${report}`,
      test,
    ],
    { cwd: copy, stdio: 'ignore' },
  );
  try {
    const { numTotalTests, success } = JSON.parse(readFileSync(report, 'utf8'));
    return numTotalTests === 0 ? undefined : success && status === 0;
  } catch {
    return undefined;
  }
}

/** What is wrong; undefined: its test misses it. */
function faultOf({ file, on, off, test }) {
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(on).length !== 2) return `${file} holds ${JSON.stringify(on)} ${source.split(on).length - 1} times, not once`;
  writeFileSync(
    path,
    source.replace(on, () => off),
  );
  const passed = passes(test);
  writeFileSync(path, source);
  if (passed === undefined) return `${test} does not run without it`;
  return passed ? `${test} passes without it` : undefined;
}

const chosen = CONTROLS.filter(({ name }) => name.includes(asked));
let failed = 0;
try {
  for (const test of new Set(chosen.map((one) => one.test))) {
    if (passes(test) === true) continue;
    failed += 1;
    console.log(`FAIL ${test} does not pass with every control on`);
  }
  for (const control of chosen) {
    const fault = faultOf(control);
    if (fault !== undefined) failed += 1;
    console.log(`${fault === undefined ? 'ok  ' : 'FAIL'} ${control.name}${fault === undefined ? '' : `: ${fault}`}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${chosen.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 && chosen.length > 0 ? 0 : 1;
