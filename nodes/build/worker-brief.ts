/** What a sub-agent is told: its task, the part of the plan that it belongs to, and the checks; the same words on every replay. */
import { type DelegateTask, type PlanBody, planBodySchema } from '../../domain/handoff.ts';
import { globsOverlap } from '../../tools/globs.ts';
import { bodyOf, type Session } from '../session.ts';
import { checksText, itemText } from './plan-text.ts';
import type { Builder } from './state.ts';

/** Of the plan's items, in bytes: the task itself, at most 8,000 characters, stays the main thing. */
const ITEMS_BYTES = 8 * 1024;

interface WorkerTask {
  readonly id: string;
  readonly task: DelegateTask;
  /** The tree it starts from. */
  readonly base: string;
}

export async function workerBrief(session: Session, plan: Builder['plan'], { id, task, base }: WorkerTask): Promise<string> {
  const own = [
    `You are ${id}. Your task: ${task.title}`,
    task.goal,
    `Paths you may write: ${task.paths?.join(', ') ?? 'what the task needs'}`,
    ...(task.done_when ?? []).map((done) => `Done when: ${done}`),
  ].join('\n');
  const whole = plan === null ? undefined : await bodyOf(session, plan, planBodySchema);
  return [
    own,
    ...(whole === undefined ? [] : await planText(session, whole, { task, base })),
    ...checksText(session.facts.config.checks),
  ].join('\n\n');
}

/** The items that its paths touch; those that do not fit are named. */
async function planText(session: Session, plan: PlanBody, { task, base }: Omit<WorkerTask, 'id'>): Promise<string[]> {
  const files = (await session.places.repository.listTree(base)).map((entry) => entry.path);
  const meets = (one: string, other: string): boolean => globsOverlap(one, other, files) || globsOverlap(other, one, files);
  const touched = plan.items.filter(
    ({ paths }) => task.paths === undefined || paths.length === 0 || paths.some((path) => task.paths?.some((mine) => meets(path, mine))),
  );
  let left = ITEMS_BYTES;
  const items = touched.map((item) => {
    const text = itemText(item, 'Paths of the item');
    if (Buffer.byteLength(text) > left) return `Item ${item.id}: ${item.title}`;
    left -= Buffer.byteLength(text);
    return text;
  });
  return [`It is a part of this plan, which others work on too: ${plan.summary}`, ...items];
}
