/** `governor.yaml` and `operator.yaml`: their schemas, defaults and units (`docs/contract.md`, "Configuration"). */
import { z } from 'zod';
import { PERSON_ROLES } from './access.ts';
import { CODE_OWNERS_HOSTS } from './code-owners.ts';
import { egressSchema } from './egress.ts';
import { protectDefaultsSchema } from './red-line-defaults.ts';
import { releaseSchema } from './release.ts';
import { perRole, TOOL_NAMES } from './roles.ts';
import { sandboxLimitsSchema } from './sandbox-limits.ts';
import { serverSchema } from './server-config.ts';
import { argv, duration, id } from './written-values.ts';

/** Dollars with at most 6 decimals, as whole micro-dollars. */
const dollars = (what: string) =>
  z.number(`${what} is a number of dollars`).transform((value, context) => {
    const micro = Math.round(value * 1_000_000);
    if (!Number.isSafeInteger(micro) || Math.abs(micro - value * 1_000_000) > 1e-3) {
      context.addIssue({ code: 'custom', message: `${what}: ${value} has more than 6 decimals or is too large` });
      return z.NEVER;
    }
    if (micro <= 0) {
      context.addIssue({ code: 'custom', message: `${what}: ${value} must be above 0` });
      return z.NEVER;
    }
    return micro;
  });

const count = (fallback: number, max: number) => z.int().min(1, 'must be 1 or more').max(max).default(fallback);
const glob = z
  .string()
  .min(1)
  .max(300)
  .refine(
    (word) => !word.startsWith('/') && !word.split('/').includes('..'),
    'a pattern is relative to the repository root and has no ".."',
  );
/** Whose rules an OpenAI-compatible endpoint keeps beyond the API; by itself it is known by its host name. */
export const DIALECTS = [
  'openai',
  'azure',
  'mistral',
  'deepseek',
  'groq',
  'openrouter',
  'gemini',
  'vllm',
  'llamacpp',
  'compatible',
] as const;

const oneModel = {
  provider: z.enum(['openai', 'anthropic', 'google', 'script']),
  model: z.string().min(1).max(200),
  baseUrl: z
    .string()
    .refine((word) => URL.canParse(word.trim()) && /^\s*https?:/i.test(word), 'is not an address such as https://host/v1')
    .optional(),
  apiKey: z
    .string()
    .regex(/^secret:\/\/(env|file)\/.+$/, 'is a reference such as secret://env/NAME, never the key itself')
    .optional(),
  /** Which API of provider openai: `auto` takes Responses for reasoning models at OpenAI and Azure, else chat completions. */
  api: z.enum(['auto', 'chat', 'responses']).optional(),
  dialect: z.enum(['auto', ...DIALECTS]).optional(),
  /** False for an endpoint that cannot stream its answers. */
  stream: z.boolean().optional(),
  temperature: z.number().min(0).max(2).optional(),
  reasoningEffort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).optional(),
  /** Longest silence of the endpoint: before its first byte and between two parts of an answer. */
  timeout: duration('5m'),
  contextTokens: z.int().min(4096).max(10_000_000).optional(),
  /** Is it shown the pictures that `read_file` reads? Default: where the catalogue of models knows that it sees. */
  vision: z.boolean().optional(),
};
export const modelSchema = z.strictObject({
  ...oneModel,
  /** Asked in this order, each for the rest of an attempt, when the one before did not answer after all its tries. */
  fallback: z.array(z.strictObject(oneModel)).max(5).optional(),
});
export type ModelConfig = z.infer<typeof modelSchema>;

const priceSchema = z.union([
  z.literal('free'),
  z.strictObject({
    input: z.number().min(0),
    cachedInput: z.number().min(0).optional(),
    /** Input that is written to the provider's cache; default: the price of input. */
    cacheWrite: z.number().min(0).optional(),
    output: z.number().min(0),
  }),
]);
export type PriceConfig = z.infer<typeof priceSchema>;

/** How many levels of sub-agents there can be. */
export const MAX_DEPTH = 3;

