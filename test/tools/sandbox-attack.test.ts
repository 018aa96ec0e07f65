/** Real attacks from inside the sandbox, each with what it would have shown; beside them the honest programs that look most like them. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CommandResult } from '../../domain/workspace.ts';
import type { EgressOptions } from '../../tools/sandbox/egress-proxy.ts';
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
