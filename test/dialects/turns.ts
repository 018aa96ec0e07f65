/** Makes the answer of a turn: names, ids and counts filled in, and what a fault does to it. */
import { textTokens } from './count.ts';
import { hex, letters } from './ids.ts';
import { type Json, parse } from './json.ts';
import type { Answer, AnswerCall, Context, Counts, Dialect, DialectName, FaultName, Turn, TurnCall } from './types.ts';

/** The first answer to these faults is changed, not replaced. */
const LONG_ID_LENGTH = 64;
const HIDDEN_THINKING_TOKENS = 96;

export interface Served {
  readonly nth: number;
  readonly dialect: Dialect;
  readonly context: Context;
  readonly request: Json;
  readonly turn: Turn;
  readonly input: number;
  readonly cached: number;
  readonly written: number;
  /** The request asks for no thinking. */
  readonly quiet: boolean;
}

export function answerOf(served: Served): Answer {
  const { turn, nth, context } = served;
  const fault = turn.fault?.name;
  const empty = fault === 'empty-answer' || fault === 'content-filter';
  const calls = empty || fault === 'refusal' ? [] : callsOf(turn.calls ?? [], served, fault);
  const text = empty ? '' : fault === 'length' && calls.length === 0 ? half(turn.text ?? '') : (turn.text ?? '');
  const wanted = context.options.reasoning === true && !served.quiet ? `Thinking about request ${nth}.` : '';
  const reasoning = empty || served.quiet ? '' : (turn.reasoning ?? wanted);
  const end = endOf(fault, calls);
  const thinkingOutside = context.options.thinkingOutside === true || fault === 'thinking-outside';
  return {
    nth,
    context,
    request: served.request,
    text,
    reasoning,
    calls: end === 'malformed' ? [] : calls,
    end,
    finish: turn.finish,
    counts: countsOf(served, text, reasoning, calls, thinkingOutside),
    usage: fault === 'no-usage' ? 'none' : turn.usage,
    thinkingOutside,
  };
}

function countsOf(served: Served, text: string, reasoning: string, calls: readonly AnswerCall[], outside: boolean): Counts {
  const spoken = calls.reduce((sum, call) => sum + textTokens(`${call.name}${JSON.stringify(call.wire)}`), textTokens(text));
  const thought = textTokens(reasoning);
  return {
    input: served.input,
    cached: served.cached,
    written: served.written,
    text: spoken,
    reasoning: outside && thought === 0 ? HIDDEN_THINKING_TOKENS : thought,
  };
}

function endOf(fault: FaultName | undefined, calls: readonly AnswerCall[]): Answer['end'] {
  if (fault === 'length') return 'length';
  if (fault === 'content-filter') return 'filter';
  if (fault === 'refusal') return 'refusal';
  if (fault === 'finish-error') return 'error';
  if (fault === 'tool-use-failed') return 'malformed';
  return calls.length > 0 ? 'calls' : 'stop';
}

const half = (text: string): string => text.slice(0, Math.floor(text.length / 2));

function callsOf(calls: readonly TurnCall[], served: Served, fault: FaultName | undefined): AnswerCall[] {
  const first = callId(served.dialect.name, served.nth, 0);
  return calls.map((call, index) => {
    const last = index === calls.length - 1;
    const text = typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments);
    const cut = fault === 'length' && last ? half(text) : text;
    const value = parse(cut);
    const id = call.id ?? callId(served.dialect.name, served.nth, index);
    return {
      name: fault === 'bad-tool-name' && index === 0 ? `${call.name}<|channel|>commentary` : call.name,
      id:
        fault === 'long-id' && index === 0
          ? letters(`long ${served.nth}`, LONG_ID_LENGTH)
          : fault === 'duplicate-ids'
            ? (calls[0]?.id ?? first)
            : id,
      wire: fault === 'arguments-null' ? null : fault === 'arguments-object' ? (value ?? {}) : cut,
      value: fault === 'arguments-null' ? null : value === undefined ? cut : value,
    };
  });
}

/** As each provider makes them. */
function callId(name: DialectName, nth: number, index: number): string {
  const seed = `${name} ${nth} ${index}`;
  if (name === 'mistral') return letters(seed, 9);
  if (name === 'anthropic') return `toolu_01${letters(seed, 22)}`;
  if (name === 'vllm') return `chatcmpl-tool-${hex(seed, 16)}`;
  if (name === 'llamacpp') return letters(seed, 32);
  if (name === 'deepseek') return `call_0${index}_${letters(seed, 24)}`;
  if (name === 'gemini') return letters(seed, 8).toLowerCase();
  return `call_${letters(seed, 24)}`;
}
