/** The table of tools, and what a role may see of it. */
import type { z } from 'zod';
import { roleHasTool } from '../domain/access.ts';
import { delegateSchema, planBodySchema, submitBuildSchema, submitReviewSchema, submitWorkSchema } from '../domain/handoff.ts';
import type { ToolSpec } from '../domain/ports.ts';
import { type HandOverTool, ROLE_TABLE, type Role, type ToolName } from '../domain/roles.ts';
import { applyPatch } from './apply-patch.ts';
import { deleteFile } from './delete-file.ts';
import { difference } from './difference.ts';
import { editFile } from './edit-file.ts';
import { listFiles } from './list-files.ts';
import { readFile } from './read-file.ts';
import { runCommand } from './run.ts';
import { searchFiles } from './search.ts';
import { specOf, type Tool } from './tool.ts';
import { writeFile } from './write-file.ts';

export const TOOLS: readonly Tool[] = [
  listFiles,
  readFile,
  searchFiles,
  writeFile,
  editFile,
  applyPatch,
  deleteFile,
  difference,
  runCommand,
];

/** A tool that is declared here and done by none of `TOOLS`: the role's own code judges the call. */
type JudgedTool = Pick<Tool, 'schema' | 'spec'>;

const judged = (name: ToolName, schema: z.ZodType, description: string): JudgedTool => ({
  schema,
  spec: specOf({ name, description, schema }),
});

/** The hand-over tools. */
const SUBMITS: Readonly<Record<HandOverTool, JudgedTool>> = {
  submit_plan: judged('submit_plan', planBodySchema, 'Hands over the plan. The only call of its answer.'),
  submit_build: judged(
    'submit_build',
    submitBuildSchema,
    'Hands over the work as it is on disk, or says what is in the way. status: "done"; "needs_paths" with paths that the plan lacks; "needs_dependency" with dependencies that are in the manifest but not installed; "blocked" when only a person can help. disputes: findings of the critic that are wrong, with what shows it. The only call of its answer.',
  ),
  submit_review: judged(
    'submit_review',
    submitReviewSchema,
    'Hands over the verdict. answers: one for each finding that the builder disputes. The only call of its answer.',
  ),
  submit_work: judged(
    'submit_work',
    submitWorkSchema,
    'Hands over the task as it is on disk, or says what blocks it. The only call of its answer.',
  ),
};

/** The builder starts sub-agents from it. */
const DELEGATE = judged(
  'delegate',
  delegateSchema,
  'Starts one sub-agent for each task, at once, each in its own copy of the files as they are now. Answers when all have ended: the work of those that are done is merged into your files; conflicts, failures and blocks are told. For independent tasks only. At most one delegate an answer.',
);

/** The schema of a call that the role's own code judges. */
export function judgedSchema(name: string): z.ZodType | undefined {
  if (name === 'delegate') return DELEGATE.schema;
  return Object.hasOwn(SUBMITS, name) ? SUBMITS[name as keyof typeof SUBMITS].schema : undefined; // an own key
}

/** The tools of a role, narrowed by configuration; its hand-over tool is always there. */
export function toolSpecs(role: Role, allowed?: readonly string[]): ToolSpec[] {
  const isSeen = (name: ToolName): boolean => roleHasTool(role, name) && (allowed === undefined || allowed.includes(name));
  return [
    ...TOOLS.filter((tool) => isSeen(tool.name)).map((tool) => tool.spec()),
    ...(isSeen('delegate') ? [DELEGATE.spec()] : []),
    SUBMITS[ROLE_TABLE[role].handOver].spec(),
  ];
}
