/** Second piece of the model door: the worst case of a call is taken from the budget and written down, before it leaves. */
import type { Amounts } from '../../domain/budget.ts';
import type { ChatRequest } from '../../domain/ports.ts';
import { readRecorded } from '../recorded.ts';
import { payableOutput, reservationOf } from '../reserve.ts';
import type { CountedRequest } from './count.ts';
import type { Door, ModelAnswer, ModelAsk, ModelCall } from './model-ask.ts';
import { auditEntry, rowFor } from './records.ts';

export type ReservedCall =
  /** Go on. `amounts`: the worst case; the request's output limit is what can be paid. */
  | { readonly kind: 'reserved'; readonly request: ChatRequest; readonly amounts: Amounts }
  /** Answered without asking: it cannot be paid, or it is recorded already. */
  | { readonly kind: 'closed'; readonly result: ModelAnswer };

/** One account can refuse for money and then for tokens; the run's and the agent's make four. */
const MAX_LOWERINGS = 4;

/** Reserves the worst case, with a lower output limit where only that can be paid. */
export async function reserve(options: Door, { ask, effect }: ModelCall, { bound }: CountedRequest): Promise<ReservedCall> {
  const { tokens: inputTokens, how } = bound;
  let request: ChatRequest = { ...ask.request, headers: headersOf(ask) };
  for (let lowered = 0; ; lowered++) {
    const reserved = reservationOf(ask.price, inputTokens, request.maxOutputTokens);
    const started = await options.effects.start(ask.fence, effect, {
      reserve: { accounts: ask.accounts, amounts: reserved, model: ask.model.model, price: ask.price },
      audit: auditEntry(ask, 'model-call', {
        call: ask.call,
        model: ask.model.model,
        provider: ask.model.provider,
        canned: ask.model.provider === 'script',
        reserved,
        counted: how,
      }),
    });
    switch (started.kind) {
      case 'go':
      case 'interrupted':
        return { kind: 'reserved', request, amounts: reserved };
      case 'done': {
        const { answer } = readRecorded(started.result, effect.key);
        return { kind: 'closed', result: { kind: 'answer', answer, row: rowFor(ask, answer), replayed: true } };
      }
      case 'refused': {
        const payable = payableOutput(started.refusal, ask.price, inputTokens, request.maxOutputTokens);
        if (payable === undefined || lowered === MAX_LOWERINGS) return { kind: 'closed', result: started };
        const facts = {
          call: ask.call,
          cap: started.refusal.cap,
          account: started.refusal.account,
          from: request.maxOutputTokens,
          to: payable,
        };
        await options.audit.append(auditEntry(ask, 'output-limit-lowered', facts));
        request = { ...request, maxOutputTokens: payable };
        break;
      }
      default:
        return started satisfies never;
    }
  }
}

const headersOf = (ask: ModelAsk): Record<string, string> => ({
  'x-governor-thread': ask.threadId,
  'x-governor-role': ask.role,
  'x-governor-agent': ask.agent,
  'x-governor-attempt': String(ask.attempt),
  'x-governor-call': String(ask.call),
});
