/** A team on one server: ten at once, two at one gate, people who leave, ways that break, and sign-ins. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRuntime } from '../../runtime/runtime.ts';
import { AUDIENCE, openDeviceProvider } from '../fakes/device-provider.ts';
import { issueKey } from '../server/issue-key.ts';
import { type ServerProcess, startProcess } from '../server/process.ts';
import { governor, inProcess, said } from './command.ts';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from './shop.ts';

let shop: Shop;
let user: string;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  shop = await openShop();
  user = mkdtempSync(join(tmpdir(), 'governor-user-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  rmSync(user, { recursive: true, force: true });
  await shop.close();
});

async function serve(): Promise<ServerProcess> {
  const server = await startProcess({ home: shop.world.home, config: LANGGRAPH_JSON, env: KEY });
  closing.push(() => server.end('SIGKILL'));
  return server;
}

async function keysFor(names: readonly string[]): Promise<string[]> {
  const runtime = await openRuntime({ home: shop.world.home, env: {} });
  const made: string[] = [];
  for (const owner of names) made.push((await issueKey(runtime.stores.served.keys, { owner, roles: ['operator', 'approver'] })).key);
  runtime.stores.close();
  return made;
}

/** In this process: ten starts of Node would be most of the test. */
const here = (args: readonly string[], env: Record<string, string>) => inProcess(args, { HOME: user, ...env });
const lastOf = (output: string): { thread_id: string; status: string; waiting: { subject: string } | null } =>
  JSON.parse(output.trim().split('\n').at(-1) ?? '') as never; // what --json prints

test('ten people at once start, look and approve, each their own thread, and each decision is of who made it', async () => {
  const names = Array.from({ length: 10 }, (_, index) => `person-${index}`);
  const repositories = names.map((name) => {
    const copy = join(user, name);
    execFileSync('git', ['clone', '--quiet', '--no-local', shop.world.repo, copy]);
    return `  ${name}: ${copy}\n`;
  });
  writeFileSync(join(shop.world.home, 'operator.yaml'), `repositories:\n${repositories.join('')}`);
  const keys = await keysFor(names);
  const server = await serve();
  const ends = await Promise.all(
    names.map(async (name, index) => {
      const env = { GOVERNOR_SERVER: server.url, GOVERNOR_TOKEN: keys[index] ?? '' };
      const started = await here(['run', GOAL, '--repo', name, '--json'], env);
      const { thread_id: thread, waiting } = lastOf(started.output);
      const approved = await here(['approve', thread, '--subject', waiting?.subject ?? '', '--comment', name, '--json'], env);
      return { name, thread, started: started.code, approved: approved.code, status: lastOf(approved.output).status };
    }),
  );
  expect(ends).toEqual(names.map((name) => ({ name, thread: expect.any(String), started: 4, approved: 0, status: 'released' })));
  const runtime = await openRuntime({ home: shop.world.home, env: {} });
  for (const { name, thread } of ends) {
    const approvals = await runtime.stores.approvals.list({ threadId: thread });
    expect(approvals.flatMap(({ votes }) => votes.map((vote) => [vote.by.id, vote.comment]))).toEqual([[name, name]]);
  }
  runtime.stores.close();
});

