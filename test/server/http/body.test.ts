/** Bodies over real HTTP: what is read, what is refused with which code, and how far it was read until then. */
import { type ClientRequest, request } from 'node:http';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBody } from '../../../server/http/body.ts';
import { Problem, problemResponse } from '../../../server/http/problem.ts';
import { listen } from '../harness.ts';

const LIMIT = 64 * 1024;
let port: number;
let close: () => void;
const failures: { status: number; message: string }[] = [];

beforeAll(async () => {
  const app = new Hono();
  app.post('/', async (c) => {
    const value = await readBody(c, { bodyBytes: LIMIT });
    return c.json({ value: value === undefined ? 'nothing' : value });
  });
  app.onError((error) => {
    const problem = error instanceof Problem ? error : new Problem(500, error.message);
    failures.push({ status: problem.status, message: problem.message });
    return problemResponse(problem, false);
  });
  ({ port, close } = await listen(app));
});
afterAll(() => close());

interface Answer {
  readonly status: number;
  readonly body: { readonly value?: unknown; readonly detail?: string };
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** Sends by hand: `write` gets the request, after its headers. */
function exchange(headers: Record<string, string | number>, write: (sent: ClientRequest) => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method: 'POST', path: '/', headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        sent.destroy();
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) });
      });
    });
    sent.on('error', reject);
    write(sent);
  });
}

const post = (body: string | Buffer, headers: Record<string, string> = JSON_TYPE): Promise<Answer> =>
  exchange({ ...headers, 'content-length': Buffer.byteLength(body) }, (sent) => sent.end(body));
const chunked = (body: string | Buffer): Promise<Answer> =>
  exchange({ ...JSON_TYPE, 'transfer-encoding': 'chunked' }, (sent) => {
    for (let at = 0; at < body.length; at += 1000) sent.write(body.slice(at, at + 1000));
    sent.end();
  });
const refusal = async (answer: Promise<Answer>): Promise<[number, string]> => [(await answer).status, (await answer).body.detail ?? ''];

describe('what is read', () => {
  it.each(['application/json', 'application/json; charset=utf-8', 'text/plain;charset=UTF-8', 'Text/Plain', 'application/vnd.api+json'])(
    'JSON as %s',
    async (type) => {
      expect(await post('{"input":{"a":[1,null,"ü"]}}', { 'content-type': type })).toEqual({
        status: 200,
        body: { value: { input: { a: [1, null, 'ü'] } } },
      });
    },
  );

  it('JSON without a content type, and in chunks that cut a character', async () => {
    expect((await post('{"a":1}', {})).body.value).toEqual({ a: 1 });
    expect((await chunked(JSON.stringify({ a: `${'x'.repeat(994)}€€€` }))).body.value).toEqual({ a: `${'x'.repeat(994)}€€€` });
  });

  it('no body is undefined, whatever it is called', async () => {
    for (const headers of [{}, JSON_TYPE, { 'content-type': 'application/octet-stream' }])
      expect((await post('', headers)).body.value).toBe('nothing');
    expect((await chunked('')).body.value).toBe('nothing');
  });

  it('a string that holds JSON is unwrapped once, a plain one stays', async () => {
    const once = JSON.stringify(JSON.stringify({ a: 1 }));
    expect((await post(once)).body.value).toEqual({ a: 1 });
    expect((await post(JSON.stringify(once))).body.value).toBe(JSON.stringify({ a: 1 }));
    expect((await post('"hello"')).body.value).toBe('hello');
  });

  it('an inner string stays a string, whatever it holds', async () => {
    const value = { text: '{"__proto__":1,"lc":1,"type":"constructor"}' };
    expect((await post(JSON.stringify(value))).body.value).toEqual(value);
  });

  it.each<Record<string, unknown>>([
    { lc: 'a law court' },
    { lc: 1 },
    { lc: 1, type: 'human' },
    { type: 'constructor' },
    { lc: { type: 'constructor' }, type: 'x' },
    { constructor: 'Bob the builder' },
    { constructor: { name: 'x' } },
    { prototype: 1 },
  ])('data that only looks like more: %j', async (value) => {
    expect(await post(JSON.stringify(value))).toEqual({ status: 200, body: { value } });
  });

  it('a body of just the limit, told or in chunks', async () => {
    const body = JSON.stringify('x'.repeat(LIMIT - 2));
    expect((await post(body)).status).toBe(200);
    expect((await chunked(body)).status).toBe(200);
  });
});

