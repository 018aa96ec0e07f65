/** The bodies and answers of `/assistants`, as the official clients send and read them. */
import { z } from 'zod';
import { flag, jsonObject, limit, offset, uuid } from '../http/endpoint.ts';
import { configSchema } from './schemas.ts';

const UUID = uuid('assistant_id');
export const MEMBERS = [
  'assistant_id',
  'graph_id',
  'config',
  'context',
  'created_at',
  'updated_at',
  'metadata',
  'version',
  'name',
  'description',
] as const;

export const assistant = z
  .object({
    assistant_id: z.string(),
    graph_id: z.string(),
    config: jsonObject,
    context: z.unknown(),
    created_at: z.string(),
    updated_at: z.string(),
    metadata: jsonObject,
    version: z.number().int(),
    name: z.string(),
    description: z.string().nullable(),
  })
  .meta({ id: 'Assistant' });
export const version = assistant.omit({ updated_at: true }).meta({ id: 'AssistantVersion' });
const name = z.string().max(1000);
const description = z.string().max(10_000);
export const create = z
  .strictObject({
    graph_id: z.string(),
    assistant_id: UUID.nullish(),
    config: configSchema.nullish(),
    context: z.unknown().optional(),
    metadata: jsonObject.nullish(),
    if_exists: z.enum(['raise', 'do_nothing']).nullish(),
    name: name.nullish(),
    description: description.nullish(),
  })
  .meta({ id: 'AssistantCreate' });
export const patch = z
  .strictObject({
    graph_id: z.string().nullish(),
    config: configSchema.nullish(),
    context: z.unknown().optional(),
    metadata: jsonObject.nullish().describe('Merged with what is there.'),
    name: name.nullish(),
    description: description.nullish(),
  })
  .meta({ id: 'AssistantPatch' });
const filter = { metadata: jsonObject.nullish(), graph_id: z.string().nullish(), name: z.string().nullish() };
export const search = z
  .strictObject({
    ...filter,
    limit: limit(10),
    offset,
    sort_by: z.enum(['assistant_id', 'graph_id', 'name', 'created_at', 'updated_at']).nullish(),
    sort_order: z.enum(['asc', 'desc']).nullish(),
    select: z.array(z.enum(MEMBERS)).nullish(),
  })
  .meta({ id: 'AssistantSearch' });
export const count = z.strictObject(filter).meta({ id: 'AssistantCount' });
export const versions = z.strictObject({ metadata: jsonObject.nullish(), limit: limit(10), offset }).meta({ id: 'AssistantVersions' });
export const latest = z.strictObject({ version: z.number().int().min(1).nullish() }).meta({ id: 'AssistantLatest' });
export const latestQuery = z.strictObject({ version: z.coerce.number().int().min(1).optional() });
export const params = z.object({ assistant_id: z.string().describe('The id of an assistant, or the name of a graph.') });
export const namespaced = params.extend({ namespace: z.string().min(1) });
export const xray = z.strictObject({
  // `1` is a depth here, not a yes.
  xray: z
    .union([z.enum(['true', 'false']).transform((word) => word === 'true'), z.coerce.number().int().min(0).max(100)])
    .optional()
    .describe('Draws subgraphs too: all of them, or down to this depth.'),
});
export const recurse = z.strictObject({ recurse: flag.optional() });
const schemas = {
  input_schema: z.unknown(),
  output_schema: z.unknown(),
  state_schema: z.unknown(),
  config_schema: z.unknown(),
  context_schema: z.unknown(),
  detail: z.string().optional().describe('Why no schemas are known.'),
};
export const graphSchemas = z.object({ graph_id: z.string(), ...schemas }).meta({ id: 'GraphSchema' });
/** A subgraph's have also the dev server's names. */
const aliases = { input: z.unknown(), output: z.unknown(), state: z.unknown(), config: z.unknown() };
export const subgraphs = z.record(z.string(), z.object({ ...schemas, ...aliases })).meta({ id: 'Subgraphs' });
export const drawing = z.object({ nodes: z.array(jsonObject), edges: z.array(jsonObject) }).meta({ id: 'GraphDrawing' });
