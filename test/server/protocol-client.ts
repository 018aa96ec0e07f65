/** Protocol v2 by hand: commands, and a thread's stream as its frames come. */
import { expect } from 'vitest';
import { until } from '../until.ts';

export interface Told {
  readonly event_id: string;
  readonly seq: number;
  readonly method: string;
  readonly params: {
    readonly namespace: string[];
    readonly timestamp: number;
    readonly node?: string;
    readonly data: Record<string, unknown>;
  };
}

export interface Reading {
  readonly events: Told[];
  /** Ids as the frames have them. */
  readonly ids: string[];
  readonly response: Promise<Response>;
  /** True once the server, or the connection, has ended it. */
  over: boolean;
  until(what: (events: readonly Told[]) => unknown, name: string): Promise<true>;
  close(): void;
}

export const ALL = ['values', 'updates', 'messages', 'tools', 'lifecycle', 'input', 'tasks', 'checkpoints', 'custom'];

export function openStream(
  url: string,
  threadId: string,
  filter: object = { channels: ALL },
  headers: Record<string, string> = {},
): Reading {
  const leave = new AbortController();
  const response = fetch(`${url}/threads/${threadId}/stream/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(filter),
    signal: leave.signal,
  });
  const reading: Reading = {
    events: [],
    ids: [],
    response,
    over: false,
    until: (what, name) => until(async () => (what(reading.events) ? true : undefined), name),
    close: () => leave.abort(),
  };
  void read(response, reading);
  return reading;
}

async function read(response: Promise<Response>, reading: Reading): Promise<void> {
  const { events, ids } = reading;
  try {
    const { status, body } = await response;
    if (status !== 200 || body === null) return;
    let text = '';
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n')) {
        const frame = text.slice(0, at);
        text = text.slice(at + 2);
        if (frame.startsWith(':')) continue;
        const [, event = '', data = '', id = ''] = /^event: (.+)\ndata: (.+)\nid: (\d+)$/.exec(frame) ?? [];
        const told = JSON.parse(data) as Told; // checked below
        expect(told).toMatchObject({ type: 'event', method: event, event_id: id, seq: Number(id) });
        events.push(told);
        ids.push(id);
      }
    }
  } catch {
    // cut, or left
  } finally {
    reading.over = true;
  }
}

let next = 1;

export async function command(
  url: string,
  threadId: string,
  method: string,
  { params, headers = {} }: { readonly params?: unknown; readonly headers?: Record<string, string> } = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${url}/threads/${threadId}/commands`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ id: next++, method, ...(params === undefined ? {} : { params }) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }; // every answer is an object
}

/** How the run of the root stands, in order. */
export const roots = (events: readonly Told[]): unknown[] =>
  events.filter((one) => one.method === 'lifecycle' && one.params.namespace.length === 0).map((one) => one.params.data['event']);
export const isOver = (events: readonly Told[]): boolean => ['completed', 'failed', 'interrupted'].includes(String(roots(events).at(-1)));
/** The ids of the questions, in order. */
export const asked = (events: readonly Told[]): string[] =>
  events.filter((one) => one.method === 'input.requested').map((one) => String(one.params.data['interrupt_id']));
