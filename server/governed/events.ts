/**
 * A governed run as the mode `events` tells a graph's: which stages begin and end, what agents write, which tools they call. Told from
 * what is recorded and masked; what models were sent, and what providers answered raw, is in none of it.
 */
import type { AIMessageChunk, ToolMessage } from '@langchain/core/messages';
import { z } from 'zod';
import type { ServedRun } from '../../domain/served.ts';
import { GOVERNOR } from './graph.ts';
import type { LivePlace } from './live.ts';

/** LangChain's own form, version 2. */
interface StreamEvent {
  readonly event: string;
  readonly name: string;
  readonly run_id: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly parent_ids: readonly string[];
  readonly data: Readonly<Record<string, unknown>>;
}

export interface EventTeller {
  begin(): Promise<void>;
  /** A chunk of the mode `tasks`. */
  task(namespace: readonly string[], data: unknown): Promise<void>;
  /** `whole`: nothing more of this message comes. */
  message(one: AIMessageChunk | ToolMessage, place: LivePlace, whole: boolean): Promise<void>;
  end(values: unknown): Promise<void>;
}

const taskSchema = z.looseObject({ id: z.string(), name: z.string(), triggers: z.unknown().optional(), result: z.unknown().optional() });

export function tellEvents(run: ServedRun, write: (event: StreamEvent) => Promise<void>): EventTeller {
  const about = { thread_id: run.threadId, run_id: run.runId, graph_id: GOVERNOR, assistant_id: run.assistantId };
  const root = { name: GOVERNOR, run_id: run.runId, tags: [], metadata: about, parent_ids: [] };
  const below = (name: string, id: string, place: Readonly<Record<string, unknown>>): Omit<StreamEvent, 'event' | 'data'> => ({
    name,
    run_id: id,
    tags: [],
    metadata: { ...about, ...place },
    parent_ids: [run.runId],
  });
  /** Messages that were begun, by their ids. */
  const begun = new Set<string>();
  return {
    begin: () => write({ ...root, event: 'on_chain_start', data: {} }),
    end: (values) => write({ ...root, event: 'on_chain_end', data: { output: values } }),
    task: async (namespace, data) => {
      const task = taskSchema.safeParse(data);
      if (!task.success) return;
      const { id, name, triggers, result } = task.data;
      const from = below(name, id, { langgraph_node: name, langgraph_checkpoint_ns: [...namespace, `${name}:${id}`].join('|') });
      if (triggers !== undefined) return write({ ...from, event: 'on_chain_start', data: {} });
      // Of a stage what `updates` tells too; an agent's own steps are its words and calls, which come masked.
      await write({ ...from, event: 'on_chain_end', data: namespace.length === 0 && result !== undefined ? { output: result } : {} });
    },
    message: async (one, place, whole) => {
      const metadata = {
        langgraph_node: place.stage,
        langgraph_step: place.step,
        langgraph_checkpoint_ns: place.stage,
        agent: place.agent,
      };
      if (one.type === 'tool') return toolEnd(one as ToolMessage, metadata);
      return answer(one as AIMessageChunk, metadata, { agent: place.agent, whole });
    },
  };

  async function answer(
    chunk: AIMessageChunk,
    metadata: Readonly<Record<string, unknown>>,
    { agent, whole }: { readonly agent: string; readonly whole: boolean },
  ): Promise<void> {
    const id = chunk.id ?? '';
    const from = below(agent, id, metadata);
    if (!begun.has(id)) await write({ ...from, event: 'on_chat_model_start', data: {} });
    begun.add(id);
    const calls = chunk.tool_call_chunks ?? [];
    if (chunk.text !== '' || calls.length > 0) await write({ ...from, event: 'on_chat_model_stream', data: { chunk } });
    if (!whole) return;
    begun.delete(id);
    await write({ ...from, event: 'on_chat_model_end', data: { output: chunk } });
    for (const call of calls) {
      if (call.id !== undefined && call.id !== '')
        await write({ ...below(call.name ?? '', call.id, metadata), event: 'on_tool_start', data: { input: call.args } });
    }
  }

  function toolEnd(result: ToolMessage, metadata: Readonly<Record<string, unknown>>): Promise<void> {
    return write({ ...below(result.name ?? '', result.tool_call_id, metadata), event: 'on_tool_end', data: { output: result } });
  }
}