const limitsSchema = z.strictObject({
  costUsd: dollars('costUsd').default(5_000_000),
  tokens: count(5_000_000, 1_000_000_000),
  modelCalls: count(300, 1_000_000),
  toolCalls: count(1000, 1_000_000),
  machineTime: duration('60m'),
  agents: count(8, 1000),
  concurrency: count(2, 64),
  /** 0: nobody delegates; 1: the lead does; 2: its sub-agents too; 3: also theirs. */
  depth: z.int().min(0, 'must be 0 or more').max(MAX_DEPTH, `must be ${MAX_DEPTH} or less`).default(1),
  /** Sub-agents of the run, and what they cost, for which no person is asked; a fan-out beyond it asks first; absent: none does. */
  delegateFreely: z
    .strictObject({ agents: z.int().min(0, 'must be 0 or more').max(1000).optional(), usd: dollars('usd').optional() })
    .refine(({ agents, usd }) => agents !== undefined || usd !== undefined, 'must name agents, usd or both')
    .optional(),
  stepsPerAgent: count(60, 10_000),
  costPerAgentUsd: dollars('costPerAgentUsd').default(1_000_000),
  maxOutputTokens: z.int().min(256).max(1_000_000).default(8192),
  /**
   * Answers in a row that told an agent nothing new (no result, test result, text or tree that it had not seen), until it is told to
   * change its strategy, and half as many again until it goes lean, and is stopped; 0: never. 8, because in public traces of real
   * agents up to five commands follow each other, and who reads the same three files three times has six answers without news.
   */
  idleAnswers: z.int().min(0, 'must be 0 or more').max(1000).default(8),
  reviewRounds: count(3, 20),
  /** How often a builder may ask for another plan, dispute findings, and ask for dependencies (these in one attempt); 0: never. */
  appeals: z.int().min(0, 'must be 0 or more').max(20).default(2),
  leanAt: z.number().gt(0).max(1).default(0.8),
  onExhausted: z.enum(['stop', 'ask']).default('stop'),
});
/** Money in whole micro-dollars, times in ms, whatever the file's unit. */
export type Limits = z.infer<typeof limitsSchema>;

const checkSchema = z.strictObject({
  id,
  run: argv,
  timeout: duration('5m'),
  baseline: z.enum(['require', 'allow']).default('require'),
  /** What it reads beside the code, such as its rules: a change of it is a finding that a person may waive. Usual ones are known. */
  inputs: z.array(glob).default([]),
  /** A quick one that runs after each edit of an agent, which reads what it says; it blocks nothing. */
  onEdit: z.strictObject({ run: argv, timeout: duration('30s') }).optional(),
});

const approversSchema = z.strictObject({
  role: z.enum(PERSON_ROLES).default('approver'),
  min: z.int().min(1).max(10).default(1),
  notStarter: z.boolean().default(false),
});

const protectSchema = z.strictObject({
  id,
  paths: z.array(glob).min(1),
  approvers: approversSchema.prefault({}),
  reason: z.string().min(1).max(500),
  match: z.array(z.string()).default([]),
  notMatch: z.array(z.string()).default([]),
});

const denySchema = z.strictObject({
  id,
  paths: z.array(glob).min(1),
  reason: z.string().min(1).max(500),
  match: z.array(z.string()).default([]),
  notMatch: z.array(z.string()).default([]),
});

/** Whose reading of a CODEOWNERS file counts, and who approves what it owns: its owners are no principals of this home. */
const protectFromSchema = z.strictObject({ codeowners: z.enum(CODE_OWNERS_HOSTS), approvers: approversSchema.prefault({}) });

const toolName = z.enum(TOOL_NAMES);
const setupSchema = z.strictObject({
  run: argv,
  network: z.boolean().default(false),
  inputs: z.array(glob).default([]),
  /** Brings the lock file up to a changed manifest; its declaration is the consent to install what an agent asks for. */
  update: argv.optional(),
  timeout: duration('15m'),
});

