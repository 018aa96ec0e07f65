/** `langgraph.json`: which graphs are served, with what environment, and the project's own routes and auth. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { toError, UsageError } from '../../domain/errors.ts';

/** `./file.ts:export`; the export is `default` where none is named. */
export interface ModulePath {
  /** Absolute. */
  readonly file: string;
  readonly exported: string;
}

export interface Cors {
  readonly allow_origins?: readonly string[] | undefined;
  readonly allow_methods?: readonly string[] | undefined;
  readonly allow_headers?: readonly string[] | undefined;
  readonly allow_credentials?: boolean | undefined;
  readonly allow_origin_regex?: string | undefined;
  readonly expose_headers?: readonly string[] | undefined;
  readonly max_age?: number | undefined;
}

export type Part = 'assistants' | 'threads' | 'runs' | 'store' | 'meta';

export interface ProjectConfig {
  readonly file: string;
  readonly folder: string;
  readonly graphs: ReadonlyMap<string, ModulePath & { readonly description: string | undefined }>;
  /** What the project wants in the environment before its graphs load; what is set already comes first. */
  readonly env: Readonly<Record<string, string>>;
  /** Names that must be set by whoever starts the server. */
  readonly required: readonly string[];
  /** The nearest one, from the folder upwards. */
  readonly tsconfig: string | undefined;
  readonly app: ModulePath | undefined;
  readonly auth: ModulePath | undefined;
  readonly disableStudioAuth: boolean;
  readonly cors: Cors | undefined;
  /** Routes that the project does not want. */
  readonly disabled: readonly Part[];
  readonly warnings: readonly string[];
}

const path = z.string().refine((text) => text.includes(':'), 'must be "<file>:<export>"');
const graph = z.union([path, z.looseObject({ path, description: z.string().optional() })]);
const words = z.array(z.string());
const corsSchema = z.looseObject({
  allow_origins: words.optional(),
  allow_methods: words.optional(),
  allow_headers: words.optional(),
  allow_credentials: z.boolean().optional(),
  allow_origin_regex: z.string().optional(),
  expose_headers: words.optional(),
  max_age: z.number().optional(),
});
const httpSchema = z.looseObject({
  app: path.optional(),
  disable_assistants: z.boolean().optional(),
  disable_threads: z.boolean().optional(),
  disable_runs: z.boolean().optional(),
  disable_store: z.boolean().optional(),
  disable_meta: z.boolean().optional(),
  cors: corsSchema.optional(),
});
const authSchema = z.looseObject({ path: path.optional(), disable_studio_auth: z.boolean().optional() });
const schema = z.looseObject({
  graphs: z.record(z.string().min(1), graph).refine((graphs) => Object.keys(graphs).length > 0, 'must name a graph'),
  env: z.union([z.string(), words, z.record(z.string(), z.string())]).optional(),
  auth: authSchema.optional(),
  http: httpSchema.optional(),
});

/** Keys that say how an image is built; they mean nothing to a server that runs where it is. */
const BUILD_KEYS = ['$schema', 'node_version', 'dependencies', 'dockerfile_lines', 'docker_compose_file', 'api_version'];
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  '': [...Object.keys(schema.shape), ...BUILD_KEYS],
  auth: Object.keys(authSchema.shape),
  http: Object.keys(httpSchema.shape),
  'http.cors': Object.keys(corsSchema.shape),
};
const PYTHON = /\.py$/;

/** @throws UsageError naming the file, the key, the rule and the value. */
export function readProject(given: string): ProjectConfig {
  const file = resolve(given);
  const folder = dirname(file);
  const config = parseConfig(file);
  const warnings = unknownKeys(file, config);
  const graphs = Object.entries(config.graphs).map(([id, value]) => {
    const { path: text, description } = typeof value === 'string' ? { path: value, description: undefined } : value;
    if (typeof value !== 'string') warnings.push(...unknown(file, `graphs.${id}`, value, ['path', 'description']));
    return [id, { ...modulePath(file, folder, `graphs.${id}`, text), description }] as const;
  });
  const { auth, http } = config;
  const tsconfig = nearest(folder, 'tsconfig.json');
  return {
    file,
    folder,
    graphs: new Map(graphs),
    // The CommonJS half of tsx takes its tsconfig from the environment only.
    env: { ...(tsconfig === undefined ? {} : { TSX_TSCONFIG_PATH: tsconfig }), ...readEnv(file, folder, config.env) },
    tsconfig,
    required: Array.isArray(config.env) ? config.env : [],
    app: http?.app === undefined ? undefined : modulePath(file, folder, 'http.app', http.app),
    auth: auth?.path === undefined ? undefined : modulePath(file, folder, 'auth.path', auth.path),
    disableStudioAuth: auth?.disable_studio_auth ?? false,
    cors: http?.cors,
    disabled: (['assistants', 'threads', 'runs', 'store', 'meta'] as const).filter((part) => http?.[`disable_${part}`] === true),
    warnings,
  };
}

function parseConfig(file: string): z.output<typeof schema> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: cannot be read (${toError(error).message}); it names the graphs to serve`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file}: is not JSON (${toError(error).message})`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  // A graph is text or an object: the text's complaint tells more than "invalid input".
  const inner = issue?.code === 'invalid_union' ? issue.errors.flat().find((other) => other.code === 'custom') : undefined;
  throw new UsageError(`${file}: ${issue?.path.join('.') || 'the file'}: ${(inner ?? issue)?.message ?? 'is not valid'}`);
}

function unknownKeys(file: string, config: z.output<typeof schema>): string[] {
  const parts: readonly (readonly [string, object | undefined])[] = [
    ['', config],
    ['auth', config.auth],
    ['http', config.http],
    ['http.cors', config.http?.cors],
  ];
  return parts.flatMap(([where, value]) => (value === undefined ? [] : unknown(file, where, value, KNOWN[where] ?? [])));
}

const unknown = (file: string, where: string, value: object, known: readonly string[]): string[] =>
  Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => `${file}: ${where === '' ? key : `${where}.${key}`}: this server does not know this key and ignores it`);

function modulePath(file: string, folder: string, where: string, text: string): ModulePath {
  const cut = text.lastIndexOf(':');
  const source = resolve(folder, text.slice(0, cut));
  if (PYTHON.test(source)) throw new UsageError(`${file}: ${where}: ${text} is Python; this server runs TypeScript and JavaScript`);
  return { file: source, exported: text.slice(cut + 1) || 'default' };
}

function readEnv(
  file: string,
  folder: string,
  env: string | readonly string[] | Record<string, string> | undefined,
): Record<string, string> {
  if (env === undefined || Array.isArray(env)) return {};
  if (typeof env !== 'string') return { ...(env as Record<string, string>) }; // neither text nor list
  try {
    const parsed = parseEnv(readFileSync(join(folder, env), 'utf8'));
    return Object.fromEntries(Object.entries(parsed).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  } catch (error) {
    // The usual name in an example; who needs no variable has no such file.
    if (env === '.env') return {};
    throw new UsageError(`${file}: env: ${env} cannot be read (${toError(error).message})`);
  }
}

function nearest(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, name);
    if (existsSync(file)) return file;
    if (at === dirname(at)) return undefined;
  }
}
