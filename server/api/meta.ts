/** `/ok` and `/info`: whether the server answers, and what clients make of it before they send anything. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { z } from 'zod';
import { toError } from '../../domain/errors.ts';
import type { JwtConfig } from '../../domain/server-config.ts';
import { packageVersion } from '../../runtime/package.ts';
import type { Server } from '../context.ts';
import { type Endpoint, endpoint, flag, json } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';

/** The level of the LangGraph API that clients find here: Studio decides by it what it offers. */
export const API_LEVEL = '1.5.1';

/** Raised where a command line of before could not read an answer any more. */
const COMMAND_LINE_LEVEL = 1;

const okQuery = z.strictObject({ check_db: flag.optional().describe('`1`: also ask the database.') });
const okSchema = z.object({ ok: z.boolean() });
const loginSchema = z.object({ issuer: z.string(), client_id: z.string(), scope: z.string(), audience: z.string().optional() });
const infoSchema = z
  .object({
    version: z.string().describe('Level of the LangGraph API, not of this program.'),
    langgraph_js_version: z.string(),
    langgraph_py_version: z.null(),
    context: z.literal('js'),
    flags: z.object({
      assistants: z.boolean(),
      crons: z.boolean(),
      langsmith: z.boolean(),
      langsmith_tracing_replicas: z.boolean(),
      strict_resume: z.boolean(),
      stream_namespaces: z.boolean(),
    }),
    metadata: z.record(z.string(), z.unknown()),
    host: z.object({
      kind: z.string(),
      project_id: z.string().nullable(),
      revision_id: z.string().nullable(),
      tenant_id: z.string().nullable(),
    }),
    governor: z.object({
      version: z.string(),
      command_line: z.int().describe('The level of the routes that the command line asks from afar.'),
      login: loginSchema.optional().describe('Where and as which client people sign in for a token that this server takes.'),
    }),
  })
  .meta({ id: 'Info' });

const manifestSchema = z.object({ version: z.string() });

/** Of the LangGraph beside this program; a project that brings its own is served by that one. */
function langgraphVersion(): string {
  const file = createRequire(import.meta.url).resolve('@langchain/langgraph/package.json');
  return manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).version;
}

export function metaEndpoints({
  served,
  runtime,
}: Pick<Server, 'served'> & { readonly runtime: Pick<Server['runtime'], 'operator'> }): readonly Endpoint[] {
  const info: z.infer<typeof infoSchema> = {
    version: API_LEVEL,
    langgraph_js_version: langgraphVersion(),
    langgraph_py_version: null,
    context: 'js',
    flags: {
      assistants: true,
      crons: true,
      langsmith: false,
      langsmith_tracing_replicas: false,
      strict_resume: true,
      stream_namespaces: true,
    },
    metadata: {},
    host: { kind: 'self-hosted', project_id: null, revision_id: null, tenant_id: null },
    governor: { version: packageVersion(), command_line: COMMAND_LINE_LEVEL },
  };
  return [
    endpoint(
      'get',
      '/ok',
      { tag: 'meta', summary: 'Whether the server answers', permission: 'public', query: okQuery, response: okSchema },
      async ({ query }) => {
        if (query.check_db === true) await assertDatabase(served);
        return json({ ok: true });
      },
    ),
    endpoint(
      'get',
      '/info',
      { tag: 'meta', summary: 'Versions and what this server can do', permission: 'public', response: infoSchema },
      async () => json({ ...info, governor: { ...info.governor, ...loginOf(runtime.operator?.server?.auth.jwt) } }),
    ),
  ];
}

function loginOf(jwt: JwtConfig | undefined): { login?: z.infer<typeof loginSchema> } {
  if (jwt?.login === undefined) return {};
  const { clientId, scope, audience } = jwt.login;
  return { login: { issuer: jwt.issuer, client_id: clientId, scope, ...(audience === undefined ? {} : { audience }) } };
}

/** One row by an index: the question costs the same however much is stored. @throws Problem 500. */
async function assertDatabase(served: Server['served']): Promise<void> {
  try {
    await served.outbox.nextDueMs();
  } catch (error) {
    throw new Problem(500, `the database does not answer: ${toError(error).message}`);
  }
}
