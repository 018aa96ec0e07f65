/** A value that is known to be secret, said by models, tools and callers: nobody who reads the server is told it, and nothing keeps it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GOAL, LANGGRAPH_JSON, openShop, type Shop } from '../../story/shop.ts';
import { critic, PRODUCT, PRODUCT_TEST, planReply, submit, tool, write } from '../../story/world.ts';
import { type ServerProcess, startProcess } from '../process.ts';

const SECRET = 'the operators "own" value of 2026';
const forms = [SECRET, JSON.stringify(SECRET).slice(1, -1), Buffer.from(SECRET).toString('base64'), encodeURIComponent(SECRET)];
const told = (text: string): string[] => forms.filter((form) => text.includes(form));

let shop: Shop;
let server: ServerProcess;
beforeAll(async () => {
  const hex = Buffer.from(SECRET).toString('hex');
  const says = `process.stdout.write(Buffer.from('${hex}', 'hex')); process.stderr.write(Buffer.from('${hex}', 'hex'))`;
  shop = await openShop({
    replies: [
      { ...planReply(), text: `The key is ${SECRET}.` },
      { ...write(1, 1, 'src/product.js', `// ${SECRET}\n${PRODUCT}`), text: SECRET },
      write(1, 2, 'test/product.test.js', PRODUCT_TEST),
      tool('lead', 1, 3, 'run_command', { argv: ['node', '-e', says] }),
      tool('lead', 1, 4, 'read_file', { path: `src/${SECRET}` }),
      submit(1, 5, `done with ${SECRET}`),
      critic(1, 'pass', [{ severity: 'minor', message: `it says ${SECRET}` }]),
    ],
  });
  shop.endpoint.pieceCharacters = 8;
  server = await startProcess({ home: shop.world.home, config: LANGGRAPH_JSON, env: { OPENAI_API_KEY: SECRET } });
});
afterAll(async () => {
  await server.end('SIGKILL');
  await shop.close();
});

test('not in a stream, a question, a state, a file, a log, the trail, the metrics, a prompt, the output of the process or the home', async () => {
  const { thread_id: thread } = await server.client.threads.create();
  const stream = await fetch(`${server.url}/threads/${thread}/runs/stream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      assistant_id: 'governor',
      input: { goal: GOAL, repo: 'shop' },
      stream_mode: ['values', 'updates', 'messages', 'messages-tuple', 'custom', 'tasks', 'checkpoints', 'debug'],
      stream_subgraphs: true,
    }),
  });
  const events = await stream.text();
  expect(events).toContain('__interrupt__');
  expect(events).toContain('[REDACTED]');
  expect(told(events)).toEqual([]);
  const own = `/governor/threads/${thread}`;
  const files = (await (await fetch(`${server.url}${own}/files`)).json()) as { path: string }[]; // our own list
  const paths = [
    ...[
      `/threads/${thread}`,
      `/threads/${thread}/state?subgraphs=true`,
      `/threads/${thread}/history?limit=1000`,
      `/threads/${thread}/runs`,
    ],
    ...[own, `${own}/explain`, `${own}/diff`, `${own}/audit`, `${own}/log`, '/governor/approvals', '/governor/overview', '/metrics'],
    ...files.map(({ path }) => `${own}/files/${encodeURIComponent(path)}`),
  ];
  for (const path of paths) {
    const answer = await fetch(`${server.url}${path}`);
    expect([answer.status, told(await answer.text())], path).toEqual([200, []]);
  }
  const seen = shop.endpoint.seen.map(({ body }) => JSON.stringify(body)).join('\n');
  expect(told(seen)).toEqual([]);
  // What callers say beside is refused, not kept.
  const input = { goal: GOAL, repo: 'shop' };
  for (const [path, body] of [
    ['/threads', { metadata: { title: `uses ${SECRET}` } }],
    ['/runs', { assistant_id: 'governor', input, metadata: { [SECRET]: 1 } }],
    ['/runs', { assistant_id: 'governor', input, config: { configurable: { token: SECRET } } }],
    ['/runs', { assistant_id: 'governor', input: { ...input, goal: `${GOAL} with ${SECRET}` } }],
    [`/threads/${thread}/runs`, { assistant_id: 'governor', input: null, context: { token: SECRET } }],
  ] as const) {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const refused = await fetch(`${server.url}${path}`, init);
    expect([refused.status, told(await refused.text())], JSON.stringify(body)).toEqual([422, []]);
  }
  await server.end('SIGTERM');
  expect(told(server.stderr())).toEqual([]);
  const kept = readdirSync(shop.world.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(kept.length).toBeGreaterThan(20);
  expect(kept.map((entry) => join(entry.parentPath, entry.name)).filter((path) => told(readFileSync(path, 'latin1')).length > 0)).toEqual(
    [],
  );
});