describe('too long is 413', () => {
  const TOO_LONG = [413, `body: longer than ${LIMIT} bytes`];

  it('by one byte, told or in chunks', async () => {
    const body = JSON.stringify('x'.repeat(LIMIT - 1));
    expect(await refusal(post(body))).toEqual(TOO_LONG);
    expect(await refusal(chunked(body))).toEqual(TOO_LONG);
  });

  it('as soon as it is told, before a byte is sent', async () => {
    expect(await refusal(exchange({ ...JSON_TYPE, 'content-length': 10 ** 12 }, (sent) => sent.flushHeaders()))).toEqual(TOO_LONG);
  });

  it('as soon as it is so in chunks, though the sender never ends', async () => {
    let written = 0;
    const answer = await exchange({ ...JSON_TYPE, 'transfer-encoding': 'chunked' }, (sent) => {
      const more = (): void => {
        if (sent.destroyed || sent.writableEnded) return;
        written += 16 * 1024;
        sent.write(Buffer.alloc(16 * 1024, 'x'), () => setImmediate(more));
      };
      more();
    });
    expect(answer.status).toBe(413);
    expect(written).toBeLessThan(64 * 1024 * 1024);
  });

  it('a sender that leaves in the middle is no fault of ours', async () => {
    failures.splice(0);
    for (const length of [{ 'content-length': 100 }, { 'transfer-encoding': 'chunked' }]) {
      const sent = request({ host: '127.0.0.1', port, method: 'POST', path: '/', headers: { ...JSON_TYPE, ...length }, agent: false });
      sent.on('error', () => undefined);
      await new Promise((written) => sent.write('{"a":', written));
      sent.destroy();
    }
    await expect.poll(() => failures.length).toBe(2);
    expect(failures).toEqual([
      { status: 400, message: 'body: ended before its end' },
      { status: 400, message: 'body: ended before its end' },
    ]);
  });

  it('the server answers others as before', async () => {
    expect((await post('{}')).status).toBe(200);
  });
});

describe('what is not JSON', () => {
  it.each(['{', '{"a":1,}', "{'a':1}", 'NaN', 'a=1', '{}{}', '\u0000'])('%j is 400', async (body) => {
    const [status, detail] = await refusal(post(body));
    expect(status).toBe(400);
    expect(detail).toMatch(/^body: is not JSON/);
  });

  it.each([[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0xf5, 0x80, 0x80, 0x80]])('invalid UTF-8 is 400: %s', async (...bytes) => {
    const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]);
    expect(await refusal(post(body))).toEqual([400, 'body: is not valid UTF-8']);
    expect(await refusal(chunked(body))).toEqual([400, 'body: is not valid UTF-8']);
  });

  it.each(['multipart/form-data; boundary=x', 'application/x-www-form-urlencoded', 'text/html', 'application/jsonp'])(
    '%s is 415',
    async (type) => {
      expect((await post('{}', { 'content-type': type })).status).toBe(415);
    },
  );

  it('a packed body is 415', async () => {
    expect((await post('{}', { ...JSON_TYPE, 'content-encoding': 'gzip' })).status).toBe(415);
  });
});

describe('what a later reader would bring to life, or lose, is 422, naming where', () => {
  it.each([
    ['{"__proto__":{"admin":true}}', 'body.__proto__'],
    ['{"config":{"configurable":[{"a":{"__proto__":null}}]}}', 'body.config.configurable.0.a.__proto__'],
    ['{"\\u005f_proto__":1}', 'body.__proto__'],
    ['{"input":{"constructor":{"prototype":{"x":1}}}}', 'body.input.constructor.prototype'],
    ['{"input":{"lc":1,"type":"constructor","id":["langchain_core","messages","HumanMessage"],"kwargs":{}}}', 'body.input'],
    ['{"input":{"lc":1,"type":"secret","id":["OPENAI_API_KEY"]}}', 'body.input'],
    ['{"input":[{"lc":2,"type":"constructor","id":["Map"],"method":null,"args":[]}]}', 'body.input.0'],
    ['{"lc":2,"type":"undefined"}', 'body'],
    [JSON.stringify('{"a":{"__proto__":1}}'), 'body.a.__proto__'],
    ['{"a":[1,{"b":1e999}]}', 'body.a.1.b'],
    ['[-1e999]', 'body.0'],
  ])('%s', async (body, where) => {
    const [status, detail] = await refusal(post(body));
    expect(status).toBe(422);
    expect(detail.split(': ')[0]).toBe(where);
  });

  it('100 levels are read, 101 are not, a hundred thousand neither', async () => {
    const nested = (levels: number, open = '[', close = ']'): string => open.repeat(levels) + close.repeat(levels);
    expect((await post(nested(100))).status).toBe(200);
    expect(await refusal(post(nested(101)))).toEqual([422, 'body.0.0.0.0.0.0.0.0....: is nested deeper than 100 levels']);
    expect((await post(nested(30_000))).status).toBe(422);
    expect((await post(`${'{"a":'.repeat(101)}1${'}'.repeat(101)}`)).body.detail).toBe(
      'body.a.a.a.a.a.a.a.a....: is nested deeper than 100 levels',
    );
  });
});
