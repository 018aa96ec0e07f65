/** The thread of a stateless run: it goes with the run, unless another run was put on it; and no run stands in the way of all others. */
import { describe, expect, test } from 'vitest';
import { run } from '../../../checkpoints/sql/transaction.ts';
import { newRun, threadOf } from '../../checkpoints/home.ts';
import { eachOpen, type ServedSuite, stores } from './backend.ts';

const scope = { tenant: 'default' };

export const statelessRunsSuite: ServedSuite = (name, backend) =>
  describe(`${name}: stateless runs`, () => {
    eachOpen(backend);

    const T = threadOf(1);
    const queue = () => stores.served.queue;
    const claimed = async () => {
      const found = await queue().claim();
      if (found === undefined) throw new Error('nothing to claim');
      return found;
    };

    test('a stateless run alone takes its thread along', async () => {
      await queue().put(scope, [newRun('s', T, { temporary: true })]);
      await queue().finish((await claimed()).lease, { status: 'success', output: {} });
      expect(await stores.served.threads.get(scope, T)).toBeUndefined();
    });

    test('a run that was put on the thread of a stateless run finds it there, and keeps it', async () => {
      await queue().put(scope, [newRun('s', T, { temporary: true })]);
      const first = await claimed();
      await queue().put(scope, [newRun('t', T)]);
      await queue().finish(first.lease, { status: 'success', output: {}, values: { n: 1 } });
      const second = await claimed();
      expect(second.run.runId).toBe('t');
      await queue().finish(second.lease, { status: 'success', output: {}, values: { n: 2 } });
      expect(await stores.served.threads.get(scope, T)).toMatchObject({ status: 'idle', values: { n: 2 } });
    });

    test.each(['interrupt', 'rollback'] as const)(
      '%s of a stateless run that has not begun leaves its thread to the next one',
      async (multitask) => {
        await queue().put(scope, [newRun('s', T, { temporary: true })]);
        await queue().put(scope, [newRun('t', T, { multitask })]);
        expect((await claimed()).run.runId).toBe('t');
        expect(await stores.served.threads.get(scope, T)).toMatchObject({ status: 'busy' });
      },
    );

    test('a run whose thread is gone fails, and those behind it are run', async () => {
      await queue().put(scope, [newRun('lost', T), newRun('next', threadOf(2))]);
      await stores.sql.write(() => run('DELETE FROM threads WHERE thread_id = $1', [T]));
      expect((await claimed()).run.runId).toBe('next');
      expect(await queue().get(scope, undefined, 'lost')).toMatchObject({
        status: 'error',
        error: { error: 'ThreadMissing', message: `thread ${T} of run lost is gone` },
      });
    });
  });
