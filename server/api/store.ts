/** `/store`: the items that graphs and their callers keep beyond one thread. */
import { z } from 'zod';
import { matchesFilters } from '../../checkpoints/served/filters.ts';
import { itemDocument } from '../../checkpoints/served/item-row.ts';
import type { ItemRow } from '../../domain/items.ts';
import type { Scope } from '../../domain/served.ts';
import type { Action } from '../auth/caller.ts';
import type { Server } from '../context.ts';
import { type Call, type Endpoint, empty, endpoint, flag, json, jsonObject, limit, offset, parse } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';

const label = z.string().regex(/^[^.]+$/, "a label must not be empty or contain '.'");
const labels = z.array(label);
const namespace = labels.min(1, 'needs at least one label');
const key = z.string();
const minutes = z.number().positive();
const item = z.object({ namespace: labels, key, value: jsonObject, created_at: z.string(), updated_at: z.string() });

const putBody = z.strictObject({
  namespace,
  key,
  value: jsonObject,
  index: z
    .union([z.literal(false), z.array(z.string())])
    .nullish()
    .describe('Accepted from clients that send it; without effect, as this server has no embeddings.'),
  ttl: minutes.nullish().describe('Minutes until the item is deleted; reading it begins them again.'),
});
const getQuery = z.strictObject({
  namespace: z
    .string()
    .transform((text) => text.split('.'))
    .pipe(namespace)
    .describe("Labels joined by '.'."),
  key,
  refresh_ttl: flag.optional(),
});
const deleteBody = z.strictObject({ namespace, key });
const searchBody = z.strictObject({
  namespace_prefix: labels,
  filter: jsonObject.nullish().describe('Members of the value: equal, or by $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin.'),
  limit: limit(10),
  offset,
  query: z
    .string()
    .max(1000)
    .nullish()
    .describe('Words that must all be in the text of the value, in any case; there is no semantic search.'),
  refresh_ttl: z.boolean().nullish(),
});
const namespacesBody = z.strictObject({
  prefix: labels.nullish().describe('`*` is any one label.'),
  suffix: labels.nullish().describe('`*` is any one label.'),
  max_depth: z.number().int().min(1).nullish(),
  limit: limit(100),
  offset,
});

// What the auth handler is shown, under the official names, and what is used after it: it may have changed any of it.
const oneItem = z.object({ namespace, key });
const putItem = oneItem.extend({ value: jsonObject });
const search = z.object({
  namespace: labels,
  filter: jsonObject.optional(),
  limit: limit(10),
  offset,
  query: z.string().optional(),
});
const listing = z.object({
  namespace: labels.optional(),
  suffix: labels.optional(),
  max_depth: z.number().int().min(1).optional(),
  limit: limit(100),
  offset,
});

async function allowed<Shape extends z.ZodType>(
  call: Call,
  action: Action,
  shape: Shape,
  asked: z.input<Shape> & Record<string, unknown>,
): Promise<{ scope: Scope; granted: z.output<Shape> }> {
  const value: Record<string, unknown> = { ...asked };
  const scope = await call.allowed('store', action, value);
  return { scope, granted: parse(shape, value, `store:${action} after the auth handler`) as z.output<Shape> }; // parsed by that shape
}

const answerOf = (row: ItemRow) => ({
  namespace: row.namespace,
  key: row.key,
  value: row.value,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
});

export const storeEndpoints = (server: Server): readonly Endpoint[] => [
  putItemAt(server),
  getItem(server),
  deleteItem(server),
  searchItems(server),
  listNamespaces(server),
];

const putItemAt = ({ served: { items } }: Server): Endpoint =>
  endpoint(
    'put',
    '/store/items',
    { tag: 'Store', summary: 'Create or replace an item', permission: 'run', body: putBody, status: 204 },
    async (call) => {
      const { namespace, key, value, ttl } = call.body;
      const { scope, granted } = await allowed(call, 'put', putItem, { namespace, key, value });
      if (!matchesFilters(itemDocument(granted), scope.filters))
        throw new Problem(403, `item ${granted.key}: it would not be yours to see`);
      await items.put(scope, { ...granted, ttlMinutes: ttl });
      return empty();
    },
  );

const getItem = ({ served: { items } }: Server): Endpoint =>
  endpoint(
    'get',
    '/store/items',
    { tag: 'Store', summary: 'Get an item, or null', permission: 'read', query: getQuery, response: item.nullable() },
    async (call) => {
      const { namespace, key, refresh_ttl: refresh } = call.query;
      const { scope, granted } = await allowed(call, 'get', oneItem, { namespace, key });
      const row = await items.get(scope, granted.namespace, granted.key, refresh);
      return json(row === undefined ? null : answerOf(row));
    },
  );

const deleteItem = ({ served: { items } }: Server): Endpoint =>
  endpoint(
    'delete',
    '/store/items',
    { tag: 'Store', summary: 'Delete an item', permission: 'run', body: deleteBody, status: 204 },
    async (call) => {
      const { scope, granted } = await allowed(call, 'delete', oneItem, { ...call.body });
      await items.delete(scope, granted.namespace, granted.key);
      return empty();
    },
  );

const searchItems = ({ served: { items } }: Server): Endpoint =>
  endpoint(
    'post',
    '/store/items/search',
    {
      tag: 'Store',
      summary: 'Search the items below a namespace, newest update first',
      permission: 'read',
      body: searchBody,
      response: z.object({ items: z.array(item) }),
    },
    async (call) => {
      const { namespace_prefix: prefix, filter, query, refresh_ttl: refresh, limit, offset } = call.body;
      const asked = { namespace: prefix, limit, offset, ...(filter && { filter }), ...(query && { query }) };
      const { scope, granted } = await allowed(call, 'search', search, asked);
      const rows = await items.search(scope, { ...granted, namespacePrefix: granted.namespace, refreshTtl: refresh ?? undefined });
      return json({ items: rows.map(answerOf) });
    },
  );

const listNamespaces = ({ served: { items } }: Server): Endpoint =>
  endpoint(
    'post',
    '/store/namespaces',
    {
      tag: 'Store',
      summary: 'List namespaces',
      permission: 'read',
      body: namespacesBody,
      bodyOptional: true,
      response: z.object({ namespaces: z.array(labels) }),
    },
    async (call) => {
      const { prefix, suffix, max_depth: depth, limit, offset } = call.body;
      const asked = { limit, offset, ...(prefix && { namespace: prefix }), ...(suffix && { suffix }), ...(depth && { max_depth: depth }) };
      const { scope, granted } = await allowed(call, 'list_namespaces', listing, asked);
      const { namespace, suffix: end, max_depth: maxDepth } = granted;
      const namespaces = await items.namespaces(scope, {
        prefix: namespace,
        suffix: end,
        maxDepth,
        limit: granted.limit,
        offset: granted.offset,
      });
      return json({ namespaces });
    },
  );
