/**
 * The second admin: who may edit a governed thread does so only after another admin has said why. The audit trail is the record of it;
 * the edit itself stands there too.
 */
import { z } from 'zod';
import { assertMay, type Caller } from '../auth/caller.ts';
import { Problem } from '../http/problem.ts';
import type { Governed } from './graph.ts';

/** How long an opened thread stays open for whom it was opened, in ms: time for the edit that was spoken of, not for the next one. */
export const OPEN_MS = 15 * 60_000;
const ACTION = 'break-glass';

const facts = z.object({ for: z.string(), reason: z.string(), until: z.string() });

export interface Opened extends z.output<typeof facts> {
  readonly thread_id: string;
  readonly by: string;
}

/** @throws Problem 403; 422 for oneself: that is no second person. */
export async function breakGlass(
  { runtime }: Pick<Governed, 'runtime'>,
  caller: Caller,
  threadId: string,
  given: { for: string; reason: string },
): Promise<Opened> {
  assertMay(caller, 'edit');
  const by = caller.person.id;
  if (given.for === by)
    throw new Problem(422, `for: ${JSON.stringify(by)} is yourself; an edit needs a second admin, who opens it for the first`);
  const opened = { ...given, until: new Date(runtime.clock.now() + OPEN_MS).toISOString() };
  await runtime.stores.audit.append({ threadId, actor: by, action: ACTION, facts: opened });
  return { thread_id: threadId, by, ...opened };
}

/** The single local operator has nobody to ask. @throws Problem 403 telling what a second admin has to do. */
export async function assertGlassBroken({ runtime }: Pick<Governed, 'runtime'>, caller: Caller, threadId: string): Promise<void> {
  assertMay(caller, 'edit');
  const { id, alone } = caller.person;
  if (alone) return;
  const now = runtime.clock.now();
  for (const { action, actor, facts: told } of await runtime.stores.audit.read({ threadId })) {
    if (action !== ACTION || actor === id) continue;
    const opened = facts.safeParse(told);
    if (opened.success && opened.data.for === id && Date.parse(opened.data.until) > now) return;
  }
  throw new Problem(
    403,
    `${id}: an edit of a governed thread needs a second admin, who first sends POST /governor/threads/${threadId}/break-glass ` +
      `{ "for": ${JSON.stringify(id)}, "reason": "..." }`,
  );
}
