/** First piece of the tool door: may this role make this call, with these arguments? Pure; nothing is spent or touched. */
import { roleHasTool } from '../../domain/access.ts';
import { toError } from '../../domain/errors.ts';
import { pathMatcher } from '../../domain/patterns.ts';
import { ROLE_TABLE } from '../../domain/roles.ts';
import { unknownTool } from '../other-names.ts';
import type { Tool } from '../tool.ts';
import { judgedSchema, TOOLS } from '../toolbox.ts';
import { refused } from './answer.ts';
import type { Judged, PermittedCall, ToolRequest } from './request.ts';

export type Permission =
  | { readonly kind: 'permitted'; readonly call: PermittedCall }
  | { readonly kind: 'turned-away'; readonly judged: Judged };

export function permit(request: ToolRequest): Permission {
  const { role } = request;
  const { name, arguments: text } = request.call;
  const tool = TOOLS.find((candidate) => candidate.name === name);
  const schema = tool?.schema ?? judgedSchema(name);
  if (schema === undefined) return turnedAway(refused('CONTRACT_VIOLATION', unknownTool(name, role, request.allowed)));
  const { depthLeft = ROLE_TABLE[role].parent === null ? 1 : 0 } = request;
  if (name === 'delegate' && roleHasTool(role, name) && depthLeft < 1)
    return turnedAway(refused('DEPTH_EXCEEDED', `${request.agent} may not delegate: no level of sub-agents is left (limits.depth)`));
  const narrowed = !name.startsWith('submit_') && request.allowed !== undefined && !request.allowed.includes(name);
  if (!roleHasTool(role, name) || narrowed) return turnedAway(refused('CONTRACT_VIOLATION', `the ${role} may not use ${name}`));
  const parsed = parse(text, schema);
  if (parsed.kind === 'bad') return turnedAway({ outcome: 'invalid', content: JSON.stringify({ error: parsed.problem }) });
  const call = { request, tool, input: parsed.value };
  const outside = pathOutside(call);
  if (outside !== undefined)
    return turnedAway(refused('OUT_OF_SCOPE', `${outside}: this task may write ${request.writable?.join(', ') ?? 'nothing'} alone`));
  return { kind: 'permitted', call };
}

const turnedAway = (judged: Judged): Permission => ({ kind: 'turned-away', judged });

function parse(text: string, schema: Tool['schema']): { kind: 'ok'; value: unknown } | { kind: 'bad'; problem: string } {
  let raw: unknown;
  try {
    raw = JSON.parse(text === '' ? '{}' : text);
  } catch (error) {
    return { kind: 'bad', problem: `arguments are not JSON: ${toError(error).message}` };
  }
  const result = schema.safeParse(raw);
  if (result.success) return { kind: 'ok', value: raw };
  const problems = result.error.issues.slice(0, 10).map((issue) => `${issue.path.join('.') || '(arguments)'}: ${issue.message}`);
  return { kind: 'bad', problem: problems.join('; ') };
}

/** A path that a file tool would write although its task does not name it. What commands write is judged at the task's end. */
function pathOutside({ request, tool, input }: PermittedCall): string | undefined {
  if (request.writable === undefined || tool?.effect !== true) return undefined;
  const isWritable = pathMatcher(request.writable);
  return tool.paths(input).find((path) => !isWritable(path.replace(/^(\.\/)+/, '')));
}
