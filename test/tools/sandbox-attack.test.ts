/** Real attacks from inside the sandbox, each with what it would have shown; beside them the honest programs that look most like them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sandboxLimitsSchema } from '../../domain/sandbox-limits.ts';
import type { CommandResult } from '../../domain/workspace.ts';
import { bwrapArguments } from '../../tools/bwrap-arguments.ts';
import { makePlaces } from '../../tools/mounts.ts';
import type { EgressOptions } from '../../tools/sandbox/egress-proxy.ts';
import { nodeInstall } from '../../tools/sandbox/node-install.ts';
import { seccompProgram } from '../../tools/sandbox/seccomp.ts';
import { createSandbox } from '../../tools/sandbox.ts';
import { type FakeInternet, openInternet } from './sandbox/registry.ts';

let state: string;
let folder: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'governor-attack-'));
  folder = join(state, 'tree');
  mkdirSync(folder);
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

interface Attempt {
  readonly network?: boolean;
  readonly egress?: EgressOptions;
}

const run = (argv: readonly string[], { network = false, egress }: Attempt = {}): Promise<CommandResult> =>
  createSandbox({ level: 'bwrap', stateFolder: state, ...(egress === undefined ? {} : { egress }) }).run({
    argv,
    workspace: folder,
    links: [],
    scratch: [],
    network,
    timeoutMs: 30_000,
  });
const node = (script: string, attempt?: Attempt): Promise<CommandResult> => run(['node', '-e', script], attempt);

describe('a setup step with the network does not reach', () => {
  const servers: Server[] = [];
  let reached: string[];
  let internet: FakeInternet;
  let port: number;
  const ABSTRACT = `\0governor-attack-${process.pid}`;
  const listen = async (at: number | string, name: string): Promise<Server> => {
    const server = createServer((socket) => {
      reached.push(name);
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nreached');
    });
    servers.push(server);
    await new Promise<void>((ready) => (typeof at === 'number' ? server.listen(at, '127.0.0.1', ready) : server.listen(at, ready)));
    return server;
  };
  beforeAll(async () => {
    internet = await openInternet({ 'npm.example': ['93.184.216.34'], 'rebound.example': ['127.0.0.1'] });
    port = ((await listen(0, 'loopback')).address() as AddressInfo).port; // listening on a port
    await listen(ABSTRACT, 'abstract');
  });
  afterAll(() => {
    internet.close();
    for (const server of servers) server.close();
  });
  beforeEach(() => {
    reached = [];
  });

  const setup = (script: string): Promise<CommandResult> =>
    node(script, { network: true, egress: internet.options({ allow: ['npm.example', 'rebound.example'] }) });
  /** Prints what came, or the code of the error. */
  const socket = (to: string): string =>
    `const s=require('net').connect(${to});s.on('data',d=>{console.log(String(d));process.exit()});s.on('error',e=>{console.log(e.code)});s.setTimeout(3000,()=>{console.log('silent');process.exit()})`;
  const asked = (url: string): string =>
    `const s=require('net').connect(3128,'127.0.0.1',()=>s.write('GET ${url} HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n'));s.on('data',d=>console.log(String(d)));`;

  test('a keyless server on the loopback of the machine, directly', async () => {
    expect((await setup(socket(`${port},'127.0.0.1'`))).stdout).toBe('ECONNREFUSED\n');
    expect((await setup(socket(`${port},'::ffff:127.0.0.1'`))).stdout).toMatch(/^E/);
    expect(reached).toEqual([]);
  });

  test.each(['127.0.0.1', 'localhost', '[::1]', '0.0.0.0', '2130706433', 'rebound.example'])(
    'a keyless server on the loopback of the machine, through the proxy as %s',
    async (host) => {
      for (const url of [`http://${host}:${port}/`, `http://${host}/`]) {
        expect((await setup(asked(url))).stdout, url).toContain('403 Forbidden');
      }
      expect([reached, internet.connected]).toEqual([[], []]);
    },
  );

  test('an abstract socket of the machine', async () => {
    expect((await setup(socket(`{path:${JSON.stringify(ABSTRACT)}}`))).stdout).toBe('ECONNREFUSED\n');
    expect(reached).toEqual([]);
  });

  test.each(['1.1.1.1', '169.254.169.254'])('%s, with any packet', async (address) => {
    expect((await setup(socket(`80,'${address}'`))).stdout).toBe('ENETUNREACH\n');
    expect((await run(['cat', '/proc/net/route'], { network: true, egress: internet.options() })).stdout.trim().split('\n')).toHaveLength(
      1,
    );
  });

  test('a name by a resolver of its own', async () => {
    const script = `require('dns').resolve4('npm.example',(e)=>console.log(e.code))`;
    expect((await setup(script)).stdout).toBe('ECONNREFUSED\n');
  });

  test('but it reaches an allowed registry, by the variables that its programs read', async () => {
    const script = `const p=new URL(process.env.HTTP_PROXY);require('http').get({host:p.hostname,port:p.port,path:'http://npm.example/pad',headers:{host:'npm.example'}},r=>r.pipe(process.stdout))`;
    const result = await setup(script);
    expect(result.stdout).toBe('you asked for npm.example/pad');
    expect(result.egress).toMatchObject({ hosts: [{ host: 'npm.example', connections: 1 }], refused: [] });
    if (existsSync('/usr/bin/curl'))
      expect(
        (await run(['curl', '-s', 'http://npm.example/x'], { network: true, egress: internet.options({ allow: ['npm.example'] }) })).stdout,
      ).toBe('you asked for npm.example/x');
  });

  test('and its exit code, signal and missing programs are its own', async () => {
    const at = { network: true, egress: internet.options() };
    expect((await run(['sh', '-c', 'exit 7'], at)).exitCode).toBe(7);
    expect((await run(['sh', '-c', 'kill -9 $$'], at)).exitCode).toBe(137);
    expect((await run(['nowhere-to-be-found'], at)).exitCode).toBe(127);
    expect((await run(['sh', '-c', 'cat; echo read'], at)).stdout).toBe('read\n');
  });
});

