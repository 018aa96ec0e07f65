/** The argument list of bubblewrap: what a command sees of the machine, and as whom it runs. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SandboxRequest } from '../domain/workspace.ts';

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
];
const ETC_NETWORK = ['resolv.conf', 'hosts', 'services', 'protocols'];

const MIB = 1024 * 1024;
/** Where Node is installed: with /usr, or a folder that must be shown too. */
const NODE_PREFIX = dirname(dirname(process.execPath));
const IS_NODE_IN_USR = NODE_PREFIX.startsWith('/usr');

/** The folders of the machine whose programs commands see under the same name. */
export const shownFolders = (): string[] => ['/usr', '/bin', '/sbin', '/lib', '/lib64', NODE_PREFIX].filter((path) => existsSync(path));

/**
 * @param on `root`: whether the governor itself runs as root; `concealed`: folders of the machine that no command sees.
 */
export function bwrapArguments(
  request: SandboxRequest,
  { root, concealed }: { readonly root: boolean; readonly concealed: readonly string[] },
): string[] {
  return [
    'bwrap',
    ...isolation(root),
    ...(request.network ? [] : ['--unshare-net']),
    '--hostname',
    'sandbox',
    ...machine(request.network),
    ...concealedFolders(concealed),
    ...emptyFolders(),
    ...workspace(request),
    ...['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', '/'],
    ...environment(request),
    '--',
    ...(root ? otherUser() : []),
    // The folder is entered last: bwrap's own uid may not be allowed into a tree that was given away.
    ...['env', '-C', '/workspace', 'prlimit', ...LIMITS, '--'],
    ...request.argv,
  ];
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
function machine(network: boolean): string[] {
  const folders = ['bin', 'sbin', 'lib', 'lib32', 'lib64'].filter((name) => existsSync(`/${name}`));
  return [
    ...['--tmpfs', '/', '--dir', '/etc', '--dir', '/etc/ssl', '--dir', '/home', '--ro-bind', '/usr', '/usr'],
    ...folders.flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]),
    ...(IS_NODE_IN_USR ? [] : ['--ro-bind', NODE_PREFIX, NODE_PREFIX]),
    ...[...ETC, ...(network ? ETC_NETWORK : [])].flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]),
    ...['--proc', '/proc', '--ro-bind-try', '/proc/sys', '/proc/sys', '--dev', '/dev'],
  ];
}

/** Empty folders over those that lie in what `machine` shows; the others are not there at all. */
function concealedFolders(folders: readonly string[]): string[] {
  const shown = ['/usr', NODE_PREFIX].map((path) => `${realpathSync(path)}/`);
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
function workspace({ workspace: folder, links, scratch }: SandboxRequest): string[] {
  return [
    ...['--bind', folder, '/workspace'],
    ...links.flatMap((link) => ['--ro-bind', link.from, `/workspace/${link.at}`]),
    ...scratch.flatMap((path) => {
      const link = links.find(({ at }) => path.startsWith(`${at}/`));
      // A mount point cannot be made inside a read-only link.
      if (link !== undefined && !existsSync(join(link.from, path.slice(link.at.length + 1)))) return [];
      return temporary(`/workspace/${path}`, '0777', 512 * MIB);
    }),
  ];
}

function environment(request: SandboxRequest): string[] {
  const variables = {
    PATH: `${IS_NODE_IN_USR ? '' : `${NODE_PREFIX}/bin:`}/usr/local/bin:/usr/bin:/bin`,
    HOME: '/home/agent',
    LANG: 'C.UTF-8',
    TMPDIR: '/tmp',
    CI: 'true',
    NO_COLOR: '1',
    ...request.env,
  };
  return Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value]);
}

/** Leaves root for good. */
const otherUser = (): string[] => [
  ...['setpriv', `--reuid=${SANDBOX_UID}`, `--regid=${SANDBOX_UID}`, '--clear-groups'],
  ...['--inh-caps=-all', '--bounding-set=-all', '--no-new-privs', '--'],
];
