/** Installs what the lead asked for, by the declared setup, and tells it what came of it. */
import { RefusedError, StopError, toError } from '../../domain/errors.ts';
import { failpoint } from '../../domain/failpoint.ts';
import { digestOf } from '../../domain/ids.ts';
import type { WorkTree } from '../../domain/workspace.ts';
import { append } from '../agent-spec.ts';
import type { Session } from '../session.ts';
import type { AgentState } from '../state.ts';
import { submissionOf } from './blocked.ts';
import type { Builder } from './state.ts';

interface Installed {
  /** The lead's tree with the files that the setup brought up to date; null where it failed. */
  readonly tree: string | null;
  readonly message: string;
}

/** @throws what is no fault of the manifest: an abort, a missing sandbox. */
export async function install(session: Session, state: Builder, workTree: WorkTree): Promise<AgentState> {
  const { agent } = state;
  const done = await installOnce(session, state, await workTree.current());
  if (done.tree !== null) await workTree.restore(done.tree);
  const row = await append({ session, agent: 'lead' }, agent.head, { role: 'user', content: done.message });
  const came = done.tree === null ? {} : { tree: done.tree, installed: done.tree };
  return { ...agent, ...came, head: row.id, installs: agent.installs + 1, phase: 'model', submission: null };
}

/** What the journal has of it counts: after a crash the network is not asked again, and the lead reads the same words. */
async function installOnce(session: Session, state: Builder, tree: string): Promise<Installed> {
  const { effects } = session.stores;
  const { fence, threadId } = session.facts;
  const names = (submissionOf(state.agent).dependencies ?? []).map((one) => one.name);
  const key = digestOf({ kind: 'setup', thread: threadId, attempt: state.attempt, head: state.agent.head });
  const by = { stage: 'build', attempt: state.attempt } as const;
  const audit = { threadId, actor: 'governor', ...by };
  const effect = { key, kind: 'setup', ...by, agent: 'governor', role: 'governor', requestHash: digestOf({ tree, names }) } as const;
  const started = await effects.start(fence, effect, {
    before: tree,
    audit: { ...audit, action: 'setup-start', facts: { dependencies: names.slice(0, 20) } },
  });
  if (started.kind === 'done') return JSON.parse(started.result) as Installed; // written below
  failpoint('setup:begin');
  const done = await tryInstall(session, tree, names);
  failpoint('setup:done');
  await effects.finish(fence, key, {
    result: JSON.stringify(done),
    ...(done.tree === null ? {} : { after: done.tree }),
    audit: [{ ...audit, action: 'setup-end', facts: { installed: done.tree !== null, tree: done.tree ?? tree } }],
  });
  return done;
}

async function tryInstall(session: Session, tree: string, names: readonly string[]): Promise<Installed> {
  try {
    const installed = await session.places.install(tree);
    return {
      tree: installed,
      message: `Installed by the declared setup: ${names.join(', ')}. Lock files were brought up to date by the runtime; your next commands, the review and the verification see them. Go on, and hand over when you are done.`,
    };
  } catch (thrown) {
    const mendable = thrown instanceof RefusedError || (thrown instanceof StopError && thrown.code === 'CHECK_ERROR');
    if (!mendable || session.signal.aborted) throw thrown;
    const why = session.doors.redact(toError(thrown).message).slice(-3000);
    return {
      tree: null,
      message: `Nothing was installed: the declared setup failed. Its words, as data: ${JSON.stringify(why)}. Mend the manifest and ask again, do without, or submit with status "blocked".`,
    };
  }
}
