/** The other process of a test: one job on the same home, over the true stores. */
import { openStores, type Stores } from '../../checkpoints/stores.ts';
import type { Account } from '../../domain/budget.ts';
import { onFailpoint } from '../../domain/failpoint.ts';
import { rowOf } from '../../domain/transcript.ts';
import { amountsOf, effectOf, randomOf } from './home.ts';

const [, , job = '', text = '{}'] = process.argv;
const options = JSON.parse(text) as {
  home: string;
  threadId: string;
  epoch: number;
  seed: number;
  times: number;
  caps: Account['caps'];
  point: string;
};
const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const open = (): Promise<Stores> => openStores({ home: options.home, clock });
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const told = (): Promise<void> => new Promise((resolve) => process.stdin.on('end', resolve).resume());

const JOBS: Record<string, () => Promise<void>> = {
  /** Opens a home at the same moment as its siblings. */
  open: async () => {
    say('ready');
    await told();
    const stores = await open();
    await stores.audit.append({ threadId: 'home', actor: 'governor', action: 'home-opened' });
    stores.close();
  },
  /** Creates one thread at the same moment as its siblings. */
  create: async () => {
    const stores = await open();
    say('ready');
    await told();
    for (let index = 0; index < options.times; index++) {
      const input = {
        goal: `goal ${options.seed}`,
        repo: '/r',
        base: 'b',
        starter: 'local:ada',
        pipelineVersion: 1,
        configDigest: 'c',
      };
      try {
        await stores.runs.create(`thread ${index}`, input);
        say(`created ${index}`);
      } catch (error) {
        say(`${(error as Error).name} ${index}`);
      }
    }
    stores.close();
  },
  /** Takes the lease and keeps it until it is told or killed. */
  hold: async () => {
    const stores = await open();
    const fence = await stores.runs.acquire(options.threadId);
    say(`epoch ${fence.epoch}`);
    say('ready');
    await told();
    await stores.runs.release(fence);
    stores.close();
  },
  /** Appends audit records and hand-over files until it is told. */
  write: async () => {
    const stores = await open();
    let going = true;
    const end = told().then(() => {
      going = false;
    });
    for (let index = 1; going; index++) {
      await stores.dossier.writeText(options.threadId, `evidence/1/${index % 20}.log`, `record ${index}\n`.repeat(50));
      await stores.audit.append({ threadId: options.threadId, actor: 'governor', action: 'written', facts: { index } });
      if (index === 5) say('ready');
      await new Promise((resolve) => setImmediate(resolve));
    }
    await end;
    stores.close();
  },
  /** Pays for one effect and is killed at a named point of it. */
  die: async () => {
    const stores = await open();
    const fence = await stores.runs.acquire(options.threadId);
    onFailpoint((point) => {
      if (point === options.point) process.kill(process.pid, 'SIGKILL');
    });
    const accounts = [{ id: 'run', caps: { costMicroUsd: 100 } }];
    const audit = { threadId: options.threadId, actor: 'agent:lead', action: 'model-call' };
    const amounts = amountsOf({ costMicroUsd: 40, modelCalls: 1 });
    await stores.effects.start(fence, effectOf('paid'), { reserve: { accounts, amounts }, before: 'tree 1', audit });
    await stores.effects.finish(fence, 'paid', {
      result: 'answer',
      after: 'tree 2',
      actual: amountsOf({ costMicroUsd: 15, modelCalls: 1 }),
      rows: [rowOf(null, 'lead', { role: 'user', content: 'answer' })],
      audit: [{ ...audit, action: 'model-answer' }],
    });
    say('not killed');
    stores.close();
  },
  /** Reserves, settles, fails and forgets at random on the accounts of one thread. */
  spend: async () => {
    const stores = await open();
    say('ready');
    await told();
    const random = randomOf(options.seed);
    const fence = { threadId: options.threadId, epoch: options.epoch };
    let refused = 0;
    for (let index = 0; index < options.times; index++) {
      const key = `${options.seed}:${index}`;
      const accounts = [
        { id: 'run', caps: options.caps },
        { id: `agent:${random(2)}`, caps: { modelCalls: 40 } },
      ];
      const amounts = amountsOf({ costMicroUsd: random(40), inputTokens: random(30), outputTokens: random(30), modelCalls: 1 });
      const start = await stores.effects.start(fence, effectOf(key), { reserve: { accounts, amounts } });
      if (start.kind === 'refused') refused += 1;
      if (start.kind !== 'go') continue;
      const actual = amountsOf({ costMicroUsd: random(amounts.costMicroUsd + 1), inputTokens: amounts.inputTokens, modelCalls: 1 });
      const end = random(4);
      if (end === 0) await stores.effects.fail(fence, key, { actual: amountsOf({}) });
      else if (end === 1) await stores.effects.start(fence, effectOf(key), { reserve: { accounts, amounts } });
      else if (end === 2) await stores.effects.finish(fence, key, { result: 'ok', actual });
    }
    say(`refused ${refused}`);
    stores.close();
  },
};

const work = JOBS[job];
if (work === undefined) throw new Error(`no job ${JSON.stringify(job)}`);
await work();
