/** The offline scenarios that ship with the package: where they are, and what a `scenario.yaml` says. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { UsageError } from '../domain/errors.ts';
import { GATES } from '../domain/handoff.ts';
import { REASONS } from '../domain/reasons.ts';
import { RUN_STATUSES } from '../domain/run.ts';
import { parseYaml } from '../runtime/yaml-file.ts';
import { eventSchema } from './scenario-events.ts';

const scenarioSchema = z.strictObject({
  version: z.literal(1),
  title: z.string().min(1),
  goal: z.string().min(1),
  expect: z.strictObject({
    status: z.enum(RUN_STATUSES),
    code: z.enum(Object.keys(REASONS) as [keyof typeof REASONS]).optional(), // the keys of this very table
    gates: z.array(z.enum(GATES)).default([]),
    critic_calls: z.int().min(0).optional(),
    attempts: z.int().min(0).optional(),
    files: z.record(z.string(), z.string()).default({}),
  }),
  /** In order: a decision at a gate, or a person's `resume`. `meanwhile` happens after it is said and before the run goes on. */
  answers: z
    .array(
      z.union([
        z.strictObject({
          gate: z.enum(GATES),
          decision: z.enum(['approve', 'reject']),
          comment: z.string().optional(),
          add_usd: z.number().positive().optional(),
          meanwhile: z.array(eventSchema).default([]),
        }),
        z.strictObject({ resume: z.literal(true), meanwhile: z.array(eventSchema).default([]) }),
      ]),
    )
    .default([]),
});

export interface Scenario extends z.infer<typeof scenarioSchema> {
  readonly name: string;
  readonly folder: string;
}

/** The shipped scenarios, by name. @throws UsageError for a name that is none. */
export function loadScenarios(only: string | undefined): Scenario[] {
  const root = join(packageRoot(), 'examples', 'scenarios');
  const names = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
  if (only !== undefined && !names.includes(only))
    throw new UsageError(`scenario ${JSON.stringify(only)}: there is none; choose one of ${names.join(', ')}`);
  return names
    .filter((name) => only === undefined || name === only)
    .map((name) => {
      const file = join(root, name, 'scenario.yaml');
      return { ...parseYaml(readFileSync(file, 'utf8'), file, scenarioSchema).value, name, folder: join(root, name) };
    });
}

/** The folder of this package, from source or from `dist`. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'examples', 'scenarios'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new UsageError('examples/scenarios: this installation does not have them');
    folder = parent;
  }
  return folder;
}
