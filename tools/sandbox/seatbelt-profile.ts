/** The profile of a command for `sandbox-exec`: everything is denied that is not named. */

/** What programs of macOS need to start; nothing of a person is in it. */
const SYSTEM = [
  '/bin',
  '/sbin',
  '/usr',
  '/System',
  '/Library/Apple',
  '/Library/Developer',
  '/Applications/Xcode.app/Contents/Developer',
  '/opt/homebrew',
  '/private/etc/ssl',
  '/private/var/db/dyld',
  '/private/var/db/timezone',
  '/private/var/select',
];
const DEVICES = ['/dev/null', '/dev/zero', '/dev/random', '/dev/urandom', '/dev/dtracehelper', '/dev/tty'];

export interface SeatbeltPlaces {
  /** Real paths; the profile knows no others. */
  readonly writable: readonly string[];
  readonly readable: readonly string[];
  /** Files in what is writable that are not; one whose name no profile can hold is left out. */
  readonly readOnly: readonly string[];
  /** The port of the egress proxy on the loopback; undefined: no network. */
  readonly port?: number | undefined;
}

export function seatbeltProfile({ writable, readable, readOnly, port }: SeatbeltPlaces): string {
  return [
    '(version 1)',
    '(deny default)',
    '(allow process-fork)',
    '(allow process-exec)',
    '(allow signal (target same-sandbox))',
    '(allow process-info* (target same-sandbox))',
    '(allow sysctl-read)',
    '(allow mach-lookup (global-name "com.apple.system.opendirectoryd.libinfo"))',
    '(allow file-read-metadata)',
    '(allow file-read* (literal "/"))',
    `(allow file-read* ${subpaths([...SYSTEM, ...readable, ...writable])})`,
    `(allow file-write* ${subpaths(writable)})`,
    ...readOnly.filter(isQuotable).map((path) => `(deny file-write* (literal ${quoted(path)}))`),
    `(allow file-read* file-write-data file-ioctl ${DEVICES.map((path) => `(literal ${quoted(path)})`).join(' ')})`,
    ...(port === undefined ? [] : [`(allow network-outbound (remote ip "localhost:${port}"))`]),
    '',
  ].join('\n');
}

const subpaths = (paths: readonly string[]): string => paths.map((path) => `(subpath ${quoted(path)})`).join(' ');

const isQuotable = (path: string): boolean => !/[\u0000-\u001f\u007f]/.test(path);

/** A string of the profile's language, which has the escapes of C. @throws Error for what it has none for. */
function quoted(path: string): string {
  if (!isQuotable(path)) throw new Error(`${JSON.stringify(path)}: a path with control characters cannot stand in a profile`);
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
