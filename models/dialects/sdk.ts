/** How the SDKs are made for one call: no address, no key, no retries, no time limit of their own. */
import type { Call, SdkFetch } from './dialect.ts';

/** Longest that a timer of Node's can wait, in ms: the limits are the exchange's. */
export const NEVER_MS = 2 ** 31 - 1;
/** What an SDK asks instead of the endpoint; the exchange knows the true address. */
export const SDK_ADDRESS = 'https://sdk.invalid';

export function openAiOptions({ config, request }: Call, fetch: SdkFetch) {
  return {
    model: config.model,
    apiKey: 'none',
    maxTokens: request.maxOutputTokens,
    maxRetries: 0,
    timeout: NEVER_MS,
    // Never `streaming: true`: its token count downloads tables from a public host. The exchange streams by itself.
    disableStreaming: true,
    configuration: { baseURL: SDK_ADDRESS, fetch },
  };
}
