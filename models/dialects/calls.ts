/** Tool calls and their schemas in the form that every endpoint takes. */
import { createHash } from 'node:crypto';
import type { ChatRequest, ToolCall, ToolSpec } from '../../domain/ports.ts';

/** Longest tool name anywhere (OpenAI, Anthropic, Groq, Gemini: 64). */
const NAME = /^[a-zA-Z0-9_-]{1,64}/;

/** Ids that go back as they came: OpenAI takes 40 characters of these, others more. */
const ID = /^[a-zA-Z0-9_-]{1,40}$/;

/** What a call held on the wire, before anything is believed. */
export interface RawCall {
  readonly id?: string | null | undefined;
  readonly name: string;
  readonly arguments?: unknown;
}

/**
 * Calls of an answer: argument texts stay as they came, malformed or not, and an object becomes its text; a name loses what no name may
 * hold (gpt-oss leaks `write_file<|channel|>commentary`); an id that is missing, used twice or longer than any endpoint takes back is replaced by one that is the call's own.
 */
export function toToolCalls(calls: readonly RawCall[], request: ChatRequest): ToolCall[] {
  const used = new Set<string>();
  const answer = request.headers['x-governor-call'] ?? '0';
  return calls.map((call, index) => {
    const given = call.id ?? '';
    let id = ID.test(given) && !used.has(given) ? given : `call_${answer}_${index + 1}`;
    while (used.has(id)) id = `${id}_`;
    used.add(id);
    return { id, name: NAME.exec(call.name.trim())?.[0] ?? 'unnamed', arguments: textOf(call.arguments) };
  });
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The arguments of a call as an object. Endpoints reject a history whose arguments are none, so a malformed text is wrapped. */
export function argumentsOf(call: ToolCall): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(call.arguments === '' ? '{}' : call.arguments);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>; // checked just now
  } catch {
    // told below
  }
  return { malformed_arguments: call.arguments };
}

/** The very text of the model where an endpoint can read it. */
export function sentArguments(call: ToolCall): string {
  const value = argumentsOf(call);
  return Object.hasOwn(value, 'malformed_arguments') || call.arguments === '' ? JSON.stringify(value) : call.arguments;
}

/** An id as an endpoint takes it; the same id always becomes the same. */
export function callId(id: string, allowed: RegExp): string {
  if (allowed.test(id)) return id;
  const digest = createHash('sha256').update(id).digest('base64url').replaceAll(/[-_]/g, 'x');
  return digest.slice(0, 9);
}

const KEPT = new Set(['type', 'description', 'properties', 'required', 'items', 'enum', 'anyOf']);

/**
 * A schema with nothing but shapes: limits stand in our own validation. On the wire they break endpoints: `maxLength` above 2000 breaks
 * llama.cpp's grammar; `exclusiveMinimum`, `const` and `additionalProperties` break Gemini's schema.
 */
export function wireSchema(schema: unknown): Record<string, unknown> {
  const shape: Record<string, unknown> = {};
  for (const [key, value] of Object.entries((schema ?? {}) as Record<string, unknown>)) {
    // JSON Schema as zod made it
    if (key === 'const') shape['enum'] = [value];
    else if (key === 'oneOf' || key === 'anyOf') shape['anyOf'] = (value as unknown[]).map(wireSchema);
    else if (key === 'items') shape[key] = wireSchema(value);
    else if (key === 'properties')
      shape[key] = Object.fromEntries(Object.entries(value as object).map(([name, inner]) => [name, wireSchema(inner)]));
    else if (KEPT.has(key)) shape[key] = value;
  }
  if (shape['enum'] !== undefined && shape['type'] === undefined) shape['type'] = 'string';
  return shape;
}

/** The tools with schemas that every endpoint takes. */
export function wireTools(tools: readonly ToolSpec[]): ToolSpec[] {
  return tools.map((tool) => ({ ...tool, parameters: wireSchema(tool.parameters) }));
}
