/** Reading event streams and waiting for rows, in tests of the server. */
import { expect } from 'vitest';
import type { TestServer } from './serving.ts';

export interface Told {
  readonly id?: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

export async function all(stream: AsyncIterable<{ readonly event: string; readonly data: unknown }>): Promise<Told[]> {
  const found: Told[] = [];
  for await (const event of stream) found.push(event as Told); // with an id, where the stream gives one
  return found;
}

/** The frames of a stream's text, each as its lines. */
export function frames(text: string): { readonly event: string; readonly data: unknown; readonly id: number }[] {
  return text
    .split('\n\n')
    .filter((frame) => frame.startsWith('event: '))
    .map((frame) => {
      const match = /^event: (.+)\ndata: (.*)\nid: (\d+)$/.exec(frame);
      if (match === null) throw new Error(`not a frame: ${frame}`);
      return { event: match[1] ?? '', data: JSON.parse(match[2] ?? ''), id: Number(match[3]) };
    });
}

/** Waits until a run is as asked. */
export async function reached(server: TestServer, threadId: string, runId: string, ...statuses: string[]): Promise<void> {
  await expect
    .poll(async () => (await server.client.runs.get(threadId, runId)).status, { timeout: 10_000, interval: 10 })
    .toSatisfy((status) => statuses.includes(String(status)));
}

/** `{ status, detail }` of an answer. */
export const refusal = (answer: { status: number; body: unknown }): { status: number; detail: string } => ({
  status: answer.status,
  detail: String((answer.body as { detail?: unknown } | null)?.detail), // an error's body
});
