/** The table of tools, and what a role may see of it. */
import { z } from 'zod';
import { roleHasTool } from '../domain/access.ts';
import { delegateSchema, planBodySchema, submitBuildSchema, submitReviewSchema, submitWorkSchema } from '../domain/handoff.ts';
import type { ToolSpec } from '../domain/ports.ts';
import { type HandOverTool, ROLE_TABLE, type Role } from '../domain/roles.ts';
import { FILE_TOOLS } from './files.ts';
import { runCommand } from './run.ts';
import { searchFiles } from './search.ts';
import type { Tool } from './tool.ts';

export const TOOLS: readonly Tool[] = [...FILE_TOOLS, searchFiles, runCommand];

/** The hand-over tools: declared here, judged by the role's own code. */
const SUBMITS: Readonly<Record<HandOverTool, { readonly description: string; readonly schema: z.ZodType }>> = {
  submit_plan: { description: 'Hands over the plan. The only call of its answer.', schema: planBodySchema },
  submit_build: { description: 'Hands over the work as it is on disk. The only call of its answer.', schema: submitBuildSchema },
  submit_review: { description: 'Hands over the verdict. The only call of its answer.', schema: submitReviewSchema },
  submit_work: {
    description: 'Hands over the task as it is on disk, or says what blocks it. The only call of its answer.',
    schema: submitWorkSchema,
  },
};

/** Not run by a tool either: the builder starts sub-agents from it. */
const DELEGATE = {
  description:
    'Starts one sub-agent for each task, at once, each in its own copy of the files as they are now. Answers when all have ended: the work of those that are done is merged into your files; conflicts, failures and blocks are told. For independent tasks only. At most one delegate an answer.',
  schema: delegateSchema,
};

/** The schema of a call that the role's own code judges. */
export function judgedSchema(name: string): z.ZodType | undefined {
  if (name === 'delegate') return DELEGATE.schema;
  return Object.hasOwn(SUBMITS, name) ? SUBMITS[name as keyof typeof SUBMITS].schema : undefined; // an own key
}

const jsonSchema = (schema: z.ZodType): Record<string, unknown> => {
  const { $schema: _version, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
};

const specs = new Map<string, ToolSpec[]>();

/** The tools of a role, narrowed by configuration; its hand-over tool is always there. */
export function toolSpecs(role: Role, allowed?: readonly string[]): ToolSpec[] {
  const key = `${role} ${allowed?.join(',') ?? '*'}`;
  const known = specs.get(key);
  if (known !== undefined) return known;
  const submit = ROLE_TABLE[role].handOver;
  const { description, schema } = SUBMITS[submit];
  const made = [
    ...TOOLS.filter((tool) => roleHasTool(role, tool.name) && (allowed === undefined || allowed.includes(tool.name))).map((tool) => ({
      name: tool.name,
      description: tool.description,
      parameters: jsonSchema(tool.schema),
    })),
    ...(roleHasTool(role, 'delegate') && (allowed === undefined || allowed.includes('delegate'))
      ? [{ name: 'delegate', description: DELEGATE.description, parameters: jsonSchema(DELEGATE.schema) }]
      : []),
    { name: submit, description, parameters: jsonSchema(schema) },
  ];
  specs.set(key, made);
  return made;
}
