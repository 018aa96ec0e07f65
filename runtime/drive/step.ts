/** One invocation of the graph, with or without an observer who is told what it streams. */
import type { RunnableConfig } from '@langchain/core/runnables';
import { toError } from '../../domain/errors.ts';
import type { StreamChunk, StreamOptions } from '../options.ts';

interface Streamed<Input> {
  invoke(input: Input, config: RunnableConfig): Promise<unknown>;
  stream(input: Input, config: RunnableConfig): Promise<AsyncIterable<unknown>>;
}

export interface Step<Input> {
  readonly input: Input;
  readonly config: RunnableConfig;
  readonly observer: StreamOptions | undefined;
  /** Gets the error of an observer that fails: that ends the work. */
  readonly abort: AbortController;
}

/** Runs until the graph ends, interrupts or pauses. */
export async function step<Input>(graph: Streamed<Input>, { input, config, observer, abort }: Step<Input>): Promise<void> {
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
