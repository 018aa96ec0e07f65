/** Two runs on one thread under each strategy; cancel in both ways; a run in the future. */
import type { Wire } from '../wire.ts';
import { of, type Scenario, thread, untilStatus } from './scenario.ts';

const statusOf = (body: unknown): unknown =>
  Array.isArray(body) ? body.map((one) => Object(one)['status']) : { status: Object(body)['status'] };
const END = ['success', 'error', 'interrupted', 'timeout'];

/** A run that sleeps, seen running. */
async function running(wire: Wire, threadId: string, name: string, sleepMs: number, steps = 1): Promise<string> {
  const made = await wire.quiet('POST', `/threads/${threadId}/runs`, {
    body: { assistant_id: 'slow', input: { sleep_ms: sleepMs, name, steps }, multitask_strategy: 'enqueue' },
  });
  const id = wire.name(of(made, 'run_id'), name);
  await untilStatus(wire, threadId, id, ['running']);
  return id;
}

export const MULTITASK: readonly Scenario[] = [
  ...['reject', 'enqueue', 'interrupt', 'rollback', undefined].map(
    (strategy): Scenario => ({
      name: `second run, ${strategy ?? 'no strategy'}`,
      async run(wire) {
        const id = await thread(wire, 'thread');
        const first = await running(wire, id, 'first', 1200);
        const second = await wire.send('the second', 'POST', `/threads/${id}/runs`, {
          body: {
            assistant_id: 'slow',
            input: { sleep_ms: 10, name: 'second' },
            ...(strategy === undefined ? {} : { multitask_strategy: strategy }),
          },
          pick: (body) => ({ status: Object(body)['status'], strategy: Object(body)['multitask_strategy'] }),
        });
        const secondId = second.status === 200 ? wire.name(of(second, 'run_id'), 'second') : undefined;
        if (strategy !== 'rollback') await untilStatus(wire, id, first, END);
        if (secondId !== undefined) await untilStatus(wire, id, secondId, END);
        await wire.send('the first at the end', 'GET', `/threads/${id}/runs/${first}`, { pick: statusOf });
        if (secondId !== undefined) await wire.send('the second at the end', 'GET', `/threads/${id}/runs/${secondId}`, { pick: statusOf });
        await wire.send('thread at the end', 'GET', `/threads/${id}`, {
          pick: (body) => ({ status: Object(body)['status'], values: Object(body)['values'] }),
        });
      },
    }),
  ),
  ...(['interrupt', 'rollback'] as const).flatMap((action) =>
    (['0', '1'] as const).map(
      (wait): Scenario => ({
        name: `cancel by ${action}, wait=${wait}`,
        async run(wire) {
          const id = await thread(wire, 'thread');
          const run = await running(wire, id, 'run', 1500, 3);
          await wire.send('cancel', 'POST', `/threads/${id}/runs/${run}/cancel?wait=${wait}&action=${action}`);
          for (let tries = 0; tries < 100; tries += 1) {
            const answer = await wire.quiet('GET', `/threads/${id}/runs/${run}`);
            if (answer.status !== 200 || END.includes(String(of(answer, 'status')))) break;
            await new Promise((wake) => setTimeout(wake, 50));
          }
          await wire.send('run', 'GET', `/threads/${id}/runs/${run}`, { pick: statusOf });
          await wire.send('thread', 'GET', `/threads/${id}`, {
            pick: (body) => ({ status: Object(body)['status'], values: Object(body)['values'] }),
          });
          await wire.send('state', 'GET', `/threads/${id}/state`, {
            pick: (body) => ({ next: Object(body)['next'], values: Object(body)['values'] }),
          });
        },
      }),
    ),
  ),
  {
    name: 'runs that have not begun',
    async run(wire) {
      const id = await thread(wire, 'thread');
      const made = await wire.send('in the future', 'POST', `/threads/${id}/runs`, {
        body: { assistant_id: 'trivial', input: {}, after_seconds: 600 },
        pick: statusOf,
      });
      const run = wire.name(of(made, 'run_id'), 'run');
      await wire.send('waits', 'GET', `/threads/${id}/runs/${run}`, { pick: statusOf });
      await wire.send('cancel', 'POST', `/threads/${id}/runs/${run}/cancel?action=interrupt`);
      await wire.send('after cancel', 'GET', `/threads/${id}/runs/${run}`, { pick: statusOf });
      await wire.send('wrong action', 'POST', `/threads/${id}/runs/${run}/cancel?action=explode`);
      await wire.send('soon', 'POST', `/threads/${id}/runs/wait`, {
        body: { assistant_id: 'trivial', input: { count: 1 }, after_seconds: 1 },
      });
    },
  },
];
