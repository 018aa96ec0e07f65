/** The controls around commands: what they see, reach and use up. */
import { control } from './control.mjs';

/** @type {readonly import('./control.mjs').Control[]} */
export const SANDBOX_CONTROLS = [
  control(
    'a command has a network of its own',
    'tools/bwrap-arguments.ts',
    { on: "    '--unshare-net',\n", off: '' },
    'test/tools/canaries.test.ts',
  ),
  control(
    'system calls are filtered',
    'tools/bwrap-arguments.ts',
    { on: "hasFilter ? ['--seccomp', '3'] : []", off: '[]' },
    'test/tools/canaries.test.ts',
  ),
  control(
    'calls that attack the kernel are refused',
    'tools/sandbox/seccomp.ts',
    { on: 'call(numbers[architecture], [answer(refuse(EPERM))])', off: 'call(numbers[architecture], [answer(ALLOW)])' },
    'test/tools/sandbox/seccomp.test.ts',
  ),
  control(
    'descriptors of who started the governor are closed',
    'tools/bwrap-arguments.ts',
    { on: 'entered(request, inherited)', off: 'entered(request, [])' },
    'test/tools/sandbox-attack.test.ts',
  ),
  control(
    'a process has a limit of memory',
    'tools/sandbox/limits.ts',
    { on: 'limits.memoryMiB * MIB', off: '2 ** 50' },
    'test/tools/sandbox-attack.test.ts',
  ),
  control(
    'each run has a user of its own',
    'tools/sandbox/user.ts',
    { on: 'if (run === undefined) return first;', off: 'return first;' },
    'test/tools/sandbox/user.test.ts',
  ),
  control(
    'setup asks allowed hosts alone',
    'tools/sandbox/egress-rules.ts',
    { on: 'if (allowed.some(', off: 'if (host || allowed.some(' },
    'test/tools/sandbox/egress-rules.test.ts',
  ),
  control(
    'setup connects to judged addresses alone',
    'tools/sandbox/egress-proxy.ts',
    { on: 'if (wrong !== undefined)', off: 'if (wrong === null)' },
    'test/tools/sandbox/egress-proxy.test.ts',
  ),
  control(
    'what was judged is connected to',
    'tools/sandbox/egress-proxy.ts',
    { on: '{ host: address, port }', off: '{ host: (await (this.#options.resolve ?? resolveByMachine)(host))[0] ?? address, port }' },
    'test/tools/sandbox/egress-proxy.test.ts',
  ),
  control(
    'a mount comes from inside its root',
    'tools/mounts.ts',
    { on: 'if (inside === undefined)', off: "if (real === '')" },
    'test/tools/mounts.test.ts',
  ),
  control(
    'what is mounted is what was checked',
    'tools/bwrap-arguments.ts',
    { on: '= "$known" ]', off: '= "$known" ] || true' },
    'test/tools/mounts.test.ts',
  ),
  control(
    'nothing stands in the place of a mount',
    'tools/mounts.ts',
    { on: 'if (there !== undefined) throw', off: 'if (there === null) throw' },
    'test/tools/mounts.test.ts',
  ),
  control('setup makes no link out', 'tools/prepare.ts', { on: '      assertNoLinkOut(out);\n', off: '' }, 'test/tools/prepare.test.ts'),
  control('one setup serves one repository and base', 'tools/prepare.ts', { on: '...from,', off: '' }, 'test/tools/prepare.test.ts'),
  control(
    'commands may make a work tree grow by so much',
    'tools/quota.ts',
    { on: 'if (bytes <= growth.bytes && files <= growth.files) return undefined;', off: 'if (bytes >= 0 || files >= 0) return undefined;' },
    'test/tools/quota.test.ts',
  ),
  control(
    'temporary folders of a command have a size',
    'tools/bwrap-arguments.ts',
    { on: "'--size', String(bytes), '--perms'", off: "'--perms'" },
    'test/tools/sandbox-walls-attack.test.ts',
  ),
  control(
    'a command has a number of processes',
    'tools/sandbox/limits.ts',
    { on: 'limits.processes}', off: 'limits.processes * 1000}' },
    'test/tools/sandbox.test.ts',
  ),
  control(
    'output that is kept has a size',
    'tools/process.ts',
    { on: 'const cap = options.outputBytes ?? DEFAULT_OUTPUT_BYTES;', off: 'const cap = 2 ** 30;' },
    'test/tools/sandbox.test.ts',
  ),
  control(
    'of Node its own files alone are shown',
    'tools/sandbox/node-install.ts',
    { on: "...['--ro-bind', binary, join(bin, 'node')],", off: "...['--ro-bind', dirname(bin), dirname(bin)]," },
    'test/tools/sandbox/node-install.test.ts',
  ),
];
