/** Our messages as LangChain messages, from which each SDK makes its own wire form. */
import { AIMessage, type BaseMessage, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import type { Picture, ToolResult } from '../../domain/picture.ts';
import type { ChatMessage, ToolSpec } from '../../domain/ports.ts';
import { argumentsOf, callId, wireTools } from './calls.ts';

/** @param allowed what ids of tool calls may look like at this endpoint. */
export function toLangChain(messages: readonly ChatMessage[], allowed: RegExp): BaseMessage[] {
  return messages.map((message) => {
    switch (message.role) {
      case 'system':
        return new SystemMessage(message.content);
      case 'user':
        return new HumanMessage(message.content);
      case 'tool':
        return new ToolMessage({
          content: message.content,
          tool_call_id: callId(message.toolCallId, allowed),
          name: message.toolName,
        });
      case 'assistant':
        return new AIMessage({
          content: message.content,
          tool_calls: message.toolCalls.map((call) => ({
            type: 'tool_call',
            id: callId(call.id, allowed),
            name: call.name,
            args: argumentsOf(call),
          })),
        });
      default:
        return message satisfies never;
    }
  });
}

/** Tools in the form that every SDK of LangChain reads. */
export function toTools(tools: readonly ToolSpec[]) {
  return wireTools(tools).map(({ name, description, parameters }) => ({
    type: 'function' as const,
    function: { name, description, parameters: { ...parameters } },
  }));
}

type Assistant = Extract<ChatMessage, { role: 'assistant' }>;

/** The assistant's messages in order, for dialects that put their own opaque content back in. */
export function assistants(messages: readonly ChatMessage[]): Assistant[] {
  return messages.filter((message): message is Assistant => message.role === 'assistant');
}

/** The results in order, for dialects that put a picture into theirs. */
export function results(messages: readonly ChatMessage[]): ToolResult[] {
  return messages.filter((message): message is ToolResult => message.role === 'tool');
}

export const dataUrl = ({ mediaType, base64 }: Picture): string => `data:${mediaType};base64,${base64}`;

/** The system's words alone. */
export function systemOf(messages: readonly ChatMessage[]): string {
  return messages.flatMap((message) => (message.role === 'system' ? [message.content] : [])).join('\n\n');
}