test('of two approvers at one gate one decides, the other is told, and it is released once; by a way that is cut again and again', async () => {
  const [ada = '', bob = ''] = await keysFor(['ada', 'bob']);
  const server = await serve();
  const env = (key: string, url = server.url) => ({ GOVERNOR_SERVER: url, GOVERNOR_TOKEN: key });
  const cut = await cutWay(server.port);
  const started = await here(['run', GOAL, '--json'], env(ada, cut.url));
  expect(started).toMatchObject({ code: 4 });
  const { thread_id: thread, waiting } = lastOf(started.output);
  const seqs = started.output
    .trim()
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { seq: number }).seq); // audit records
  const trail = (await here(['audit', thread, '--json', '--home', shop.world.home], {})).output.trim().split('\n');
  expect(seqs).toEqual(trail.map((line) => (JSON.parse(line) as { seq: number }).seq));
  const followed = await here(['log', thread, '--follow', '--json'], env(ada, cut.url));
  expect(followed.output).toBe((await here(['log', thread, '--json', '--home', shop.world.home], {})).output);
  const decided = await Promise.all(
    [ada, bob].map((key) => here(['approve', thread, '--subject', waiting?.subject ?? ''], env(key, cut.url))),
  );
  expect(new Set(decided.map(({ code }) => code))).toEqual(new Set([0, 2]));
  expect(decided.find(({ code }) => code === 2)?.errors).toMatch(
    /can no longer be decided|no approval is pending|nothing to decide|is running/,
  );
  expect(cut.cuts()).toBeGreaterThan(3);
  expect(shop.world.git('log', '--format=%s', '--first-parent', 'main').trim().split('\n')).toHaveLength(2);
});

/** Passes bytes on, and cuts each connection after some of them. */
async function cutWay(port: number): Promise<{ url: string; cuts: () => number }> {
  const limits = [1500, 3000, 6000, 60_000];
  let connections = 0;
  let cuts = 0;
  const way = createServer((client) => {
    const limit = limits[connections++ % limits.length] ?? 0;
    const upstream = connect(port, '127.0.0.1');
    let bytes = 0;
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      client.write(chunk.subarray(0, Math.max(0, chunk.length - Math.max(0, bytes - limit))));
      if (bytes < limit) return;
      cuts += 1;
      client.end();
      upstream.destroy();
    });
    upstream.on('end', () => client.end());
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    client.on('close', () => upstream.destroy());
  });
  await new Promise<void>((ready) => way.listen(0, '127.0.0.1', ready));
  closing.push(() => way.close());
  return { url: `http://127.0.0.1:${(way.address() as AddressInfo).port}`, cuts: () => cuts }; // it listens
}

test('who leaves with Ctrl-C leaves the run alone; a cancel and a rejection end as in the home', async () => {
  const [ada = ''] = await keysFor(['ada']);
  const server = await serve();
  const env = { HOME: user, GOVERNOR_TOKEN: ada };
  const at = ['--server', server.url];
  const left = await said(['run', GOAL, '--repo', 'shop', ...at], {
    cwd: user,
    env,
    // It tells of the run, so it listens to signals.
    onStart: (child) => {
      let isSent = false;
      child.stderr?.on('data', (chunk: Buffer) => {
        if (!isSent && /^\d\d:\d\d:\d\d /m.test(chunk.toString())) isSent = child.kill('SIGINT');
      });
    },
  });
  const thread = /^thread (\S+)/.exec(left.errors)?.[1] ?? '';
  expect(left).toMatchObject({ code: 3, errors: expect.stringContaining('leaving; the run goes on, on the server') });
  expect(left.errors).toContain(`look with: governor watch --server ${server.url} ${thread.slice(0, 8)}`);
  const follower = await said(['log', thread, '--follow', ...at], {
    cwd: user,
    env,
    onStart: (child) => child.stdout?.once('data', () => child.kill('SIGINT')),
  });
  expect(follower.code).toBe(0);
  const watched = await said(['watch', thread.slice(0, 8), ...at], { cwd: user, env });
  expect(watched).toMatchObject({
    code: 4,
    output: expect.stringContaining(`next: governor approve --server ${server.url} ${thread} --subject `),
  });
  const rejected = await said(
    ['reject', thread, '--comment', 'not so', '--subject', / --subject (\S+)/.exec(watched.output)?.[1] ?? '', '--json', ...at],
    { cwd: user, env },
  );
  expect(rejected.code).toBe((await governor(shop.world, ['watch', thread, '--quiet'])).code);
  expect(rejected.result.status).not.toBe('released');
  expect((await here(['show', thread, '--json', ...at], env)).output).toBe(
    (await here(['show', thread, '--json', '--home', shop.world.home], {})).output,
  );
  expect((await here(['list', '--home', shop.world.home], { GOVERNOR_SERVER: 'https://nowhere.invalid' })).code).toBe(0);
});

