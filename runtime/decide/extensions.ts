/** Decisions of people that widen a run after its start, beside gates: `extensions.json` in its dossier. */
import { z } from 'zod';
import { UsageError } from '../../domain/errors.ts';
import type { Runtime } from '../runtime.ts';
import { recordedList } from './recorded-list.ts';

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
type Extension = z.infer<typeof extensionSchema>;

export const extensionList = recordedList<Extension>({
  file: 'extensions.json',
  kind: 'extensions',
  action: 'run-extended',
  schema: extensionSchema,
});

interface More {
  readonly addMicroUsd?: number;
  readonly addCalls?: number;
  readonly addTimeMs?: number;
}

/** More than the operator's ceilings is allowed by nobody. @throws UsageError naming flag, sum and ceiling. */
export function assertUnderCeilings(runtime: Runtime, limits: Readonly<Record<string, unknown>>, more: More): void {
  const ceilings = runtime.operator?.ceilings ?? {};
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
