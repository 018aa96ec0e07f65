/** Last piece of the tool door: what came of the call is capped, masked, and recorded in one transaction with its cost. */
import { ZERO } from '../../domain/budget.ts';
import { StopError } from '../../domain/errors.ts';
import { toldPicture } from '../../domain/picture-words.ts';
import type { Effects } from '../../domain/ports.ts';
import { answerOf, refused, tasksIn } from './answer.ts';
import { auditEntry } from './audit-entry.ts';
import type { Judged, PermittedCall, ToolAnswer } from './request.ts';
import type { Reserved } from './reserve.ts';

/** Cap of one result, in bytes; head and tail are kept. */
const RESULT_BYTES = 64 * 1024;

export interface Settler {
  readonly effects: Effects;
  /** Masks secrets. */
  readonly redact: (text: string) => string;
}

export async function settle(
  { effects, redact }: Settler,
  call: PermittedCall,
  { key, before }: Extract<Reserved, { kind: 'reserved' }>,
  done: Judged,
): Promise<ToolAnswer> {
  const { request } = call;
  const { after, told } = await treeAfter(call, before, done);
  const judged = masked(redact, { ...told, content: `${told.content}${leftOut(call)}` });
  const { answer, outcome } = outcomeOf(call, judged, after === undefined || after === before ? {} : { tree: after });
  await effects.finish(request.fence, key, { ...outcome, repeatable: true, ...(after === undefined ? {} : { after }) });
  return { ...answer, ...tasksIn(judged, call), ...(after === undefined ? {} : { tree: after }) };
}

/**
 * What a call left. A change that the base's attributes let nobody store is taken back and told to the agent, which can do without it:
 * going on would only meet it again.
 */
async function treeAfter(
  { request, tool }: PermittedCall,
  before: string | undefined,
  done: Judged,
): Promise<{ readonly after: string | undefined; readonly told: Judged }> {
  if (tool?.effect !== true) return { after: undefined, told: done };
  const { workTree } = request.context;
  try {
    return { after: await workTree.current(), told: done };
  } catch (error) {
    const isAvoidable = error instanceof StopError && error.code === 'FILE_UNSTORABLE' && error.facts['mended_by'] === 'agent';
    if (!isAvoidable || before === undefined) throw error;
    await workTree.restore(before);
    return { after: before, told: refused('FILE_UNSTORABLE', `${error.message}. All that this call changed was taken back`) };
  }
}

/** An agent must not believe that a file is part of its change when it is not. */
function leftOut({ request, tool }: PermittedCall): string {
  const paths = tool?.effect === true ? request.context.workTree.newlyLeftOut() : [];
  return paths.length === 0
    ? ''
    : `\n\nNot part of the change: ${paths.map(({ path, why }) => `${JSON.stringify(path)} (${why})`).join(', ')}`;
}

/** Without secrets, and within its cap: what is cut first may leave the half of a secret that nothing knows any more. A picture stays as it is. */
export const masked = (redact: Settler['redact'], done: Judged): Judged => ({ ...done, content: capped(redact(done.content)) });

/** What is recorded of a call that was done, and its answer. `changed`: further facts of its record. */
export function outcomeOf(call: PermittedCall, judged: Judged, changed: { readonly tree?: string }) {
  const { request } = call;
  const answer = answerOf(request, judged);
  const isStored = judged.outcome !== 'delegated';
  const facts = {
    outcome: judged.outcome,
    bytes: Buffer.byteLength(judged.content),
    ...(isStored ? { row: answer.row.id } : {}),
    ...tasksIn(judged, call),
    ...(judged.picture === undefined ? {} : { picture: toldPicture(judged.picture) }),
    ...changed,
  };
  const code = judged.code === undefined ? {} : { code: judged.code };
  const outcome = {
    result: JSON.stringify(judged),
    actual: { ...ZERO, toolCalls: 1 },
    rows: isStored ? [answer.row] : [],
    audit: [auditEntry(request, judged.outcome === 'refused' ? 'tool-refused' : 'tool-result', { ...code, facts })],
  };
  return { answer, outcome };
}

function capped(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= RESULT_BYTES) return text;
  const half = RESULT_BYTES / 2;
  return `${bytes.subarray(0, half).toString('utf8')}\n[${bytes.length - RESULT_BYTES} bytes left out]\n${bytes.subarray(bytes.length - half).toString('utf8')}`;
}
