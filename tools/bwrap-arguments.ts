/** The argument list of bubblewrap: what a command sees of the machine, and as whom it runs. */
import { existsSync, realpathSync } from 'node:fs';
import type { SandboxRequest } from '../domain/workspace.ts';
import type { Places } from './mounts.ts';
import { EGRESS_SOCKET, proxyVariables, throughForwarder } from './sandbox/forwarder.ts';
import type { NodeInstall } from './sandbox/node-install.ts';

/** A root governor runs commands as this uid: it owns nothing else on the machine. */
export const SANDBOX_UID = 61_234;
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
  'services',
  'protocols',
];

const MIB = 1024 * 1024;

/** A request whose mounts are opened and known. */
export type PlacedRequest = Omit<SandboxRequest, 'workspace' | 'links' | 'scratch'> & Omit<Places, 'unmake'>;

/** What the command's own process answers when a mount is not what was opened. */
export const MOUNT_CHANGED = { exitCode: 213, says: 'governor: a mount is not what was checked' } as const;

interface Machine {
  /** Whether the governor itself runs as root. */
  readonly root: boolean;
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
  const { root, concealed, node, egressSocket, hasFilter, inherited } = on;
  return [
    'bwrap',
    ...isolation(root),
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
    ...(root ? otherUser() : []),
    ...entered(request, inherited),
    ...['prlimit', ...LIMITS, '--'],
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

/** The work tree, with its links read-only and its scratch folders empty. */
function mounts({ workspace, links, scratch }: PlacedRequest): string[] {
  return [
    ...['--bind', workspace.from, '/workspace'],
    ...links.flatMap((link) => ['--ro-bind', link.from, `/workspace/${link.at}`]),
    ...scratch.flatMap((path) => temporary(`/workspace/${path}`, '0777', 512 * MIB)),
  ];
}

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
const otherUser = (): string[] => [
  ...['setpriv', `--reuid=${SANDBOX_UID}`, `--regid=${SANDBOX_UID}`, '--clear-groups'],
  ...['--inh-caps=-all', '--bounding-set=-all', '--no-new-privs', '--'],
];
