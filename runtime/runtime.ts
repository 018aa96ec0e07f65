/** Everything one process holds open: stores, operator, person, sandbox and the sessions of the threads it runs. */
import type { Stores } from '../checkpoints/stores.ts';
import { openStores } from '../checkpoints/stores.ts';
import type { Operator } from '../domain/config.ts';
import { StopError, UsageError } from '../domain/errors.ts';
import type { Person } from '../domain/policy.ts';
import type { Clock } from '../domain/ports.ts';
import type { Sandbox } from '../domain/workspace.ts';
import type { Session } from '../nodes/session.ts';
import { type Answers, rememberedAnswers } from '../tools/repository/answers.ts';
import { createSandbox } from '../tools/sandbox.ts';
import { assertOwnDatabase, auditProof, homeFolder, loadOperator, localPerson, systemClock } from './environment.ts';
import type { OpenOptions } from './options.ts';

export interface Runtime {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stores: Stores;
  readonly operator: Operator | undefined;
  readonly person: Person;
  readonly clock: Clock;
  readonly sessions: Map<string, Session>;
  /** What was asked of the trees of repositories. */
  readonly answers: Answers;
  /** For the commands of one run, or of none: `bwrap`, or the audited `unsafe` where operator and environment both say so. */
  sandbox(run?: string): Promise<Sandbox>;
  readonly demo: boolean;
  /** Where a server of this process is found, once it is. */
  readonly address: { url: string | undefined };
}

export async function openRuntime(options: OpenOptions): Promise<Runtime> {
  const home = homeFolder(options.home, options.env);
  assertOwnDatabase(home, options.env);
  const operator = loadOperator(home);
  const clock = options.clock ?? systemClock;
  const stores = await openStores({ home, clock, ...auditProof(home, operator, options.env) });
  let chosen: Promise<(run?: string) => Sandbox> | undefined;
  return {
    home,
    env: options.env,
    stores,
    operator,
    person: localPerson(operator),
    clock,
    sessions: new Map(),
    answers: rememberedAnswers(),
    demo: options.demo === true,
    address: { url: undefined },
    sandbox: async (run) => {
      chosen ??= chooseSandbox(home, operator, options);
      return (await chosen)(run);
    },
  };
}

async function chooseSandbox(home: string, operator: Operator | undefined, options: OpenOptions): Promise<(run?: string) => Sandbox> {
  const wanted = options.env['GOVERNOR_SANDBOX'] ?? 'bwrap';
  if (wanted !== 'bwrap' && wanted !== 'unsafe') throw new UsageError(`GOVERNOR_SANDBOX: ${JSON.stringify(wanted)}; use bwrap or unsafe`);
  if (wanted === 'unsafe') {
    if (operator?.sandbox.allowUnsafe !== true)
      throw new UsageError(`GOVERNOR_SANDBOX=unsafe: also needs sandbox.allowUnsafe: true in ${home}/operator.yaml`, 'SANDBOX_UNAVAILABLE');
    return () => createSandbox({ level: 'unsafe', stateFolder: home, limits: operator.sandbox.limits });
  }
  const bwrap = (run?: string): Sandbox =>
    createSandbox({
      level: 'bwrap',
      stateFolder: home,
      concealed: options.concealed ?? [],
      ...(operator === undefined ? {} : { egress: { config: operator.sandbox.egress }, limits: operator.sandbox.limits }),
      ...(run === undefined ? {} : { run }),
    });
  if (!options.demo) return bwrap;
  // Shipped scenarios run this package's own commands; where nothing can isolate them the label says so
  // (`docs/contract.md`, "The offline scenarios").
  try {
    const folder = `${home}/work/probe`;
    const { mkdirSync } = await import('node:fs');
    mkdirSync(folder, { recursive: true });
    await bwrap().run({ argv: ['true'], workspace: folder, links: [], scratch: [], network: false, timeoutMs: 10_000 });
    return bwrap;
  } catch (error) {
    if (!(error instanceof StopError)) throw error;
    return () => createSandbox({ level: 'unsafe', stateFolder: home });
  }
}
