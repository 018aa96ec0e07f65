/** What a tool is: a name, a schema, whether it has an effect, and what it does. It knows nothing of budget or audit. */
import { z } from 'zod';
import type { Picture } from '../domain/picture.ts';
import type { ToolSpec } from '../domain/ports.ts';
import type { ToolName } from '../domain/roles.ts';
import type { Mount, Sandbox, WorkTree } from '../domain/workspace.ts';

/** What a tool works with: the agent's files and the sandbox that its commands run in. */
export interface ToolContext {
  readonly workTree: WorkTree;
  readonly folder: string;
  readonly sandbox: Sandbox;
  readonly links: readonly Mount[];
  readonly scratch: readonly string[];
  /** Longest single command, in ms. */
  readonly commandTimeoutMs: number;
  /** Output cap of one command, in bytes per stream. */
  readonly outputBytes: number;
  readonly signal: AbortSignal;
  /** Masks secrets, as the door does with everything that a tool says. */
  readonly redact: (text: string) => string;
  /** What is different from the base, as a patch with the secrets masked; `path`: of this file or folder alone. */
  readonly difference: (path?: string) => Promise<string>;
  /** Run after an edit, so that its author reads at once what it broke. */
  readonly quickChecks: readonly QuickCheck[];
  /** Can one of the agent's models be shown this picture? Absent: none of them sees. */
  readonly sees?: ((picture: Picture) => boolean) | undefined;
}

/** What a tool says: words, or what a file is with the picture in it. */
export type Output = string | { readonly content: string; readonly picture: Picture };

/** `checks[].onEdit` of the configuration. */
export interface QuickCheck {
  readonly id: string;
  readonly run: readonly string[];
  /** In ms. */
  readonly timeout: number;
}

export interface Tool<Said extends Output = Output> {
  readonly name: ToolName;
  readonly schema: z.ZodType;
  /** True when it may change the tree: the door records the tree before and after. */
  readonly effect: boolean;
  /** The paths that a call would write, as it names them. Default: its argument `path`. */
  readonly paths: (input: unknown) => readonly string[];
  /** As a model reads it; always the same object. */
  readonly spec: () => ToolSpec;
  execute(input: unknown, context: ToolContext): Promise<Said>;
}

/** Something the model can mend: told to it as `{ "error": ... }`. */
export class ToolFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ToolFailure';
  }
}

/**
 * Ties a schema to what is done with its values. The door in front of it permits, budgets, records and masks; a tool only works.
 * @example
 * ```ts
 * export const countLines = defineTool({
 *   name: 'count_lines',
 *   description: 'Counts the lines of a file.',
 *   schema: z.strictObject({ path: z.string().min(1).max(1024) }),
 *   effect: false,
 *   execute: async ({ path }, { folder }) => {
 *     const file = join(folder, inside(path)); // refuses a path that leaves the work tree
 *     if (!existsSync(file)) throw new ToolFailure(`${path}: there is no such file`);
 *     return JSON.stringify({ lines: readFileSync(file, 'utf8').split('\n').length });
 *   },
 * });
 * ```
 */
export function defineTool<Schema extends z.ZodType, Said extends Output>(tool: {
  name: ToolName;
  description: string;
  schema: Schema;
  effect: boolean;
  paths?(input: z.output<Schema>): readonly string[];
  execute(input: z.output<Schema>, context: ToolContext): Promise<Said>;
}): Tool<Said> {
  const { name, schema, effect } = tool;
  const paths = tool.paths === undefined ? pathOf : tool.paths.bind(tool);
  return {
    name,
    schema,
    effect,
    paths: (input) => paths(schema.parse(input)),
    spec: specOf(tool),
    execute: (input, context) => tool.execute(schema.parse(input), context),
  };
}

const pathOf = (input: unknown): readonly string[] =>
  input !== null && typeof input === 'object' && 'path' in input && typeof input.path === 'string' ? [input.path] : [];

/** What a model reads of a tool, made when it is first asked for. */
export function specOf(tool: { readonly name: string; readonly description: string; readonly schema: z.ZodType }): () => ToolSpec {
  let made: ToolSpec | undefined;
  return () => {
    made ??= { name: tool.name, description: tool.description, parameters: jsonSchema(tool.schema) };
    return made;
  };
}

function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _version, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}
