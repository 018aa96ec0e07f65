/** One invocation of the graph, with or without somebody who looks on. */
import type { RunnableConfig } from '@langchain/core/runnables';
import { toError } from '../../domain/errors.ts';
import type { StreamChunk, StreamOptions } from '../options.ts';

interface Streamed<Input> {
  invoke(input: Input, config: RunnableConfig): Promise<unknown>;
  stream(input: Input, config: RunnableConfig): Promise<AsyncIterable<unknown>>;
}

/** Runs until the graph ends, interrupts or pauses. An observer that fails ends the work by `abort`, which gets its error. */
export async function step<Input>(
  graph: Streamed<Input>,
  input: Input,
  config: RunnableConfig,
  observer: StreamOptions | undefined,
  abort: AbortController,
): Promise<void> {
  if (observer === undefined) {
    await graph.invoke(input, config);
    return;
  }
  const { modes, interruptBefore, interruptAfter } = observer;
  const chunks = await graph.stream(input, {
    ...config,
    streamMode: modes.length === 0 ? ['values'] : [...modes],
    subgraphs: true,
    ...(interruptBefore === undefined ? {} : { interruptBefore }),
    ...(interruptAfter === undefined ? {} : { interruptAfter }),
  } as RunnableConfig); // LangGraph's own options
  let failed = false;
  // Always read to the end: a reader that leaves early would leave nodes running behind it.
  for await (const chunk of chunks) {
    const [namespace, mode, data] = chunk as StreamChunk; // several modes and subgraphs: LangGraph gives triples
    if (failed || modes.length === 0 || (namespace.length > 0 && !observer.subgraphs)) continue;
    try {
      await observer.onChunk([namespace, mode, data]);
    } catch (error) {
      failed = true;
      abort.abort(toError(error));
    }
  }
  if (failed) throw abort.signal.reason;
}
