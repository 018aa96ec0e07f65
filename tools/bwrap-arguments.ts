/** The argument list of bubblewrap: what a command sees of the machine, and as whom it runs. */
import { existsSync, realpathSync } from 'node:fs';
import type { SandboxLimits } from '../domain/sandbox-limits.ts';
import type { SandboxRequest } from '../domain/workspace.ts';
import type { Places } from './mounts.ts';
import { EGRESS_SOCKET, proxyVariables, throughForwarder } from './sandbox/forwarder.ts';
import { resourceLimits } from './sandbox/limits.ts';
import { type NodeInstall, nodeInstall } from './sandbox/node-install.ts';

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
  // Without it no program finds `localhost`.
  'hosts',
  'services',
  'protocols',
];

const MIB = 1024 * 1024;

/** The folders of the machine whose programs commands see under the same name. */
export function shownFolders(): string[] {
  const { bin, folders } = nodeInstall(realpathSync(process.execPath));
  const node = bin === undefined ? folders : [bin, ...folders];
  return ['/usr', '/bin', '/sbin', '/lib', '/lib64', ...node].filter((path) => existsSync(path));
}

/** A request whose mounts are opened and known. */
export type PlacedRequest = Omit<SandboxRequest, 'workspace' | 'links' | 'scratch' | 'readOnly'> & Omit<Places, 'unmake'>;

/** What the command's own process answers when a mount is not what was opened. */
export const MOUNT_CHANGED = { exitCode: 213, says: 'governor: a mount is not what was checked' } as const;

export interface Machine {
  /** As whom commands of a root governor run; undefined: it is not root, and each has a user namespace. */
  readonly user: number | undefined;
  readonly limits: SandboxLimits;
  /** Folders of the machine that no command sees. */
  readonly concealed: readonly string[];
  readonly node: NodeInstall;
  /** Descriptors of the governor that no command may have. */
  readonly inherited: readonly number[];
  /** Whether bubblewrap reads a system-call filter from its descriptor 3. */
  readonly hasFilter: boolean;
  /** The socket of the proxy that this command may use. */
  readonly egressSocket?: string | undefined;
}

export function bwrapArguments(request: PlacedRequest, on: Machine): string[] {
  const { user, concealed, node, egressSocket, hasFilter, inherited } = on;
  return [
    'bwrap',
    ...isolation(user !== undefined),
    ...(hasFilter ? ['--seccomp', '3'] : []),
    '--unshare-net',
    '--hostname',
    'sandbox',
    ...machine(),
    ...(egressSocket === undefined ? [] : ['--perms', '0755', '--dir', '/run', '--ro-bind', egressSocket, EGRESS_SOCKET]),
    ...emptyFolders(),
    ...node.mounts,
    ...concealedFolders(concealed, node),
    ...mounts(request),
    ...['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', '/'],
    ...environment(request, node),
    '--',
    ...(user === undefined ? [] : otherUser(user)),
    ...entered(request, inherited),
    ...['prlimit', ...resourceLimits(on.limits, request.timeoutMs), '--'],
    ...(egressSocket === undefined ? request.argv : throughForwarder(node.program, request.argv)),
  ];
}

/**
 * Enters the work tree, last, since bwrap's own uid may not be allowed into a tree that was given away; closes what the governor was
 * started with; and goes on only where each mount is what was opened, whatever was put in its place since.
 */
function entered({ workspace, links }: PlacedRequest, inherited: readonly number[]): string[] {
  const identities = [workspace, ...links].map(({ identity }) => identity).join('\n');
  const places = links.map(({ at }) => `./${at}`);
  const arguments_ = places.map((_, index) => `"\${${index + 1}}"`).join(' ');
  const script = [
    ...inherited.map((descriptor) => `exec ${descriptor}>&-`),
    'cd /workspace || exit 126',
    // Where memory ends, what ran away goes first, and never the governor.
    'echo 1000 > /proc/self/oom_score_adj',
    'known=$1',
    'shift',
    `[ "$(stat -c %d:%i -- . ${arguments_})" = "$known" ] || { echo '${MOUNT_CHANGED.says}' >&2; exit ${MOUNT_CHANGED.exitCode}; }`,
    `shift ${places.length}`,
    'exec "$@"',
  ].join('\n');
  // Other shells close no descriptor of two digits.
  return [inherited.some((descriptor) => descriptor > 9) ? 'bash' : 'sh', '-c', script, 'sh', identities, ...places];
}

