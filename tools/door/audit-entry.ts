/** What the audit trail says of a tool call: who made it in which stage, and with what. */
import type { AuditEntry } from '../../domain/audit.ts';
import { digestOf } from '../../domain/ids.ts';
import type { PermittedCall, ToolRequest } from './request.ts';

export function auditEntry(
  request: ToolRequest,
  action: string,
  more: Partial<AuditEntry> & { readonly facts: Readonly<Record<string, unknown>> },
): AuditEntry {
  return {
    threadId: request.fence.threadId,
    actor: `agent:${request.agent === '-' ? request.role : request.agent}`,
    action,
    stage: request.stage,
    attempt: request.attempt,
    ...more,
    facts: { tool: request.context.redact(request.call.name).slice(0, 64), ...more.facts },
  };
}

/** Its path or argv, and the paths of a patch, without secrets; and the digest of all arguments. */
export function subjectOf({ request, tool, input }: PermittedCall): Record<string, unknown> {
  const fields = input !== null && typeof input === 'object' ? (input as Record<string, unknown>) : {}; // parsed JSON
  const told = (value: unknown): string => request.context.redact(JSON.stringify(value)).slice(0, 300);
  const shown = ['path', 'argv', 'shell', 'pattern'].flatMap((name) => (Object.hasOwn(fields, name) ? [[name, told(fields[name])]] : []));
  const paths = tool?.effect === true && !Object.hasOwn(fields, 'path') ? tool.paths(input) : [];
  const written = paths.length === 0 ? {} : { paths: told(paths) };
  return { ...Object.fromEntries(shown), ...written, arguments: digestOf(request.call.arguments).slice(0, 16) };
}
