/** How long an endpoint asks to wait before the next try, wherever it says so. */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * From `retry-after-ms`, `Retry-After` in seconds or as a date (RFC 9110, 10.2.3, measured by the endpoint's own clock), else from the
 * body: Gemini's `retryDelay: "15s"` (google.rpc.RetryInfo), "try again in 1m20.5s" (OpenAI, Groq, Azure's "retry after 20 seconds").
 */
export function askedWaitMs(headers: Headers, body: string): number | undefined {
  const exact = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(exact) && exact >= 0) return Math.ceil(exact);
  return fromHeader(headers) ?? fromBody(body);
}

function fromHeader(headers: Headers): number | undefined {
  const word = headers.get('retry-after')?.trim();
  if (word === undefined || word === '') return undefined;
  if (/^\d+(?:\.\d+)?$/.test(word)) return Math.ceil(Number(word) * 1000);
  const wait = Date.parse(word) - Date.parse(headers.get('date') ?? '');
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

function fromBody(body: string): number | undefined {
  const said =
    /"retryDelay"\s*:\s*"([^"]{1,20})"/.exec(body)?.[1] ??
    /(?:try again|retry)\s+(?:in|after)\s+((?:\d+(?:\.\d+)?\s*(?:ms|milliseconds?|s|seconds?|m|minutes?|h|hours?|d|days?)\s*)+)/i.exec(
      body,
    )?.[1];
  return said === undefined ? undefined : spanMs(said);
}

/** `1m20.5s`, `20 seconds`, `350ms` in ms. */
function spanMs(span: string): number | undefined {
  let sum: number | undefined;
  for (const [, amount, unit] of span.matchAll(/(\d+(?:\.\d+)?)\s*(ms|milli|[smhd])/gi)) {
    const scale = UNIT_MS[unit?.toLowerCase() === 'milli' ? 'ms' : (unit?.toLowerCase() ?? '')] ?? 0;
    sum = (sum ?? 0) + Number(amount) * scale;
  }
  return sum === undefined ? undefined : Math.ceil(sum);
}
