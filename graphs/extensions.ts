/** Decisions of people that widen a run after its start, beside gates: `extensions.json` in its dossier. */
import { z } from 'zod';
import { StopError, UsageError } from '../domain/errors.ts';
import type { House } from './house.ts';

const FILE = 'extensions.json';

const extensionSchema = z.strictObject({
  id: z.string(),
  by: z.string(),
  at: z.string(),
  add_micro_usd: z.int().min(0),
  add_machine_ms: z.int().min(0),
  add_calls: z.int().min(0),
  /** The pipeline version a person accepted to go on with; 0 for none. */
  migrate_to: z.int().min(0),
});
export type Extension = z.infer<typeof extensionSchema>;

/** All extensions of a run, oldest first. */
export async function readExtensions(house: House, threadId: string): Promise<Extension[]> {
  const found = await house.stores.dossier.read(threadId, FILE);
  if (found === undefined) return [];
  const envelope = await house.stores.dossier.readVerified(threadId, found.ref);
  const parsed = z.array(extensionSchema).safeParse(envelope.body);
  if (!parsed.success) throw new StopError('STATE_TAMPERED', `${FILE}: it is not a list of extensions`, { evidence: [FILE] });
  const recorded = (await house.stores.audit.read({ threadId }))
    .filter((record) => record.action === 'run-extended')
    .map((record) => record.facts?.['id']);
  const forged = parsed.data.find((extension) => !recorded.includes(extension.id));
  if (forged !== undefined)
    throw new StopError('STATE_TAMPERED', `${FILE}: extension ${forged.id} has no audit record`, { evidence: [FILE] });
  return parsed.data;
}

/** Adds one, audit first. */
export async function addExtension(house: House, threadId: string, extension: Extension): Promise<void> {
  await house.stores.audit.assertTail();
  const before = await readExtensions(house, threadId);
  await house.stores.audit.append({ threadId, actor: extension.by, action: 'run-extended', facts: { ...extension } });
  await house.stores.dossier.writeJson(threadId, FILE, {
    kind: 'extensions',
    version: 1,
    thread_id: threadId,
    attempt: before.length + 1,
    inputs: [],
    made_by: extension.by,
    made_at: extension.at,
    body: [...before, extension],
  });
}

interface More {
  readonly addMicroUsd?: number;
  readonly addCalls?: number;
  readonly addTimeMs?: number;
}

/** More than the operator's ceilings is allowed by nobody. @throws UsageError naming flag, sum and ceiling. */
export function assertUnderCeilings(house: House, limits: Readonly<Record<string, unknown>>, more: More): void {
  const ceilings = house.operator?.ceilings ?? {};
  const money = (value: number): string => `$${value / 1_000_000}`;
  const time = (value: number): string => `${value / 1000} s`;
  for (const [flag, add, limit, ceiling, shown] of [
    ['--add-usd', more.addMicroUsd, limits['cost_micro_usd'], ceilings.costUsd, money],
    ['--add-calls', more.addCalls, limits['modelCalls'], ceilings.modelCalls, String],
    ['--add-calls', more.addCalls, limits['toolCalls'], ceilings.toolCalls, String],
    ['--add-time', more.addTimeMs, limits['machine_ms'], ceilings.machineTime, time],
  ] as const) {
    if (add === undefined || ceiling === undefined || typeof limit !== 'number' || limit + add <= ceiling) continue;
    throw new UsageError(
      `${flag} ${shown(add)}: the run may use ${shown(limit)}, and with it ${shown(limit + add)}; the ceiling in operator.yaml is ${shown(ceiling)}`,
    );
  }
}
