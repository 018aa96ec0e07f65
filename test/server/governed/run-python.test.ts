/** A governed run as the Python SDK drives it, replayed from the requests that it sent: start, look, wait, reject, join, approve. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { GOAL, KEY, LANGGRAPH_JSON, openShop } from '../../story/shop.ts';
import { critic, HAPPY, PRODUCT, submit, write } from '../../story/world.ts';
import { startServer } from '../serving.ts';

interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}
const { requests } = JSON.parse(readFileSync(new URL('../fixtures/python-sdk.json', import.meta.url), 'utf8')) as {
  readonly requests: readonly Recorded[];
}; // recorded from the client's HTTP layer

/** Each as the client read it: JSON, or the names of the events. */
interface Answered {
  readonly asked: string;
  readonly status: number;
  readonly body: unknown;
}

async function replay(url: string): Promise<Answered[]> {
  const known: Record<string, string> = { thread: '', run: '', interrupt: '' };
  const filled = (text: string): string => text.replaceAll(/\{(thread|run|interrupt)\}/g, (_hole, name: string) => known[name] ?? '');
  const answers: Answered[] = [];
  for (const { method, path, headers, body } of requests) {
    const response = await fetch(`${url}${filled(path)}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: filled(JSON.stringify(body)) }),
    });
    const text = await response.text();
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    const answer: unknown = isStream ? [...text.matchAll(/^event: (.*)$/gm)].map((match) => match[1]) : JSON.parse(text);
    answers.push({ asked: `${method} ${path}`, status: response.status, body: answer });
    const { thread_id, run_id, tasks } = Object(answer);
    known['thread'] = thread_id ?? known['thread'];
    known['run'] = run_id ?? known['run'];
    known['interrupt'] = tasks?.[0]?.interrupts[0]?.id ?? known['interrupt'];
  }
  return answers;
}

test('the Python SDK starts, looks, waits, rejects with words, joins and approves, and the branch has it', async () => {
  const again = [write(2, 1, 'src/product.js', `// by hand\n${PRODUCT}`), submit(2, 2), critic(2)];
  const shop = await openShop({ replies: [...HAPPY, ...again] });
  const server = await startServer({ home: shop.world.home, config: LANGGRAPH_JSON, env: KEY });
  try {
    const answers = await replay(server.url);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    const [thread, streamed, first, waited, , joined, second, , end, read, runs, history, found] = answers.map(({ body }) => body);
    expect(thread).toMatchObject({ status: 'idle', metadata: { graph_id: 'governor' } });
    expect(streamed).toEqual(expect.arrayContaining(['metadata', 'values', 'updates']));
    const gate = { gate: 'release', subject: { digest: expect.stringMatching(/^[0-9a-f]{64}$/) } };
    expect(first).toMatchObject({ next: ['approve_release'], tasks: [{ interrupts: [{ value: gate }] }] });
    // Waiting on a gate that is pending already is no end.
    expect(waited).toMatchObject({ goal: GOAL, outcome: null, __interrupt__: [{ value: gate }] });
    expect(joined).toEqual(expect.arrayContaining(['metadata', 'values']));
    expect(joined).not.toContain('error');
    expect(second).toMatchObject({ tasks: [{ interrupts: [{ value: { gate: 'release' } }] }] });
    expect(Object(second).tasks[0].interrupts[0].id).not.toBe(Object(first).tasks[0].interrupts[0].id);
    expect(end).toMatchObject({ outcome: 'released' });
    expect(read).toMatchObject({ status: 'idle', interrupts: {} });
    expect(Object(runs).map((run: { status: string }) => run.status)).toEqual(['success', 'interrupted', 'interrupted', 'interrupted']);
    expect(history).toHaveLength(3);
    expect(found).toMatchObject([{ thread_id: Object(thread).thread_id }]);
    expect(shop.world.git('show', 'main:src/product.js')).toContain('// by hand');
  } finally {
    await server.stop();
    await shop.close();
  }
});