function isolation(root: boolean): string[] {
  const always = ['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', '--new-session', '--die-with-parent'];
  // As root the mounts are made by real root, so that a 0700 home is reachable, and setpriv leaves that uid for good.
  const user = root
    ? ['--cap-drop', 'ALL', '--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID', '--cap-add', 'CAP_SETPCAP']
    : ['--unshare-user', '--disable-userns', '--cap-drop', 'ALL'];
  return [...always, '--clearenv', ...user];
}

/** What is shown of the machine, read-only. */
function machine(): string[] {
  const folders = ['bin', 'sbin', 'lib', 'lib32', 'lib64'].filter((name) => existsSync(`/${name}`));
  return [
    ...['--tmpfs', '/', '--dir', '/etc', '--dir', '/etc/ssl', '--dir', '/home', '--ro-bind', '/usr', '/usr'],
    ...folders.flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]),
    ...ETC.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]),
    ...['--proc', '/proc', '--ro-bind-try', '/proc/sys', '/proc/sys', '--dev', '/dev'],
  ];
}

/** Empty folders over those that lie in what `machine` shows; the others are not there at all. */
function concealedFolders(folders: readonly string[], node: NodeInstall): string[] {
  const shown = ['/usr', ...node.folders].map((path) => `${realpathSync(path)}/`);
  const real = folders.filter((path) => existsSync(path)).map((path) => realpathSync(path));
  return real.filter((path) => shown.some((root) => path.startsWith(root))).flatMap((path) => ['--tmpfs', path, '--remount-ro', path]);
}

/** Writable, capped and gone with the command. */
const temporary = (path: string, permissions: string, bytes: number): string[] => [
  ...['--size', String(bytes), '--perms', permissions, '--tmpfs', path],
];

const emptyFolders = (): string[] => [
  ...temporary('/dev/shm', '1777', 64 * MIB),
  ...temporary('/tmp', '1777', 512 * MIB),
  ...temporary('/home/agent', '0777', 256 * MIB),
];

/** The work tree, with its links and some of its files read-only and its scratch folders empty. */
function mounts({ workspace, links, scratch, readOnly }: PlacedRequest): string[] {
  return [
    ...['--bind', workspace.from, '/workspace'],
    ...foldersAbove(readOnly).flatMap((path) => ['--bind', `${workspace.from}/${path}`, `/workspace/${path}`]),
    ...readOnly.flatMap((path) => ['--ro-bind', `${workspace.from}/${path}`, `/workspace/${path}`]),
    ...links.flatMap((link) => ['--ro-bind', link.from, `/workspace/${link.at}`]),
    ...scratch.flatMap((path) => temporary(`/workspace/${path}`, '0777', 512 * MIB)),
  ];
}

/** Each a mount of its own, or the folder could be moved away with what is read-only in it; those above come first. */
const foldersAbove = (paths: readonly string[]): string[] =>
  [
    ...new Set(
      paths.flatMap((path) =>
        path
          .split('/')
          .slice(0, -1)
          .map((_, index, parts) => parts.slice(0, index + 1).join('/')),
      ),
    ),
  ].toSorted();

function environment(request: PlacedRequest, { bin }: NodeInstall): string[] {
  const variables = {
    PATH: `${bin === undefined ? '' : `${bin}:`}/usr/local/bin:/usr/bin:/bin`,
    HOME: '/home/agent',
    LANG: 'C.UTF-8',
    TMPDIR: '/tmp',
    CI: 'true',
    NO_COLOR: '1',
    ...(request.network ? proxyVariables() : {}),
    ...request.env,
  };
  return Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value]);
}

/** Leaves root for good. */
const otherUser = (user: number): string[] => [
  ...['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'],
  ...['--inh-caps=-all', '--bounding-set=-all', '--no-new-privs', '--'],
];
