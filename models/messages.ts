/** Our messages and tools in the words of the chat completions API, and  */
import type { ChatMessage, ToolCall, ToolSpec } from '../domain/ports.ts';

export interface WireToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

export interface WireTool {
  readonly type: 'function';
  readonly function: { readonly name: string; readonly description: string; readonly parameters: Record<string, unknown> };
}

/** A call as it is sent back. Endpoints reject a history whose arguments are no JSON object, so a malformed text is wrapped. */
export function wireToolCall(call: ToolCall): WireToolCall {
  const text = isJsonObject(call.arguments) ? call.arguments : JSON.stringify({ malformed_arguments: call.arguments });
  return { id: call.id, type: 'function', function: { name: call.name, arguments: text } };
}

export function wireTools(tools: readonly ToolSpec[]): WireTool[] {
  return tools.map((tool) => ({
    type: 'function',
    function: { name: tool.name, description: tool.description, parameters: { ...tool.parameters } },
  }));
}

/** What is counted; the same contents that every dialect sends. */
export function wireMessages(messages: readonly ChatMessage[]): unknown[] {
  return messages.map((message) => {
    switch (message.role) {
      case 'system':
      case 'user':
        return { role: message.role, content: message.content };
      case 'assistant':
        return { role: message.role, content: message.content, tool_calls: message.toolCalls.map(wireToolCall) };
      case 'tool':
        return { role: message.role, tool_call_id: message.toolCallId, name: message.toolName, content: message.content };
      default:
        return message satisfies never;
    }
  });
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value);
  } catch {
    return false;
  }
}
