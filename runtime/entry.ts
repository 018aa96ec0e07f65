/** The graphs of `langgraph.json`, for a server that brings its own saver: LangGraph Studio, the official dev server. */
import { builderGraph } from '../graphs/builder.ts';
import { governorGraph } from '../graphs/governor.ts';
import { outsideSessions } from './drive/outside-sessions.ts';
import { openRuntime } from './runtime.ts';

const find = outsideSessions(() => openRuntime({ env: process.env }));

/** The fixed flow, without a checkpointer: the server that loads it brings its own. */
export const governor = governorGraph(find).compile({ name: 'governor' });

/** The builder alone. */
export const builder = builderGraph(find);
