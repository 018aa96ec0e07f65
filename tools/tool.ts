/** What a tool is: a name, a schema, whether it has an effect, and what it does. It knows nothing of budget or audit. */
import type { z } from 'zod';
import type { ToolName } from '../domain/roles.ts';
import type { Sandbox, WorkTree } from '../domain/workspace.ts';

export interface ToolContext {
  readonly workTree: WorkTree;
  readonly folder: string;
  readonly sandbox: Sandbox;
  readonly links: readonly { readonly from: string; readonly at: string }[];
  readonly scratch: readonly string[];
  /** Longest single command, in ms. */
  readonly commandTimeoutMs: number;
  /** Output cap of one command, in bytes per stream. */
  readonly outputBytes: number;
  readonly signal: AbortSignal;
}

export interface Tool {
  readonly name: ToolName;
  readonly description: string;
  readonly schema: z.ZodType;
  /** True when it may change the tree: the door records the tree before and after. */
  readonly effect: boolean;
  execute(input: unknown, context: ToolContext): Promise<string>;
}

/** Something the model can mend: told to it as `{ "error": ... }`. */
export class ToolFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ToolFailure';
  }
}

/** Ties a schema to what is done with its values. */
export function defineTool<Schema extends z.ZodType>(tool: {
  name: ToolName;
  description: string;
  schema: Schema;
  effect: boolean;
  execute(input: z.output<Schema>, context: ToolContext): Promise<string>;
}): Tool {
  return { ...tool, execute: (input, context) => tool.execute(tool.schema.parse(input), context) };
}
