/**
 * The agent roles as one table: where each works, what it may write, its tools and how it hands over. Whatever lists roles derives from it:
 * configuration, prompts, scripts of replies, the doors, the pages.
 */
import type { Stage } from './stages.ts';

/** For every role. */
const READ_TOOLS = ['list_files', 'read_file', 'search_files', 'recall'] as const;
/** For every role that may write. */
const WRITE_TOOLS = ['write_file', 'edit_file', 'apply_patch', 'delete_file'] as const;

interface RoleFacts {
  readonly stage: Stage;
  /** `nothing`: its work tree is thrown away; `candidate`: what it leaves is the change; `task`: only the paths of its task. */
  readonly writes: 'nothing' | 'candidate' | 'task';
  /** Beside those for reading, and for writing where it may. */
  readonly tools: readonly string[];
  /** The tool by which it hands over, never by prose. */
  readonly handOver: `submit_${string}`;
}

/** One agent an attempt. */
interface OwnAgent extends RoleFacts {
  /** In transcripts, headers and scripts; `-` where it is alone in its stage. */
  readonly agent: string;
  readonly parent: null;
  /** True where a resume with words or another model is for it; one role a stage. */
  readonly askable: boolean;
}

/** Many, each started by its parent: it has an id of its own, such as `w1.1`, and no tool that the parent has not. */
interface SubAgent<Name> extends RoleFacts {
  readonly agent: null;
  readonly parent: Name;
  readonly askable: false;
}

/** A parent that is no row of the same table does not compile. */
export const roleTable = <const Rows extends { readonly [Name in keyof Rows]: OwnAgent | SubAgent<keyof Rows> }>(rows: Rows) => rows;

export const ROLE_TABLE = roleTable({
  planner: { stage: 'plan', agent: '-', parent: null, writes: 'nothing', tools: ['run_command'], handOver: 'submit_plan', askable: true },
  lead: {
    stage: 'build',
    agent: 'lead',
    parent: null,
    writes: 'candidate',
    tools: ['diff', 'run_command', 'delegate'],
    handOver: 'submit_build',
    askable: true,
  },
  worker: {
    stage: 'build',
    agent: null,
    parent: 'lead',
    writes: 'task',
    // `delegate` where `limits.depth` lets sub-agents go deeper.
    tools: ['diff', 'run_command', 'delegate'],
    handOver: 'submit_work',
    askable: false,
  },
  critic: {
    stage: 'review_critic',
    agent: '-',
    parent: null,
    writes: 'nothing',
    tools: ['diff', 'run_command'],
    handOver: 'submit_review',
    askable: true,
  },
});

type Table = typeof ROLE_TABLE;
export type Role = keyof Table;

/** In the order of the table. */
export const ROLES = Object.keys(ROLE_TABLE) as [Role, ...Role[]]; // the keys of a literal

/** The tool of each role's hand-over. */
export type HandOverTool = Table[Role]['handOver'];
/** Every tool that some role has. */
export type ToolName = (typeof READ_TOOLS)[number] | (typeof WRITE_TOOLS)[number] | Table[Role]['tools'][number] | HandOverTool;

/** A role with the stage it works in. */
export type RoleAt = { readonly [Name in Role]: { readonly role: Name; readonly stage: Table[Name]['stage'] } }[Role];

const workTools = (role: Role): ToolName[] => [
  ...READ_TOOLS,
  ...(ROLE_TABLE[role].writes === 'nothing' ? [] : WRITE_TOOLS),
  ...ROLE_TABLE[role].tools,
];

/** The tools of a role, its hand-over last. */
export const toolsOf = (role: Role): readonly ToolName[] => [...workTools(role), ROLE_TABLE[role].handOver];

/** The tools of all roles, the hand-overs last. */
export const TOOL_NAMES = [...new Set([...ROLES.flatMap(workTools), ...ROLES.map((role) => ROLE_TABLE[role].handOver)])] as [
  ToolName,
  ...ToolName[],
]; // every role reads

/** The role that a resume in this stage is for; undefined where no agent is asked. */
export function askedRole(stage: string): Role | undefined {
  return ROLES.find((role) => ROLE_TABLE[role].askable && ROLE_TABLE[role].stage === stage);
}

/** One value for each role, as the keys of a configuration. */
export function perRole<Value>(value: Value): Record<Role, Value> {
  return Object.fromEntries(ROLES.map((role) => [role, value])) as Record<Role, Value>; // a key for each
}
