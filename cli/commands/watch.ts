/** `governor watch`: a run of any process, until it rests; on a terminal as a tree, elsewhere as lines. */
import type { LogEvent } from '../../domain/log.ts';
import { ROLES } from '../../domain/roles.ts';
import { finish } from '../drive.ts';
import type { Invocation } from '../io.ts';
import { logLines } from '../log-lines.ts';
import { liveTree } from '../tree.ts';

/** How often it looks how the run stands and what agents are writing, in ms. */
const LOOK_MS = 300;
/** A detached run needs a moment until its process holds the thread, in ms. */
const DEAD_MS = 5000;

export async function watch(invocation: Invocation, word: string): Promise<number> {
  const { operations, io } = invocation;
  let result = await operations.result(word);
  const picture = await pictureOf(invocation, result.thread_id);
  let deadSince: number | undefined;
  while (result.status === 'running' && io.isGone?.() !== true) {
    const live = await operations.isLive(result.thread_id);
    deadSince = live ? undefined : (deadSince ?? performance.now());
    if (deadSince !== undefined && performance.now() - deadSince > DEAD_MS) {
      io.stderr(`no process runs it; go on with: ${operations.pasted(`governor resume ${result.thread_id.slice(0, 8)}`)}\n`);
      break;
    }
    picture.look();
    await new Promise((wake) => setTimeout(wake, LOOK_MS));
    result = await operations.result(result.thread_id);
  }
  await picture.end();
  return finish(invocation, result);
}

interface Picture {
  /** Draws what agents are writing just now. */
  look(): void;
  end(): Promise<void>;
}

/** Records for programs, a tree on a terminal, lines of the log elsewhere. */
async function pictureOf({ operations, io, flags }: Invocation, threadId: string): Promise<Picture> {
  const ended = new AbortController();
  const { signal } = ended;
  const following: Promise<unknown>[] = [];
  const tree = io.isTTY && flags.json !== true && flags.quiet !== true ? liveTree(io.stderr, io.size) : undefined;
  const say = (event: LogEvent): void => {
    if (tree === undefined) io.stderr(`${logLines(event)}\n`);
    else if (event.type === 'words')
      tree.hear({ role: ROLES.find((role) => role === event.agent) ?? 'worker', agent: event.agent, text: event.text });
  };
  if (flags.json === true) following.push(operations.follow(threadId, (record) => io.stdout(`${JSON.stringify(record)}\n`), signal));
  else if (flags.quiet !== true) following.push(operations.followLog(threadId, { onEvent: say, signal }));
  if (tree !== undefined) following.push(operations.follow(threadId, tree.add, signal));
  // One may fail before it is asked about at the end.
  const followed = Promise.allSettled(following);
  return {
    look: () => {
      if (tree !== undefined) for (const text of operations.writing(threadId)) tree.hear(text);
    },
    end: async () => {
      ended.abort();
      const ends = await followed;
      tree?.done();
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
    },
  };
}