/** Makes each call as its attacker would, and says what came of it: `name ok` or `name <errno>`. */
const CALLS = String.raw`
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
static char zeros[4096];
static void told(const char *name, long result) {
  if (result >= 0) printf("%s ok\n", name); else printf("%s %d\n", name, errno);
  fflush(stdout);
}
static void made(const char *name, long child) { if (child == 0) _exit(0); told(name, child); if (child > 0) waitpid(child, 0, 0); }
int main(void) {
  memset(zeros, 0, sizeof zeros); told("io_uring_setup", syscall(425, 8, zeros));
  told("keyctl", syscall(SYS_keyctl, 0, -3, 1));
  told("add_key", syscall(SYS_add_key, "user", "attack", "x", 1, -3));
  told("request_key", syscall(SYS_request_key, "user", "attack", 0, -3));
  unsigned attr[32] = {1, 128}; attr[10] = 0x61; told("perf_event_open", syscall(SYS_perf_event_open, attr, 0, -1, -1, 0));
  unsigned map[32] = {2, 4, 4, 1}; told("bpf", syscall(SYS_bpf, 0, map, sizeof map));
  told("userfaultfd", syscall(SYS_userfaultfd, 1));
  char to[4]; struct iovec a = {to, 4}, b = {zeros, 4}; told("process_vm_readv", syscall(SYS_process_vm_readv, getpid(), &a, 1, &b, 1, 0));
  told("vsock", socket(40, SOCK_STREAM, 0));
  told("alg", socket(38, SOCK_SEQPACKET, 0));
  told("netfilter", socket(16, SOCK_RAW, 12));
  made("clone", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
  unsigned long three[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD}; made("clone3", syscall(435, three, sizeof three));
  long child = fork(); if (child == 0) { told("unshare", unshare(CLONE_NEWUSER)); _exit(0); } waitpid(child, 0, 0);
  child = fork(); if (child == 0) { told("ptrace", ptrace(PTRACE_TRACEME, 0, 0, 0)); _exit(0); } waitpid(child, 0, 0);
#ifdef __x86_64__
  told("x32", syscall(0x40000000 + SYS_getpid));
  long pid; __asm__ volatile("int $0x80" : "=a"(pid) : "a"(20) : "memory"); errno = -pid; told("i386", pid < 0 ? -1 : pid);
#endif
  /* What honest programs ask for. */
  told("inet", socket(2, SOCK_STREAM, 0));
  told("unix", socket(1, SOCK_STREAM, 0));
  told("route", socket(16, SOCK_RAW, 0));
  made("fork", fork());
  return 0;
}
`;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;
const EXPECTED: Readonly<Record<string, number | 'ok'>> = {
  ...Object.fromEntries(
    [
      'io_uring_setup',
      'keyctl',
      'add_key',
      'request_key',
      'perf_event_open',
      'bpf',
      'userfaultfd',
      'process_vm_readv',
      'clone',
      'unshare',
      'ptrace',
    ].map((name) => [name, EPERM]),
  ),
  ...{ vsock: EAFNOSUPPORT, alg: EAFNOSUPPORT, netfilter: EAFNOSUPPORT, clone3: ENOSYS },
  ...(process.arch === 'x64' ? { x32: ENOSYS, i386: ENOSYS } : {}),
  ...{ inet: 'ok', unix: 'ok', route: 'ok', fork: 'ok' },
};

