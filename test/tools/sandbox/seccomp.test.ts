/** The filter's program, run by an interpreter of its own for both architectures, and its numbers against the kernel's headers. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { seccompProgram } from '../../../tools/sandbox/seccomp.ts';
import { JUDGED, REFUSED } from '../../../tools/sandbox/syscalls.ts';

const ARCH = { x64: 0xc000003e, arm64: 0xc00000b7, i386: 0x40000003, arm: 0x40000028 };
type Native = 'x64' | 'arm64';

/** `allow`, or the number of the error. Written from the kernel's `Documentation/networking/filter.rst`. */
function judge(program: Uint8Array, call: { number: number; arch: number; args?: readonly number[] }): 'allow' | number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, call.number, true);
  data.setUint32(4, call.arch, true);
  for (const [index, value] of (call.args ?? []).entries()) data.setBigUint64(16 + 8 * index, BigInt.asUintN(64, BigInt(value)), true);
  const view = new DataView(program.buffer);
  let accumulator = 0;
  for (let at = 0; at * 8 < program.length; at += 1) {
    const [code, jt, jf, k] = [
      view.getUint16(at * 8, true),
      view.getUint8(at * 8 + 2),
      view.getUint8(at * 8 + 3),
      view.getUint32(at * 8 + 4, true),
    ];
    switch (code) {
      case 0x20: // BPF_LD | BPF_W | BPF_ABS
        accumulator = data.getUint32(k, true);
        break;
      case 0x15: // BPF_JMP | BPF_JEQ | BPF_K
        at += accumulator === k ? jt : jf;
        break;
      case 0x35: // BPF_JMP | BPF_JGE | BPF_K
        at += accumulator >= k ? jt : jf;
        break;
      case 0x45: // BPF_JMP | BPF_JSET | BPF_K
        at += (accumulator & k) !== 0 ? jt : jf;
        break;
      case 0x06: // BPF_RET | BPF_K
        if (k === 0x7fff0000) return 'allow';
        if (k >>> 16 === 0x0005) return k & 0xffff;
        throw new Error(`unknown answer ${k.toString(16)}`);
      default:
        throw new Error(`unknown instruction ${code.toString(16)} at ${at}`);
    }
  }
  throw new Error('fell off the end');
}

const programOf = (architecture: Native): Uint8Array => seccompProgram(architecture) ?? new Uint8Array();

describe.each(['x64', 'arm64'] as const)('for %s', (native) => {
  const on = (number: number | null, args: readonly number[] = [], arch = ARCH[native]) =>
    judge(programOf(native), { number: number ?? -1, arch, args });
  const of = (name: keyof typeof JUDGED, ...args: number[]) => on(JUDGED[name][native], args);

  test('every call of the list is refused, and no other number but those that are judged by their arguments', () => {
    const refused = Object.values(REFUSED).flatMap((numbers) => numbers[native] ?? []);
    for (const number of refused) expect(on(number), String(number)).toBe(1);
    const judged = Object.values(JUDGED).map((numbers) => numbers[native]);
    const others = Array.from({ length: 600 }, (_, number) => number).filter(
      (number) => !refused.includes(number) && !judged.includes(number),
    );
    expect(others.filter((number) => on(number, [1, 1, 0]) !== 'allow')).toEqual([]);
  });

  test('another architecture’s calls do not exist, whatever their number', () => {
    for (const arch of Object.values(ARCH).filter((one) => one !== ARCH[native]))
      for (const number of [0, 1, 39, 57, 172, 220]) expect(on(number, [], arch)).toBe(38);
  });

  test('processes and threads are made, namespaces are not', () => {
    const thread = 0x3d0f00; // what glibc's pthread_create asks for
    expect([of('clone', thread), of('clone', 17), of('clone', 0x4111)]).toEqual(['allow', 'allow', 'allow']); // fork, vfork
    for (const flag of [0x10000000, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x20000000, 0x40000000])
      expect([of('clone', flag | 17), of('unshare', flag)], flag.toString(16)).toEqual([1, 1]);
    expect([of('clone', 0x80), of('unshare', 0x80)]).toEqual(['allow', 1]);
    expect([of('unshare', 0x400), of('clone3', 0)]).toEqual(['allow', 38]);
  });

  test('sockets are of the families that programs use', () => {
    for (const family of [1, 2, 10]) expect([of('socket', family, 1, 6), of('socketpair', family, 1, 0)]).toEqual(['allow', 'allow']);
    expect([of('socket', 16, 3, 0), of('socket', 16, 3, 12)]).toEqual(['allow', 97]); // interfaces; netfilter
    for (const family of [0, 3, 17, 30, 38, 40, 44]) expect(of('socket', family, 1, 0), String(family)).toBe(97); // ... packet, tipc, alg, vsock, xdp
    // The kernel reads an int: what stands above it changes nothing.
    expect(of('socket', 2 ** 32 + 40, 1, 0)).toBe(97);
  });

  test('no words are put into a terminal', () => {
    expect([of('ioctl', 0, 0x5412), of('ioctl', 0, 0x541c), of('ioctl', 0, 0x5401), of('ioctl', 0, 0x5413)]).toEqual([
      1,
      1,
      'allow',
      'allow',
    ]);
  });
});

test('calls of x32 do not exist', () => {
  for (const number of [0x40000000, 0x40000000 + 520, 0x7fffffff, 0xffffffff])
    expect(judge(programOf('x64'), { number, arch: ARCH.x64 })).toBe(38);
});

test('elsewhere there is no program', () => expect(seccompProgram('riscv64')).toBeUndefined());

test('the numbers are those of the kernel’s headers', () => {
  const headers = { x64: '/usr/include/x86_64-linux-gnu/asm/unistd_64.h', arm64: '/usr/include/asm-generic/unistd.h' };
  const tables = (Object.keys(headers) as Native[]).filter((native) => existsSync(headers[native]));
  // Debian's build-essential, which this package needs, brings at least one.
  expect(tables.length).toBeGreaterThan(0);
  for (const native of tables) {
    const text = readFileSync(headers[native], 'utf8');
    const known = new Map([...text.matchAll(/#define\s+__NR_(\w+)\s+(\d+)/g)].map(([, name, number]) => [name, Number(number)]));
    const ours = Object.entries({ ...REFUSED, ...JUDGED }).filter(([name]) => known.has(name));
    expect(ours.length).toBeGreaterThan(45);
    for (const [name, numbers] of ours) expect([name, numbers[native]]).toEqual([name, known.get(name)]);
  }
});
