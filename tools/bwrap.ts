/** Commands in bubblewrap: own root, empty environment, no network, own pid namespace, another uid, limits. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StopError, toError } from '../domain/errors.ts';
import type { CommandResult, Sandbox, SandboxRequest } from '../domain/workspace.ts';
import { runCanaries } from './canaries.ts';
import { makePlaces } from './mounts.ts';
import { type ProcessResult, runProcess } from './process.ts';
import { createQuota, type Growth } from './quota.ts';

/** A root governor runs commands as this uid: it owns nothing else on the machine. */
export const SANDBOX_UID = 61_234;
const OUTPUT_BYTES = 64 * 1024;
const LIMITS = ['--nproc=512', `--fsize=${1024 * 1024 * 1024}`, '--nofile=4096', '--core=0'];
const ETC = [
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'alternatives',
  'ssl/certs',
  'ssl/openssl.cnf',
  'ca-certificates',
  'nsswitch.conf',
  'localtime',
  'mime.types',
];
const ETC_NETWORK = ['resolv.conf', 'hosts', 'services', 'protocols'];

/** Longest wait for the empty command that tells whether bwrap itself failed, in ms. */
const PROBE_MS = 10_000;

export function createBwrap(stateFolder: string, growth?: Growth): Sandbox {
  const root = process.getuid?.() === 0;
  const start = (request: SandboxRequest, signal: AbortSignal): Promise<ProcessResult> =>
    runProcess(argvOf(request, root), {
      cwd: '/',
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
      timeoutMs: request.timeoutMs,
      outputBytes: request.outputBytes ?? OUTPUT_BYTES,
      signal,
    });
  const quota = createQuota({ growth, uid: root ? SANDBOX_UID : undefined });
  const run = (asked: SandboxRequest): Promise<CommandResult> =>
    quota.run(asked, async (signal) => {
      const places = makePlaces(asked);
      const request = { ...asked, ...places };
      try {
        const result = await start(request, signal);
        // A command may print bwrap's words itself: an empty one tells.
        if (bwrapFailed(result) !== undefined) {
          const problem = bwrapFailed(await start({ ...request, argv: ['true'], timeoutMs: PROBE_MS }, signal));
          if (problem !== undefined) throw unavailable(problem);
        }
        return { ...result, stdout: result.stdout.toString('utf8'), stderr: result.stderr.toString('utf8') };
      } catch (error) {
        if ((toError(error) as { code?: unknown }).code === 'ENOENT') throw unavailable('bwrap is not installed'); // a spawn error carries a code
        throw error;
      } finally {
        places.unmake();
      }
    });
  return { level: 'bwrap', run, canaries: () => runCanaries(run, stateFolder) };
}

/** What bwrap said when it could not start the command. */
function bwrapFailed(result: ProcessResult): string | undefined {
  const stderr = result.stderr.toString('utf8');
  return result.exitCode === 1 && stderr.startsWith('bwrap: ') && !stderr.startsWith('bwrap: execvp') ? stderr.split('\n')[0] : undefined;
}

function unavailable(problem: string): StopError {
  return new StopError(
    'SANDBOX_UNAVAILABLE',
    `sandbox: ${problem}; nothing was run. Install it (apt-get install bubblewrap) and see: governor doctor`,
  );
}

function argvOf(request: SandboxRequest, root: boolean): string[] {
  const argv = [
    'bwrap',
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup-try',
    '--new-session',
    '--die-with-parent',
    '--clearenv',
  ];
  // As root the mounts are made by real root, so that a 0700 home is reachable, and setpriv leaves that uid for good.
  if (root) argv.push('--cap-drop', 'ALL', '--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID', '--cap-add', 'CAP_SETPCAP');
  else argv.push('--unshare-user', '--disable-userns', '--cap-drop', 'ALL');
  if (!request.network) argv.push('--unshare-net');
  argv.push('--hostname', 'sandbox', '--tmpfs', '/', '--dir', '/etc', '--dir', '/etc/ssl', '--dir', '/home', '--ro-bind', '/usr', '/usr');
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64'])
    if (existsSync(`/${name}`)) argv.push('--symlink', `usr/${name}`, `/${name}`);
  const prefix = dirname(dirname(process.execPath));
  if (!prefix.startsWith('/usr')) argv.push('--ro-bind', prefix, prefix);
  for (const name of [...ETC, ...(request.network ? ETC_NETWORK : [])]) argv.push('--ro-bind-try', `/etc/${name}`, `/etc/${name}`);
  argv.push(
    '--proc',
    '/proc',
    '--ro-bind-try',
    '/proc/sys',
    '/proc/sys',
    '--dev',
    '/dev',
    '--size',
    String(64 * 1024 * 1024),
    '--perms',
    '1777',
    '--tmpfs',
    '/dev/shm',
  );
  argv.push(
    '--size',
    String(512 * 1024 * 1024),
    '--perms',
    '1777',
    '--tmpfs',
    '/tmp',
    '--size',
    String(256 * 1024 * 1024),
    '--perms',
    '0777',
    '--tmpfs',
    '/home/agent',
  );
  argv.push('--bind', request.workspace, '/workspace');
  for (const link of request.links) argv.push('--ro-bind', link.from, `/workspace/${link.at}`);
  for (const path of request.scratch) {
    const under = request.links.some((link) => path.startsWith(`${link.at}/`));
    const host = request.links
      .map((link) => (path.startsWith(`${link.at}/`) ? join(link.from, path.slice(link.at.length + 1)) : ''))
      .find((place) => place !== '');
    if (under && (host === undefined || !existsSync(host))) continue; // a mount point cannot be made inside a read-only link
    argv.push('--size', String(512 * 1024 * 1024), '--perms', '0777', '--tmpfs', `/workspace/${path}`);
  }
  argv.push('--remount-ro', '/dev', '--remount-ro', '/', '--chdir', '/');
  const path = prefix.startsWith('/usr') ? '' : `${prefix}/bin:`;
  const env = {
    PATH: `${path}/usr/local/bin:/usr/bin:/bin`,
    HOME: '/home/agent',
    LANG: 'C.UTF-8',
    TMPDIR: '/tmp',
    CI: 'true',
    NO_COLOR: '1',
    ...request.env,
  };
  for (const [name, value] of Object.entries(env)) argv.push('--setenv', name, value);
  argv.push('--');
  if (root)
    argv.push(
      'setpriv',
      `--reuid=${SANDBOX_UID}`,
      `--regid=${SANDBOX_UID}`,
      '--clear-groups',
      '--inh-caps=-all',
      '--bounding-set=-all',
      '--no-new-privs',
      '--',
    );
  // The folder is entered last: bwrap's own uid may not be allowed into a tree that was given away.
  return [...argv, 'env', '-C', '/workspace', 'prlimit', ...LIMITS, '--', ...request.argv];
}