describe('system calls', () => {
  let program: string;
  const parsed = (text: string): Record<string, number | 'ok'> =>
    Object.fromEntries(
      text
        .trim()
        .split('\n')
        .map((line) => line.split(' '))
        .map(([name = '', came = '']) => [name, came === 'ok' ? 'ok' : Number(came)]),
    );
  beforeAll(() => {
    const made = mkdtempSync(join(tmpdir(), 'governor-calls-'));
    program = join(made, 'calls');
    writeFileSync(`${program}.c`, CALLS);
    execFileSync('sh', ['-c', `cc -o "$0" "$0.c"`, program]);
  });
  afterAll(() => rmSync(join(program, '..'), { recursive: true, force: true }));

  test('that escape or attack the kernel are refused, those of honest programs are not; outside the same program gets through', async () => {
    copyFileSync(program, join(folder, 'calls'));
    expect(parsed((await run(['./calls'])).stdout)).toEqual(EXPECTED);
    const outside = parsed(execFileSync(program, { encoding: 'utf8' }));
    const attacks = Object.keys(EXPECTED).filter((name) => EXPECTED[name] !== 'ok');
    expect(attacks.filter((name) => outside[name] === 'ok').length).toBeGreaterThan(5);
  });

  test('are filtered in the same way where the governor is not root', () => {
    const uid = 65_534;
    if (process.getuid?.() === 0) chownSync(folder, uid, uid);
    chmodSync(state, 0o755);
    copyFileSync(program, join(folder, 'calls'));
    chmodSync(join(folder, 'calls'), 0o755);
    writeFileSync(join(state, 'filter'), seccompProgram(process.arch) ?? '');
    const request = { argv: ['./calls'], workspace: folder, links: [], scratch: [], network: false, timeoutMs: 10_000 };
    const places = makePlaces(request);
    const [command = '', ...rest] = bwrapArguments(
      { ...request, ...places },
      {
        user: undefined,
        limits: sandboxLimitsSchema.parse({}),
        concealed: [],
        node: nodeInstall(process.execPath),
        hasFilter: true,
        inherited: [],
      },
    );
    const as = process.getuid?.() === 0 ? { uid, gid: uid } : {};
    const done = spawnSync(command, rest, {
      ...as,
      cwd: '/',
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', openSync(join(state, 'filter'), 'r')],
    });
    places.unmake();
    expect([parsed(done.stdout), done.stderr]).toEqual([EXPECTED, '']);
  });

  test('of a whole tool are refused too', async () => {
    const says = async (shell: string): Promise<string> =>
      (await run(['sh', '-c', `${shell} 2>&1; echo $?`])).stdout.trim().split('\n').at(-1) ?? '';
    expect(await says('unshare -Ur true')).not.toBe('0');
    expect(await says('unshare -m true')).not.toBe('0');
    expect(await says('mount -t tmpfs x /tmp')).not.toBe('0');
    expect(await says('dmesg')).not.toBe('0');
  });

  test('find no descriptor of the governor, nor of who started it', () => {
    const place = (path: string): string => JSON.stringify(join(import.meta.dirname, '../..', path));
    const script = `import { createSandbox } from ${place('tools/sandbox.ts')};
      const sandbox = createSandbox({ level: 'bwrap', stateFolder: ${JSON.stringify(state)} });
      const argv = ['sh', '-c', 'echo $(ls /proc/self/fd)'];
      const asked = { argv, workspace: ${JSON.stringify(folder)}, links: [], scratch: [], network: false, timeoutMs: 30_000 };
      process.stdout.write((await sandbox.run(asked)).stdout);`;
    const file = join(state, 'start.mts');
    writeFileSync(file, script);
    const started = [process.execPath, '--import', join(import.meta.dirname, '../../node_modules/tsx/dist/loader.mjs'), file];
    const shell = 'exec 7</etc/passwd 57</etc/passwd; exec "$0" "$@"';
    expect(execFileSync('bash', ['-c', shell, ...started], { encoding: 'utf8' })).toBe('0 1 2 3\n'); // 3 is the folder that ls lists
  });
});

