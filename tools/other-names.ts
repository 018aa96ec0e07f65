/** A call of a tool that there is not: models trained on other agents call those agents' tools. They are told what does it here. */
import { ROLE_TABLE, type Role, type ToolName, toolsOf } from '../domain/roles.ts';

const DOES: Readonly<Partial<Record<ToolName, readonly string[]>>> = {
  run_command: ['bash', 'shell', 'sh', 'terminal', 'exec', 'execute_command', 'run', 'run_terminal_cmd', 'local_shell'],
  edit_file: [
    'edit',
    'str_replace',
    'str_replace_editor',
    'str_replace_based_edit_tool',
    'replace',
    'multi_edit',
    'multiedit',
    'replace_in_file',
  ],
  write_file: ['write', 'create', 'create_file', 'write_to_file', 'insert'],
  read_file: ['read', 'view', 'cat', 'open', 'open_file', 'view_file'],
  search_files: ['grep', 'rg', 'search', 'ripgrep', 'grep_search', 'codebase_search'],
  list_files: ['glob', 'ls', 'list', 'find', 'list_dir', 'list_directory', 'tree'],
  delete_file: ['delete', 'remove', 'rm'],
  delegate: ['task', 'agent', 'dispatch_agent', 'subagent'],
};
const ENDS: readonly string[] = ['submit', 'finish', 'done', 'complete', 'final_answer', 'attempt_completion', 'exit_plan_mode'];

/** The words that a role is answered with. `allowed`: what the configuration leaves it. */
export function unknownTool(name: string, role: Role, allowed: readonly string[] | undefined): string {
  const { handOver } = ROLE_TABLE[role];
  const own = toolsOf(role).filter((tool) => tool === handOver || allowed === undefined || allowed.includes(tool));
  return `there is no tool ${JSON.stringify(name.slice(0, 64))}. ${hint(name, own, handOver)}Your tools: ${own.join(', ')}`;
}

function hint(called: string, own: readonly ToolName[], handOver: ToolName): string {
  const name = called.trim().toLowerCase().replaceAll('-', '_');
  const does = (Object.keys(DOES) as ToolName[]).find((tool) => DOES[tool]?.includes(name)) ?? (ENDS.includes(name) ? handOver : undefined);
  if (does === undefined) return '';
  return own.includes(does) ? `Here ${does} does that. ` : 'You have no tool for that here. ';
}
