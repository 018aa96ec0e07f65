/** The graphs of `langgraph.json`, for a server that brings its own saver: LangGraph Studio, the official dev server. */
import { outsideGraphs } from './graphs.ts';
import { openRuntime } from './runtime.ts';

const graphs = outsideGraphs(() => openRuntime({ env: process.env }));

/** The fixed flow. */
export const governor = graphs.governor;

/** The builder alone. */
export const builder = graphs.builder;