describe('honest programs run:', () => {
  test('threads, wasm, compiled code and workers of Node', async () => {
    const worker = `const {Worker,isMainThread,parentPort}=require('worker_threads');
      if(isMainThread){const ws=[1,2,3,4].map(()=>new Promise(r=>new Worker(__filename).on('message',r)));Promise.all(ws).then(a=>console.log(a.reduce((x,y)=>x+y)))}
      else{let s=0;for(let i=0;i<2e7;i++)s+=i%7;parentPort.postMessage(s%1000)}`;
    writeFileSync(join(folder, 'worker.js'), worker);
    expect((await run(['node', 'worker.js'])).stdout.trim()).toMatch(/^\d+$/);
    const wasm = `const m=new Uint8Array([0,97,115,109,1,0,0,0,1,7,1,96,2,127,127,1,127,3,2,1,0,7,7,1,3,97,100,100,0,0,10,9,1,7,0,32,0,32,1,106,11]);console.log(new WebAssembly.Instance(new WebAssembly.Module(m)).exports.add(2,3), new WebAssembly.Memory({initial:1,maximum:65536}).buffer.byteLength, Object.keys(require('os').networkInterfaces()).join())`;
    expect((await node(wasm)).stdout).toBe('5 65536 lo\n');
  });

  test('node --test with files in processes of their own', async () => {
    for (const name of ['a', 'b', 'c'])
      writeFileSync(join(folder, `${name}.test.js`), `const {test}=require('node:test');test('${name}',()=>require('assert').ok(true));\n`);
    const result = await run(['node', '--test']);
    expect([result.exitCode, result.stdout]).toEqual([0, expect.stringMatching(/pass 3/)]);
  });

  test('git, pipes, links inside the tree and a server on the own loopback', async () => {
    const shell = `set -e; git init -q r; cd r; echo x > f; ln -s f l; git add .; git -c user.name=a -c user.email=a@b commit -qm m; git log --oneline | wc -l; cat l; cat f | tr x y`;
    expect((await run(['sh', '-c', shell])).stdout).toBe('1\nx\ny\n');
    const served = `const h=require('http');const s=h.createServer((q,r)=>r.end('hi')).listen(0,'localhost',()=>h.get({port:s.address().port,host:'localhost'},r=>{r.pipe(process.stdout);r.on('end',()=>s.close())}))`;
    expect((await node(served)).stdout).toBe('hi');
  });
});

describe('limits:', () => {
  const limited = (shell: string, limits: object, timeoutMs = 20_000): Promise<CommandResult> =>
    createSandbox({ level: 'bwrap', stateFolder: state, limits: sandboxLimitsSchema.parse(limits) }).run({
      argv: ['sh', '-c', shell],
      workspace: folder,
      links: [],
      scratch: [],
      network: false,
      timeoutMs,
    });

  test('a process cannot take more memory, another of the same command goes on', async () => {
    const eat = `node -e 'const a=[];for(;;){a.push(Buffer.alloc(64*1024*1024,1));if(a.length>40){console.log("taken");process.exit()}}' 2>/dev/null; echo after`;
    expect((await limited(eat, { memoryMiB: 1024 })).stdout).toBe('after\n');
    expect((await limited(eat, { memoryMiB: 4096 })).stdout).toBe('taken\nafter\n');
  });

  test('a fork bomb ends at its cap, and the next command finds room', async () => {
    const bomb = 'f() { f | f & }; f 2>/dev/null; sleep 1; echo still';
    const result = await limited(bomb, { processes: 64 }, 5000);
    expect(result.durationMs).toBeLessThan(8000);
    expect((await limited('echo room', { processes: 64 })).stdout).toBe('room\n');
  });

  test('too large a file and too many open ones are refused', async () => {
    expect((await limited('head -c 3000000 /dev/zero > big; echo $?', { fileMiB: 2 })).stdout).not.toBe('0\n');
    expect((await limited('ulimit -n; ulimit -c', { openFiles: 100 })).stdout).toBe('100\n0\n');
  });

  test('a busy loop has the processor time of its command, and is the first to go where memory ends', async () => {
    const result = await limited('ulimit -t; cat /proc/self/oom_score_adj', {}, 3000);
    expect(result.stdout).toBe(`${3 * availableParallelism() + 1}\n1000\n`);
  });

  test('under a root governor two runs are two users; else each command has a user namespace', async () => {
    const uid = async (name: string): Promise<string> => {
      const sandbox = createSandbox({ level: 'bwrap', stateFolder: state, run: name });
      expect(sandbox.layers).toContain(process.getuid?.() === 0 ? 'user-per-run' : 'user-namespace');
      const argv = ['sh', '-c', 'id -u; touch mine'];
      return (await sandbox.run({ argv, workspace: folder, links: [], scratch: [], network: false, timeoutMs: 10_000 })).stdout.trim();
    };
    const users = [await uid('one'), await uid('two'), await uid('one')];
    expect(users[0]).toBe(users[2]);
    if (process.getuid?.() === 0) expect(users[0]).not.toBe(users[1]);
    expect(users).not.toContain('0');
  });
});
