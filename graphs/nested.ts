/** Invokes a graph inside a node so that finished work of it stays finished on resume. */
import type { RunnableConfig } from '@langchain/core/runnables';
import { AsyncLocalStorageProviderSingleton } from '@langchain/core/singletons';

interface Invokable<Input, Output> {
  invoke(input: Input, config: RunnableConfig): Promise<Output>;
}

/**
 * A nested config always carries `checkpoint_id`, which makes LangGraph 1.4 run finished tasks of the open super-step again
 * (langgraphjs#2667; fixed in 1.5). `recursionLimit`: super-steps of this invocation.
 */
export function invokeNested<Input, Output>(
  graph: Invokable<Input, Output>,
  config: RunnableConfig,
  recursionLimit: number,
  input: Input,
): Promise<Output> {
  const configurable = { ...config.configurable };
  delete configurable['checkpoint_id'];
  const nested = { ...config, configurable, recursionLimit };
  return AsyncLocalStorageProviderSingleton.runWithConfig(nested, () => graph.invoke(input, nested));
}