test('somebody signs in with the device code, is known by it, and signs out; a key goes by the standard input', async () => {
  const provider = await openDeviceProvider({ now: () => Date.now(), intervalSeconds: 1, subject: 'ada' });
  closing.push(() => provider.close());
  const pem = join(user, 'issuer.pem');
  writeFileSync(pem, provider.publicKey);
  const jwt = [`issuer: ${provider.issuer}`, `audience: ${AUDIENCE}`, 'algorithms: [RS256]', `publicKeyFile: ${pem}`, 'rolesClaim: roles'];
  const login = `login: { clientId: ${provider.clientId} }`;
  writeFileSync(
    join(shop.world.home, 'operator.yaml'),
    `repositories:\n  shop: ${shop.world.repo}\nserver:\n  auth:\n    jwt:\n      ${[...jwt, login].join('\n      ')}\n`,
  );
  const [key = ''] = await keysFor(['bob']);
  const server = await serve();
  const options = { cwd: user, env: { HOME: user, GOVERNOR_SERVER: server.url } };
  expect(await said(['list'], options)).toMatchObject({ code: 2, errors: expect.stringContaining('you are not signed in') });
  provider.decide('confirmed');
  const signedIn = await said(['login'], options);
  expect(signedIn, signedIn.errors).toMatchObject({
    code: 0,
    output: expect.stringContaining(
      `signed in at ${server.url} as ${provider.issuer}#ada (operator, approver), tenant default; kept in ${user}/.config/governor/sign-ins/`,
    ),
    errors: expect.stringContaining(`sign in at ${provider.issuer}/activate with the code WDJB-MJHT`),
  });
  const folder = join(user, '.config', 'governor', 'sign-ins');
  const [file = ''] = readdirSync(folder);
  expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  const { token } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { token: string }; // what was kept
  expect(signedIn.output + signedIn.errors).not.toContain(token);
  expect((await said(['list', '--json'], options)).output).toBe('[]\n');
  const started = await said(['run', GOAL, '--detach', '--json'], options);
  expect(started).toMatchObject({ code: 0, result: { thread_id: expect.any(String) } });
  const trail = await governor(shop.world, ['audit', String(started.result.thread_id), '--json']);
  expect(trail.output).toContain(`${provider.issuer}#ada`);
  expect(await said(['cancel', 'last'], options)).toMatchObject({ code: 0 });
  expect(await said(['watch', 'last', '--quiet'], options)).toMatchObject({ code: 3 });
  expect(await said(['logout'], options)).toMatchObject({ code: 0, output: `signed out at ${server.url}\n` });
  expect(provider.revoked).toEqual(['refresh-1']);
  expect(readdirSync(folder)).toEqual([]);
  expect(await said(['login', '--key'], { ...options, stdin: 'gvk_0123456789abcdef_wrong\n' })).toMatchObject({
    code: 2,
    errors: expect.stringContaining('the key is unknown'),
  });
  expect(readdirSync(folder)).toEqual([]);
  expect(await said(['login', '--key'], { ...options, stdin: `${key}\n` })).toMatchObject({
    code: 0,
    output: expect.stringContaining('as bob (operator, approver)'),
  });
  expect((await said(['approvals'], options)).output).toBe('nothing waits for a person\n');
  // A repository's own .env says neither where a token goes nor how it is kept.
  writeFileSync(join(user, '.env'), 'GOVERNOR_SERVER=http://127.0.0.1:1\nGOVERNOR_TOKEN=gvk_theirs\n');
  const fooled = await said(['list'], { cwd: user, env: { HOME: user } });
  expect(fooled).toMatchObject({ code: 0, output: '', errors: expect.stringContaining('.env: GOVERNOR_SERVER is not taken from there') });
});
