/** The system-call filter of every command, as the kernel's classic BPF: what is not refused here is allowed. */
import { type Architecture, FAMILIES, JUDGED, NETLINK, NEW_NAMESPACES, NEW_TIME, REFUSED, TERMINAL_INPUT } from './syscalls.ts';

/** `AUDIT_ARCH_*` of `linux/audit.h`. */
const AUDIT_ARCH: Readonly<Record<Architecture, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 };
/** Numbers from here on are x32, whose calls are other ones by the same architecture. */
const X32 = 0x40000000;

/** Offsets in `struct seccomp_data`; of arguments the low half, which is all that the kernel reads of these. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const argument = (index: number): number => 16 + 8 * index;

const ALLOW = 0x7fff0000;
const refuse = (errno: number): number => 0x00050000 | errno;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

/** One `struct sock_filter`. */
interface Step {
  readonly code: number;
  /** How many steps are skipped when the comparison holds, and when not. */
  readonly yes: number;
  readonly no: number;
  readonly value: number;
}

const load = (offset: number): Step => ({ code: 0x20, yes: 0, no: 0, value: offset });
const answer = (value: number): Step => ({ code: 0x06, yes: 0, no: 0, value });
const JUMP = { equals: 0x15, atLeast: 0x35, hasAny: 0x45 } as const;

/** Goes on with `steps` when the comparison holds, else past them. */
const when = (jump: keyof typeof JUMP, value: number, steps: readonly Step[]): Step[] => [
  { code: JUMP[jump], yes: 0, no: steps.length, value },
  ...steps,
];
const unless = (jump: keyof typeof JUMP, value: number, steps: readonly Step[]): Step[] => [
  { code: JUMP[jump], yes: steps.length, no: 0, value },
  ...steps,
];

/** The program for one architecture; undefined where there is no table. */
export function seccompProgram(architecture: string): Uint8Array | undefined {
  if (architecture !== 'x64' && architecture !== 'arm64') return undefined;
  const call = (number: number | null, steps: readonly Step[]): Step[] => (number === null ? [] : when('equals', number, steps));
  const judged = (name: keyof typeof JUDGED, steps: readonly Step[]): Step[] => call(JUDGED[name][architecture], steps);
  return bytesOf([
    load(ARCHITECTURE),
    ...unless('equals', AUDIT_ARCH[architecture], [answer(refuse(ENOSYS))]),
    load(NUMBER),
    ...(architecture === 'x64' ? when('atLeast', X32, [answer(refuse(ENOSYS))]) : []),
    ...Object.values(REFUSED).flatMap((numbers) => call(numbers[architecture], [answer(refuse(EPERM))])),
    // Its flags lie in memory, which a filter cannot read: libraries fall back to `clone`.
    ...judged('clone3', [answer(refuse(ENOSYS))]),
    ...judged('clone', [load(argument(0)), ...when('hasAny', NEW_NAMESPACES, [answer(refuse(EPERM))]), answer(ALLOW)]),
    ...judged('unshare', [load(argument(0)), ...when('hasAny', NEW_NAMESPACES | NEW_TIME, [answer(refuse(EPERM))]), answer(ALLOW)]),
    ...judged('socket', family()),
    ...judged('socketpair', family()),
    ...judged('ioctl', [
      load(argument(1)),
      ...TERMINAL_INPUT.flatMap((request) => when('equals', request, [answer(refuse(EPERM))])),
      answer(ALLOW),
    ]),
    answer(ALLOW),
  ]);
}

const family = (): Step[] => [
  load(argument(0)),
  ...FAMILIES.flatMap((one) => when('equals', one, [answer(ALLOW)])),
  ...when('equals', NETLINK.family, [load(argument(2)), ...when('equals', NETLINK.route, [answer(ALLOW)])]),
  answer(refuse(EAFNOSUPPORT)),
];

function bytesOf(steps: readonly Step[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(steps.length * 8));
  for (const [index, { code, yes, no, value }] of steps.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, yes);
    view.setUint8(index * 8 + 3, no);
    view.setUint32(index * 8 + 4, value >>> 0, true);
  }
  return new Uint8Array(view.buffer);
}
