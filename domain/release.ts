/** `release` of `governor.yaml`: what every target takes, and what each takes by itself. */
import { z } from 'zod';
import { argv, duration, id } from './written-values.ts';

/** A branch name git accepts: no control characters, spaces, `..`, `~^:?*[\`, leading dash or `.lock`. */
const branchName = z
  .string()
  .min(1)
  .max(200)
  .regex(
    /^(?![-./])(?!.*(?:\.\.|@\{|\/\/|\.lock(?:\/|$)|\/\.|[./]$))[^\s~^:?*[\\\u0000-\u001f\u007f]+$/,
    'is not a branch name that git accepts',
  );

const remoteName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/);

const common = {
  /** Where a run starts, and what a release is judged against. */
  branch: branchName.default('main'),
  approval: z.enum(['always', 'on-red-line']).default('always'),
  approvalValid: duration('24h'),
  verify: argv.optional(),
  rollback: z.enum(['auto', 'ask']).default('auto'),
  author: z
    .string()
    .regex(/^[^<>\n]+ <[^<>\s]+>$/, 'is written as "Name <address>"')
    .default('Governor <governor@localhost>'),
};

/**
 * One line a target: the options that it takes beside those of all. A target that writes a file would be
 * `file: z.strictObject({ target: z.literal('file'), ...common, path: z.string().min(1) })`.
 */
const TARGETS = {
  merge: z.strictObject({ target: z.literal('merge').default('merge'), ...common }),
  push: z.strictObject({
    target: z.literal('push'),
    ...common,
    remote: remoteName.default('origin'),
  }),
};

type Shape = (typeof TARGETS)[keyof typeof TARGETS];

/** Names that are kept for targets to come. */
const LATER: readonly unknown[] = ['pull-request', 'command'];

/** Options that 0.1.0 took with a target that does nothing with them. They are left out, if they are well written, and `ignoredOptions` tells of them. */
const IGNORED: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>> = {
  merge: { remote: remoteName, command: id },
  push: { command: id },
};

type Shapes = Readonly<Record<string, { readonly shape: object }>>;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
/** Own members alone: a target may be called `constructor`. */
const ignoredBy = (target: string): Readonly<Record<string, z.ZodType>> => (Object.hasOwn(IGNORED, target) ? (IGNORED[target] ?? {}) : {});
const targetOf = (written: Record<string, unknown>): string => (typeof written['target'] === 'string' ? written['target'] : 'merge');

/** The options in `written` that belong to other targets only, with the names of those. */
export function othersOptions(written: Record<string, unknown>, targets: Shapes = TARGETS): { option: string; owners: string[] }[] {
  const own = targets[targetOf(written)]?.shape;
  if (own === undefined) return [];
  return Object.keys(written)
    .filter((option) => !Object.hasOwn(own, option))
    .map((option) => ({ option, owners: Object.keys(targets).filter((name) => Object.hasOwn(targets[name]?.shape ?? {}, option)) }))
    .filter(({ owners }) => owners.length > 0);
}

/** What is wrong with an option of another target, and what to do. */
export function othersOptionProblem(written: Record<string, unknown>, { option, owners }: { option: string; owners: string[] }): string {
  return `${JSON.stringify(written[option])} is an option of release.target ${owners.join(' and ')}, and release.target is ${targetOf(written)}; remove it, or set release.target: ${owners.join(' or ')}`;
}

/** What was written and does nothing, one sentence each. */
export function ignoredOptions(release: unknown): string[] {
  if (!isRecord(release)) return [];
  const target = targetOf(release);
  return Object.keys(ignoredBy(target))
    .filter((option) => Object.hasOwn(release, option))
    .map(
      (option) =>
        `release.${option}: ${JSON.stringify(release[option])} does nothing with release.target ${target}; remove it${option === 'remote' ? ', or set release.target: push' : ''}`,
    );
}

/** `release`, of exactly one target. */
export const releaseSchema = z
  .preprocess(
    (written, context) => {
      if (!isRecord(written)) return written;
      const ignored = ignoredBy(targetOf(written));
      const kept = Object.fromEntries(Object.entries(written).filter(([option]) => !Object.hasOwn(ignored, option)));
      for (const [option, schema] of Object.entries(ignored)) {
        const [issue] = Object.hasOwn(written, option) ? (schema.safeParse(written[option]).error?.issues ?? []) : [];
        if (issue !== undefined) context.addIssue({ code: 'custom', path: [option], message: issue.message });
      }
      for (const other of othersOptions(kept))
        context.addIssue({ code: 'custom', path: [other.option], message: othersOptionProblem(kept, other) });
      return kept;
    },
    z.discriminatedUnion('target', Object.values(TARGETS) as [Shape, ...Shape[]] /* there is one at least */, {
      error: (issue) => {
        if (issue.code !== 'invalid_union' || !isRecord(issue.input)) return undefined;
        const target = issue.input['target'];
        const names = Object.keys(TARGETS).join(' or ');
        return `${JSON.stringify(target)} is ${LATER.includes(target) ? 'not supported yet' : 'no target'}; use ${names}`;
      },
    }),
  )
  .prefault({});

/** The parsed `release`. */
export type Release = z.infer<typeof releaseSchema>;
/** The configured name of a target. */
export type TargetName = Release['target'];
/** The parsed `release` of one target. */
export type ReleaseOf<Name extends TargetName> = Extract<Release, { target: Name }>;
