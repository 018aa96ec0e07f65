/**
 * A build of so many steps with results of 8 KB through a window of 128k, against an endpoint that counts honestly and remembers
 * prefixes as providers do; once with money enough, once with a cap that is reached. `npm run bench:context [-- steps]`.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startOver } from '../test/story/endpoint.ts';
import { makeWorld } from '../test/story/world.ts';

const STEPS = Number(process.argv[2] ?? 120);
const RESULT_BYTES = 8 * 1024;
const WINDOW = 131_072;
const BYTES_PER_TOKEN = 3.6;
/** Dollars per million tokens: a model of the middle of the catalogue. */
const PRICE = { input: 1.25, cachedInput: 0.125, output: 10 };
const MODEL = 'measured-model';

interface Asked {
  readonly text: string;
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  readonly atMs: number;
  doneMs: number;
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
const round = (value: number, digits = 3): number => Number(value.toFixed(digits));
const tokens = (bytes: number): number => Math.ceil(bytes / BYTES_PER_TOKEN);

function commonBytes(one: string, other: string): number {
  const [first, second] = [Buffer.from(one), Buffer.from(other)];
  let length = 0;
  while (length < first.length && first[length] === second[length]) length += 1;
  return length;
}

/** One plan, reads of ever other files with a thought, a write each tenth step. */
function replyTo(role: string, call: number): object {
  const one = (name: string, input: object, content: string | null = null): object => ({
    content,
    tool_calls: [{ id: `call_${role}_${call}`, type: 'function', function: { name, arguments: JSON.stringify(input) } }],
  });
  if (role === 'planner') {
    const item = { id: 'all', title: 'all', goal: 'read everything', paths: ['src/**'], done_when: ['it is read'] };
    return one('submit_plan', { summary: 'read everything', items: [item] });
  }
  if (role === 'critic') return one('submit_review', { verdict: 'pass', findings: [] });
  if (call > STEPS) return one('submit_build', { summary: 'done' });
  if (call % 10 === 0) return one('write_file', { path: 'src/notes.js', content: `export const step = ${call};\n` });
  return one('read_file', { path: `src/part${call}.js` }, `Part ${call} exports its lines and nothing else; the next one is to be read.`);
}

async function openEndpoint() {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const role = String(request.headers['x-governor-role']);
      const text = Buffer.concat(chunks).toString('utf8');
      const body: { messages: Asked['messages']; tools: unknown } = JSON.parse(text); // our own request
      const counted = JSON.stringify([body.tools, body.messages]);
      const before = asked.at(-1);
      const one: Asked = { text: counted, messages: body.messages, atMs: performance.now(), doneMs: 0 };
      const message = replyTo(role, Number(request.headers['x-governor-call']));
      const usage = {
        prompt_tokens: tokens(Buffer.byteLength(counted)),
        completion_tokens: tokens(Buffer.byteLength(JSON.stringify(message))),
        prompt_tokens_details: {
          cached_tokens: role === 'lead' && before !== undefined ? Math.floor(commonBytes(before.text, counted) / BYTES_PER_TOKEN) : 0,
        },
      };
      if (role === 'lead') asked.push(one);
      const answer = {
        id: 'x',
        object: 'chat.completion',
        created: 1,
        model: MODEL,
        choices: [{ index: 0, finish_reason: 'tool_calls', message: { role: 'assistant', ...message } }],
        usage,
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      one.doneMs = performance.now();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // listening on TCP
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { asked, baseUrl: `http://127.0.0.1:${port}/v1`, close };
}

async function build(costPerAgentUsd: number) {
  const endpoint = await openEndpoint();
  const files: Record<string, string> = {};
  for (let call = 1; call <= STEPS; call += 1)
    files[`src/part${call}.js`] =
      `${Array.from({ length: RESULT_BYTES / 64 }, (_, line) => `export const line${line} = '${call} ${'x'.repeat(40)}'`.slice(0, 59)).join('\n')}\n`;
  const model = { provider: 'openai', model: MODEL, baseUrl: endpoint.baseUrl, contextTokens: WINDOW };
  const world = makeWorld({
    files,
    config: {
      models: { planner: model, lead: model, critic: model },
      prices: { [MODEL]: PRICE },
      checks: [],
      limits: {
        stepsPerAgent: STEPS + 10,
        modelCalls: STEPS + 20,
        toolCalls: STEPS * 2,
        costUsd: 1000,
        costPerAgentUsd,
        tokens: 1_000_000_000,
        leanAt: 1,
        idleAnswers: 1000,
      },
    },
  });
  const operations = await world.open();
  const result = await startOver(world, operations);
  const audit = await operations.audit(result.thread_id);
  await operations.close();
  await endpoint.close();
  world.dispose();
  return { result, audit, asked: endpoint.asked };
}

const enough = await build(1000);
const { asked, audit } = enough;
const pairs = asked.slice(1).map((one, index) => ({ one, before: asked[index] ?? one }));
const shares = pairs.map(({ one, before }) => commonBytes(before.text, one.text) / Buffer.byteLength(before.text));
const compactions = audit.filter((record) => record.action === 'context-compacted' && record.stage === 'build').length;
const costMicroUsd = audit
  .filter((record) => record.action === 'model-answer' && record.stage === 'build')
  .reduce((sum, record) => sum + Number(record.facts?.['costMicroUsd']), 0);
const replaced = asked.filter(({ messages }) =>
  String(messages.findLast((message) => message.role === 'tool')?.content).startsWith('[governor: the result'),
).length;
const capMicroUsd = Math.floor(costMicroUsd * 0.6);
const capped = await build(capMicroUsd / 1_000_000);
const refusal = capped.audit.find((record) => record.action === 'budget-refused' && String(record.facts?.['account']).startsWith('agent:'));
const settled = capped.audit
  .filter((record) => record.action === 'model-answer' && record.stage === 'build')
  .reduce((sum, record) => sum + Number(record.facts?.['costMicroUsd']), 0);
const ownMs = pairs.map(({ one, before }) => one.atMs - before.doneMs);
const bars = {
  prefix: quantile(shares, 0.5) > 0.97,
  compactions: compactions * 20 <= asked.length,
  cap: refusal !== undefined && settled >= capMicroUsd * 0.85,
  newest: replaced === 0,
  end: enough.result.reason === null,
};
process.stdout.write(
  `${JSON.stringify(
    {
      steps: STEPS,
      calls: asked.length,
      end: enough.result.reason?.code ?? enough.result.status,
      prefix_share: { median: round(quantile(shares, 0.5)), p5: round(quantile(shares, 0.05)) },
      compactions,
      newest_results_replaced: replaced,
      cost_usd: round(costMicroUsd / 1_000_000),
      largest_request_tokens: Math.max(...asked.map((one) => tokens(Buffer.byteLength(one.text)))),
      own_ms_a_step: { median: round(quantile(ownMs, 0.5), 1), p95: round(quantile(ownMs, 0.95), 1) },
      capped: {
        cap_usd: round(capMicroUsd / 1_000_000),
        settled_share: round(settled / capMicroUsd),
        calls: capped.asked.length,
        end: capped.result.reason?.code ?? capped.result.status,
      },
      bars,
    },
    null,
    2,
  )}\n`,
);
process.exitCode = Object.values(bars).every(Boolean) ? 0 : 1;
