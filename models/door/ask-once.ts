/** Third piece of the model door: one request. What it throws is an outcome like an answer: both are settled. */
import { toError } from '../../domain/errors.ts';
import { failpoint } from '../../domain/failpoint.ts';
import type { ChatAnswer, ChatRequest } from '../../domain/ports.ts';
import type { Door, ModelAsk } from './model-ask.ts';

export type Told =
  | { readonly kind: 'answered'; readonly answer: ChatAnswer; readonly durationMs: number }
  | { readonly kind: 'failed'; readonly error: Error; readonly durationMs: number };

/** @param request with its headers, and with the output limit that was reserved. */
export async function askOnce({ clock, listen }: Door, ask: ModelAsk, request: ChatRequest): Promise<Told> {
  const since = clock.monotonic();
  const durationMs = (): number => Math.round(clock.monotonic() - since);
  const listener = listen?.(ask);
  try {
    failpoint(`model:${ask.role}:before`);
    const answer = await ask.model.complete(request, ask.signal, (piece) => listener?.hear(piece));
    failpoint(`model:${ask.role}:after`);
    listener?.end(answer.text);
    return { kind: 'answered', answer, durationMs: durationMs() };
  } catch (thrown) {
    listener?.end(undefined);
    return { kind: 'failed', error: toError(thrown), durationMs: durationMs() };
  }
}
