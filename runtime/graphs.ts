/** Governor's own graphs around a home that is opened when the first of their nodes runs. */
import { builderGraph } from '../graphs/builder.ts';
import { governorGraph } from '../graphs/governor.ts';
import { outsideSessions } from './drive/outside-sessions.ts';
import type { Runtime } from './runtime.ts';

/** Without a checkpointer: whoever serves them brings its own saver, so nothing is released from their threads (`UNGUARDED_SAVER`). */
export function outsideGraphs(open: () => Promise<Runtime>) {
  const find = outsideSessions(open);
  return { governor: governorGraph(find).compile({ name: 'governor' }), builder: builderGraph(find) };
}
