/**
 * `npm run test:controls-off [-- name]`: switches each wall off in a copy of the committed tree and shows that its test fails there.
 * A control whose test still passes is an error: either nothing tests it, or something else holds in its place.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ATTACK = { test: 'test/tools/sandbox-attack.test.ts', config: 'vitest.hostile.config.ts' };
const UNIT = { config: 'vitest.unit.config.ts' };

/** What is replaced where, and which test must fail then. The canaries are switched off with it, where they would fail first. */
const CONTROLS = [
  { name: 'own network', file: 'tools/bwrap-arguments.ts', from: "    '--unshare-net',\n", to: '', ...ATTACK, title: 'directly' },
  {
    name: 'system calls',
    file: 'tools/bwrap-arguments.ts',
    from: "hasFilter ? ['--seccomp', '3'] : []",
    to: '[]',
    ...ATTACK,
    title: 'not root',
  },
  {
    name: 'inherited descriptors',
    file: 'tools/bwrap-arguments.ts',
    from: 'entered(request, inherited)',
    to: 'entered(request, [])',
    ...ATTACK,
    title: 'descriptor',
  },
  {
    name: 'memory',
    file: 'tools/sandbox/limits.ts',
    from: 'limits.memoryMiB * MIB',
    to: '2 ** 50',
    ...ATTACK,
    title: 'more memory',
  },
  {
    name: 'users',
    file: 'tools/sandbox/user.ts',
    from: 'if (run === undefined) return first;',
    to: 'return first;',
    ...UNIT,
    test: 'test/tools/sandbox/user.test.ts',
    title: 'user of its own',
  },
  {
    name: 'allowed hosts',
    file: 'tools/sandbox/egress-rules.ts',
    from: 'if (allowed.some(',
    to: 'if (host || allowed.some(',
    ...UNIT,
    test: 'test/tools/sandbox/egress-proxy.test.ts',
    title: 'another host',
  },
  {
    name: 'judged addresses',
    file: 'tools/sandbox/egress-proxy.ts',
    from: 'if (wrong !== undefined)',
    to: 'if (wrong === null)',
    ...UNIT,
    test: 'test/tools/sandbox/egress-proxy.test.ts',
    title: 'stands for this machine',
  },
  {
    name: 'one lookup',
    file: 'tools/sandbox/egress-proxy.ts',
    from: '{ host: address, port }',
    to: '{ host: (await (this.#options.resolve ?? resolveByMachine)(host))[0] ?? address, port }',
    ...UNIT,
    test: 'test/tools/sandbox/egress-proxy.test.ts',
    title: 'looked up once',
  },
  {
    name: 'mount roots',
    file: 'tools/mounts.ts',
    from: 'if (inside === undefined)',
    to: "if (real === '')",
    ...UNIT,
    test: 'test/tools/mounts.test.ts',
    title: 'folder of the host',
  },
  {
    name: 'mount identity',
    file: 'tools/bwrap-arguments.ts',
    from: '= "$known" ]',
    to: '= "$known" ] || true',
    ...UNIT,
    test: 'test/tools/mounts.test.ts',
    title: 'what is mounted',
  },
  {
    name: 'taken places',
    file: 'tools/mounts.ts',
    from: 'if (there !== undefined) throw',
    to: 'if (there === null) throw',
    ...UNIT,
    test: 'test/tools/mounts.test.ts',
    title: 'a link to a folder',
  },
  {
    name: 'links that setup makes',
    file: 'tools/prepare.ts',
    from: '      assertNoLinkOut(out);\n',
    to: '',
    ...UNIT,
    test: 'test/tools/prepare.test.ts',
    title: 'is no link to /etc',
  },
  {
    name: 'key of the setup',
    file: 'tools/prepare.ts',
    from: '...from,',
    to: '',
    ...UNIT,
    test: 'test/tools/prepare.test.ts',
    title: 'this repository and base alone',
  },
  {
    name: 'node alone',
    file: 'tools/sandbox/node-install.ts',
    from: "...['--ro-bind', binary, join(bin, 'node')],",
    to: "...['--ro-bind', dirname(bin), dirname(bin)],",
    ...UNIT,
    test: 'test/tools/sandbox/node-install.test.ts',
    title: 'nvm',
  },
];

const only = process.argv[2];
const folder = mkdtempSync(join(tmpdir(), 'governor-controls-'));
const copy = join(folder, 'copy');
let missed = 0;

function edit(file, from, to) {
  const path = join(copy, file);
  const before = readFileSync(path, 'utf8');
  if (!before.includes(from)) throw new Error(`${file}: ${JSON.stringify(from)} is not there; mend scripts/controls-off.mjs`);
  writeFileSync(
    path,
    before.replace(from, () => to),
  );
  return () => writeFileSync(path, before);
}

/** The numbers of tests that passed and failed; a file that does not load counts as neither. */
function run({ config, test, title }) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const ran = spawnSync(process.execPath, [vitest, 'run', '--config', config, test, '-t', title, '--reporter=json'], {
    cwd: copy,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const report = ran.stdout.slice(ran.stdout.indexOf('{"numTotal'));
  const { numPassedTests: passed, numFailedTests: failed } = JSON.parse(report);
  return { passed, failed };
}

try {
  execFileSync('sh', ['-c', 'mkdir "$0" && git archive HEAD | tar -x -C "$0"', copy], { cwd: root });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  // The tests of walls need nothing built.
  for (const config of ['vitest.unit.config.ts', 'vitest.hostile.config.ts']) edit(config, "globalSetup: ['test/fresh-build.ts'],", '');
  for (const control of CONTROLS.filter(({ name }) => only === undefined || name === only)) {
    const on = run(control);
    const restore = [edit(control.file, control.from, control.to), edit('tools/bwrap.ts', 'await proven(canaries);', '')];
    const off = run(control);
    for (const back of restore.toReversed()) back();
    const shown = on.passed > 0 && on.failed === 0 && off.failed > 0;
    if (!shown) missed += 1;
    console.log(
      `${shown ? 'ok  ' : 'FAIL'} without ${control.name}: ${off.failed} of ${off.failed + off.passed} fail (with it ${on.failed})`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = missed > 0 ? 1 : 0;