export const configSchema = z
  .strictObject({
    $schema: z.string().optional(),
    version: z.literal(1),
    /** The pattern language of this file (`docs/patterns.md`): with 2 only `*`, `**` and `?` are special, and brackets and braces are names. */
    patterns: z.literal(2).optional(),
    models: z
      .strictObject({
        ...perRole(modelSchema.optional()),
        lean: modelSchema.optional(),
      })
      .prefault({}),
    prices: z.record(z.string(), priceSchema).default({}),
    limits: limitsSchema.prefault({}),
    plan: z.strictObject({ approval: z.enum(['always', 'on-red-line', 'never']).default('on-red-line') }).prefault({}),
    workspace: z
      .strictObject({ link: z.array(glob).default([]), scratch: z.array(glob).default([]), setup: z.array(setupSchema).default([]) })
      .prefault({}),
    checks: z.array(checkSchema).max(50).default([]),
    protect: z.array(protectSchema).max(200).default([]),
    /** Red lines that hold without being written; `false` takes one away. */
    protectDefaults: protectDefaultsSchema,
    /** What CODEOWNERS of the base owns is a red line too. */
    protectFrom: protectFromSchema.optional(),
    deny: z.array(denySchema).max(200).default([]),
    tools: z.strictObject(perRole(z.array(toolName).optional())).prefault({}),
    scope: z.strictObject({ maxFiles: count(50, 100_000), maxLines: count(2000, 10_000_000) }).prefault({}),
    secrets: z.record(z.string(), z.strictObject({ for: z.array(z.enum(['deploy'])).min(1) })).default({}),
    release: releaseSchema,
    knowledge: z.string().max(300).optional(),
  })
  .superRefine((config, context) => {
    for (const list of ['checks', 'protect', 'deny'] as const) {
      const seen = new Set<string>();
      for (const [index, entry] of config[list].entries()) {
        if (seen.has(entry.id)) context.addIssue({ code: 'custom', path: [list, index, 'id'], message: `"${entry.id}" is used twice` });
        seen.add(entry.id);
      }
    }
    for (const [index, step] of config.workspace.setup.entries())
      if (step.update !== undefined && step.inputs.length === 0)
        context.addIssue({
          code: 'custom',
          path: ['workspace', 'setup', index, 'inputs'],
          message: 'names no file; with "update" it must name the manifest and the lock file, such as [package.json, package-lock.json]',
        });
    const later: [boolean, (string | number)[], string][] = [
      [config.knowledge !== undefined, ['knowledge'], 'is not supported yet'],
      [Object.keys(config.secrets).length > 0, ['secrets'], 'is not supported yet'],
    ];
    for (const [unsupported, path, message] of later) if (unsupported) context.addIssue({ code: 'custom', path, message });
  });
/** The parsed configuration: durations in ms, money in micro-dollars. */
export type Config = z.infer<typeof configSchema>;

export const operatorSchema = z.strictObject({
  version: z.literal(1).default(1),
  repositories: z.record(z.string(), z.string()).optional(),
  people: z.record(z.string(), z.array(z.enum(PERSON_ROLES))).optional(),
  /** Identity -> person: whoever comes with a key, a token and as a local user votes once, and not on an own run. */
  aliases: z
    .record(z.string(), z.string().min(1))
    .refine((given) => Object.values(given).every((person) => !Object.hasOwn(given, person)), {
      error: 'names a person that is an alias too; write the person that both stand for',
    })
    .optional(),
  ceilings: z
    .strictObject({
      costUsd: dollars('costUsd').optional(),
      tokens: z.int().min(1).optional(),
      modelCalls: z.int().min(1).optional(),
      toolCalls: z.int().min(1).optional(),
      machineTime: duration('24h').optional(),
      agents: z.int().min(1).optional(),
      concurrency: z.int().min(1).optional(),
    })
    .prefault({}),
  /** Model endpoints that a repository's `models.*.baseUrl` may name, each with everything under it; absent: any. */
  endpoints: z.array(z.url()).optional(),
  secrets: z.record(z.string(), z.string()).default({}),
  commands: z.record(z.string(), z.strictObject({ run: argv, probe: argv.optional(), timeout: duration('10m') })).default({}),
  sandbox: z
    .strictObject({ allowUnsafe: z.boolean().default(false), egress: egressSchema.prefault({}), limits: sandboxLimitsSchema.prefault({}) })
    .prefault({}),
  /** What proves the audit trail from outside of the home: `key` signs its seals, `heads` is a file that its heads are appended to. */
  audit: z.strictObject({ key: z.string().optional(), heads: z.string().optional() }).optional(),
  server: serverSchema.optional(),
});
export type Operator = z.infer<typeof operatorSchema>;

/** The limits a run really has: the configuration's, tightened by the operator's ceilings. */
export function effectiveLimits(limits: Limits, ceilings: Operator['ceilings']): Limits {
  const least = (value: number, ceiling: number | undefined): number => (ceiling === undefined ? value : Math.min(value, ceiling));
  return {
    ...limits,
    costUsd: least(limits.costUsd, ceilings.costUsd),
    tokens: least(limits.tokens, ceilings.tokens),
    modelCalls: least(limits.modelCalls, ceilings.modelCalls),
    toolCalls: least(limits.toolCalls, ceilings.toolCalls),
    machineTime: least(limits.machineTime, ceilings.machineTime),
    agents: least(limits.agents, ceilings.agents),
    concurrency: least(limits.concurrency, ceilings.concurrency),
  };
}
