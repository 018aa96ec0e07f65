/** A model behind an endpoint of any dialect as a ChatModel: one exchange a call, ended by silence, by the caller, or by its answer. */
import type { ModelConfig } from '../domain/config.ts';
import { ProviderError, toError } from '../domain/errors.ts';
import { digestOf } from '../domain/ids.ts';
import type { ChatModel } from '../domain/ports.ts';
import { createInputCount } from './count.ts';
import { remembered } from './remembered.ts';
import { sightOf } from './sight.ts';
import { recordable } from './wire/address.ts';
import { createExchange, type Endpoint } from './wire/exchange.ts';

/** Longest answer in all, in ms: one that trickles for ever is no answer. */
const LONGEST_ANSWER_MS = 60 * 60_000;

/** Retries and budget are the model door's. */
export function createEndpointModel(config: ModelConfig, endpoint: Endpoint, options: { contextTokens: number }): ChatModel {
  const origin = `${endpoint.dialect.name} ${recordable(endpoint.baseUrl)} ${config.model}`;
  const sight = sightOf(config, endpoint.dialect);
  const digestOfPart = remembered((part: object) => digestOf(part));
  return {
    provider: config.provider,
    model: config.model,
    origin,
    contextTokens: options.contextTokens,
    timeoutMs: config.timeout,
    ...(sight === undefined ? {} : { sight }),
    countInput: createInputCount(origin, sight),
    complete: async (request, signal, onText) => {
      signal.throwIfAborted();
      const watch = watchSilence(signal, config.timeout);
      try {
        const call = { config, request, origin, digestOf: digestOfPart, signal: watch.signal };
        const exchange = createExchange(endpoint, call, { onBytes: watch.heard, onText: (piece) => onText?.(piece) });
        const sent = endpoint.dialect.send(call, exchange.fetch);
        await Promise.race([sent, watch.ended]).catch((error: unknown) => {
          if (signal.aborted) throw signal.reason;
          if (watch.signal.aborted) throw watch.signal.reason;
          // A whole answer stands; then only the SDK's own reading of it failed.
          if (exchange.seen.answer === undefined) throw exchange.seen.fault ?? toError(error);
        });
        if (exchange.seen.answer === undefined) throw new Error('an answer was returned that was never received');
        return exchange.seen.answer;
      } finally {
        watch.stop();
      }
    },
  };
}

/** Aborts when nothing was heard for `timeoutMs`, or when the caller does. `ended` rejects then, even where the work ignores its signal. */
function watchSilence(caller: AbortSignal, timeoutMs: number) {
  const limit = new AbortController();
  const end = (message: string): void => limit.abort(new ProviderError(message, { fault: 'silent' }));
  const onAbort = (): void => limit.abort(caller.reason);
  caller.addEventListener('abort', onAbort, { once: true });
  const whole = setTimeout(() => end(`the answer was not whole after ${LONGEST_ANSWER_MS} ms`), LONGEST_ANSWER_MS);
  const silence = setTimeout(() => end(`nothing came for ${timeoutMs} ms`), timeoutMs);
  const ended = new Promise<never>((_, reject) => {
    limit.signal.addEventListener('abort', () => reject(limit.signal.reason), { once: true });
  });
  // Nobody may be waiting for it when it rejects.
  ended.catch(() => undefined);
  return {
    signal: limit.signal,
    ended,
    heard: (): void => void silence.refresh(),
    stop: (): void => {
      clearTimeout(whole);
      clearTimeout(silence);
      caller.removeEventListener('abort', onAbort);
    },
  };
}
