/** Attacks on the machine from inside a command, each with what it would have left or shown outside. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandResult } from '../../domain/workspace.ts';
import { createSandbox } from '../../tools/sandbox.ts';

const WORD = `governor-attack-${process.pid}`;
const OUTSIDE = [join('/etc', WORD), join('/usr', WORD), join('/bin', WORD)];

let state: string;
let folder: string;
const servers: Server[] = [];
let reached: string[];
let port: number;

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), 'governor-walls-'));
  folder = join(state, 'work', 'tree');
  for (const path of [folder, join(state, 'work', 'other')]) mkdirSync(path, { recursive: true });
  for (const path of ['governor.sqlite', 'work/other/source.js']) writeFileSync(join(state, path), WORD);
  reached = [];
  const listen = async (at: number | string): Promise<Server> => {
    const server = createServer((socket) => {
      reached.push(String(at));
      socket.end();
    });
    servers.push(server);
    await new Promise<void>((ready) => (typeof at === 'number' ? server.listen(at, '127.0.0.1', ready) : server.listen(at, ready)));
    return server;
  };
  port = ((await listen(0)).address() as AddressInfo).port; // listening on a port
  await listen(`\0${WORD}`);
  await listen(join(state, 'socket'));
});
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(state, { recursive: true, force: true });
});

const run = (shell: string, timeoutMs = 20_000): Promise<CommandResult> =>
  createSandbox({ level: 'bwrap', stateFolder: state }).run({
    argv: ['bash', '-c', shell],
    workspace: folder,
    links: [],
    scratch: [],
    network: false,
    timeoutMs,
  });
/** Which of these shell lines ended well. */
const worked = async (...lines: readonly string[]): Promise<string[]> => {
  const { stdout } = await run(lines.map((line, index) => `( ${line} ) > /dev/null 2>&1 && echo ${index}`).join('\n'));
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [lines[Number(line)] ?? line]));
};

describe('a command under a root governor', () => {
  test('writes to no file of the machine, by a mount or without one', async () => {
    const mounts = ['/', '/usr', '/etc'].map((at) => `mount -o remount,rw,bind ${at}`);
    expect(await worked(...mounts, ...OUTSIDE.map((path) => `echo x > ${path}`), 'mount -t tmpfs none /mnt', 'umount /proc')).toEqual([]);
    expect(OUTSIDE.filter((path) => existsSync(path))).toEqual([]);
    expect(await worked('echo x > /workspace/x', 'echo x > /tmp/x', 'false')).toEqual(['echo x > /workspace/x', 'echo x > /tmp/x']);
  });

  test('writes to no setting of the kernel', async () => {
    const before = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
    const settings = ['kernel/core_pattern', 'kernel/hostname', 'vm/overcommit_memory', 'net/ipv4/ip_forward'];
    const lines = [...settings.map((name) => `echo 1 > /proc/sys/${name}`), 'echo b > /proc/sysrq-trigger', 'echo 0 > /sys/kernel/x'];
    expect(await worked(...lines)).toEqual([]);
    expect(readFileSync('/proc/sys/kernel/core_pattern', 'utf8')).toBe(before);
  });

  test('finds no secret of the machine, no database of the server and no other work tree', async () => {
    const files = [
      '/etc/shadow',
      '/root',
      homedir(),
      join(homedir(), '.ssh'),
      state,
      join(state, 'governor.sqlite'),
      join(folder, '../other'),
    ];
    expect(
      await worked(...files.map((path) => `ls ${path}`), 'ls /workspace/../work', 'cat /proc/1/environ | grep -q PATH=.*vitest'),
    ).toEqual([]);
    expect((await run(`grep -rls ${WORD} / --include=* --exclude-dir=proc --exclude-dir=usr 2>/dev/null; true`)).stdout).toBe('');
    expect(await worked(`kill -0 ${process.pid}`, 'ls /proc | grep -c "^[0-9]" | grep -q "..."')).toEqual([]);
  });

  test('connects to nothing: not out, not to this machine, not by a socket in a file or without one', async () => {
    const tcp = [`127.0.0.1/${port}`, '1.1.1.1/80', '169.254.169.254/80', '10.0.0.1/80'].map(
      (to) => `timeout 2 bash -c 'echo > /dev/tcp/${to}'`,
    );
    const socket = (path: string): string =>
      `node -e 'require("net").connect({path:${JSON.stringify(path)}},()=>process.exit(0)).on("error",()=>process.exit(1))'`;
    expect(
      await worked(...tcp, socket(join(state, 'socket')), socket('/run/docker.sock'), socket('/var/run/dbus/system_bus_socket')),
    ).toEqual([]);
    const abstract = `node -e 'require("net").connect({path:"\\0${WORD}"}).on("error",(e)=>console.log(e.code))'`;
    expect((await run(abstract)).stdout).toBe('ECONNREFUSED\n');
    expect(reached).toEqual([]);
    expect((await run('ls /sys/class/net 2>/dev/null; cat /proc/net/dev | tail -n +3 | cut -d: -f1')).stdout.trim()).toBe('lo');
  });
});

describe('a command', () => {
  test('has so much room outside of its tree, and no more', async () => {
    const fill = ['/dev/shm', '/tmp', '"$HOME"'].map((at) => `head -c 600000000 /dev/zero > ${at}/x`);
    expect(await worked(...fill, 'head -c 40000000 /dev/zero > /dev/shm/x')).toEqual(['head -c 40000000 /dev/zero > /dev/shm/x']);
  });

  test('whose daemon holds its output ends at its time, and the daemon with it', async () => {
    const since = performance.now();
    const { timedOut } = await run(`setsid sleep 31${process.pid} & setsid sleep 31${process.pid}`, 1000);
    expect(timedOut).toBe(true);
    expect(performance.now() - since).toBeLessThan(4000);
    const left = spawnSync('pgrep', ['-f', `^sleep 31${process.pid}`], { encoding: 'utf8' }).stdout;
    expect(left).toBe('');
  });

  test('that prints without end, a gigabyte without a line, or no UTF-8 is cut, and takes no memory of the governor', async () => {
    const before = process.memoryUsage().rss;
    const [lines, wide, bytes] = [
      await run('yes', 1000),
      await run("head -c 1000000000 /dev/zero | tr '\\0' x", 50_000),
      await run('head -c 100000 /dev/urandom'),
    ];
    for (const { truncated, stdout } of [lines, wide, bytes]) {
      expect(truncated).toBe(true);
      expect(Buffer.byteLength(stdout)).toBeLessThan(256 * 1024);
    }
    expect([lines.timedOut, wide.timedOut, wide.exitCode]).toEqual([true, false, 0]);
    expect((process.memoryUsage().rss - before) / 1024 / 1024).toBeLessThan(50);
  });

  test('sees no variable of who started the governor, by any way to ask for them', async () => {
    process.env['GOVERNOR_TEST_SECRET'] = WORD;
    const { stdout } = await run('env; printenv; cat /proc/self/environ /proc/*/environ 2>/dev/null; ps axeww 2>/dev/null; true');
    delete process.env['GOVERNOR_TEST_SECRET'];
    expect(stdout).not.toContain(WORD);
    expect(stdout).toContain('PATH=');
  });
});
