/** The OpenAPI document: complete, closed in itself, and saying what the schemas that validate say. */

import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Served } from '../../../domain/server-stores.ts';
import { assistantEndpoints } from '../../../server/api/assistants.ts';
import { docsEndpoints } from '../../../server/api/docs.ts';
import { metaEndpoints } from '../../../server/api/meta.ts';
import { runEndpoints } from '../../../server/api/runs.ts';
import { stateEndpoints } from '../../../server/api/state.ts';
import { storeEndpoints } from '../../../server/api/store.ts';
import { threadEndpoints } from '../../../server/api/threads.ts';
import { type Endpoint, endpoint, flag, json, uuid } from '../../../server/http/endpoint.ts';
import { createMetrics, metricsEndpoints } from '../../../server/http/metrics.ts';
import { openApiDocument } from '../../../server/http/openapi.ts';
import { only } from '../../fakes/only.ts';
import { fakeServer } from '../../fakes/server.ts';
import { mount } from '../harness.ts';
import { startServer } from '../serving.ts';

type Json = Record<string, unknown>;
interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: Json }[];
  requestBody?: { required: boolean; content: Record<string, { schema: Json }> };
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: Json }> }>;
  security: Json[];
}
interface Document {
  openapi: string;
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json>; responses: Record<string, Json>; securitySchemes: Json };
}

const INFO = { title: 'Test', version: '1.0.0' };
const documentOf = (endpoints: readonly Endpoint[]): Document => JSON.parse(JSON.stringify(openApiDocument(endpoints, INFO))) as Document; // its structure is what the tests assert
const operations = (document: Document): Operation[] => Object.values(document.paths).flatMap((methods) => Object.values(methods));

/** Everything that points at nothing. */
function dangling(document: Document): string[] {
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key !== '$ref' || typeof inner !== 'string') visit(inner);
      else {
        const target = inner
          .split('/')
          .slice(1)
          .reduce<unknown>((at, part) => (at as Json | undefined)?.[part], document); // walking any JSON
        if (!inner.startsWith('#/components/') || target === undefined) found.push(inner);
      }
    }
  };
  visit(document);
  return found;
}

function assertSound(document: Document): void {
  expect(document.openapi).toBe('3.1.0');
  expect(dangling(document)).toEqual([]);
  const ids = operations(document).map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods)) {
      const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(declared.map(({ name }) => name).sort(), `${method} ${path}`).toEqual(inPath.map(String).sort());
      expect(declared.every(({ required }) => required === true)).toBe(true);
      // Or it becomes a socket.
      expect(Object.keys(operation.responses).some((status) => /^2|^101$/.test(status))).toBe(true);
    }
}

const Item = z.object({ id: uuid('id'), size: z.number().default(1), children: z.array(z.string()) }).meta({ id: 'Item' });
interface Tree {
  readonly leaf: string;
  readonly branches?: Tree[] | undefined;
}
const tree: z.ZodType<Tree> = z.lazy(() => z.object({ leaf: z.string(), branches: z.array(tree).optional() }));
const one = (declared: Partial<Parameters<typeof endpoint>[2]> = {}, path = '/items/{id}', method: Endpoint['method'] = 'post'): Endpoint =>
  endpoint(method, path, { tag: 'items', summary: 'One', permission: 'run', ...declared }, async () => json({}));
const params = z.object({ id: uuid('id') });

describe('a document', () => {
  test('has path and query parameters, body, answer, errors and security of a route', () => {
    const query = z.strictObject({ wait: flag.optional().describe('Whether to wait.'), limit: z.coerce.number().int().min(1).default(10) });
    const document = documentOf([
      one({ params, query, body: Item, response: z.array(Item), status: 201 }),
      one({ params, status: 204, permission: 'public' }, '/items/{id}', 'delete'),
    ]);
    assertSound(document);
    const { post, delete: gone } = document.paths['/items/{id}'] ?? {};
    expect(post?.parameters).toEqual([
      { name: 'id', in: 'path', required: true, schema: expect.objectContaining({ type: 'string', pattern: expect.any(String) }) },
      { name: 'wait', in: 'query', description: 'Whether to wait.', schema: { type: 'string', enum: ['0', '1', 'true', 'false'] } },
      { name: 'limit', in: 'query', schema: expect.objectContaining({ type: 'integer', minimum: 1, default: 10 }) },
      expect.objectContaining({ name: 'Idempotency-Key', in: 'header' }),
    ]);
    expect(post?.requestBody).toEqual({
      required: true,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/ItemInput' } } },
    });
    expect(post?.responses['201']?.content).toEqual({
      'application/json': { schema: { type: 'array', items: { $ref: '#/components/schemas/Item' } } },
    });
    expect(document.components.schemas['ItemInput']?.['required']).toEqual(['id', 'children']);
    expect(document.components.schemas['Item']?.['required']).toEqual(['id', 'size', 'children']);
    expect(post?.responses['422']).toEqual({ $ref: '#/components/responses/Error422' });
    expect(document.components.schemas['Problem']).toMatchObject({ required: ['detail'] });
    expect(post?.security).toEqual([{ apiKey: [] }, { bearer: [] }, {}]);
    expect(gone?.security).toEqual([]);
    expect(gone?.responses['204']?.content).toBeUndefined();
  });

  test('tells the media type of a stream, and the headers that routes understand', () => {
    const document = documentOf([one({ media: 'text/event-stream' }, '/a', 'get'), one({ permission: 'read' }, '/a', 'post')]);
    const { get, post } = document.paths['/a'] ?? {};
    expect(get?.responses['200']?.content).toEqual({ 'text/event-stream': { schema: { type: 'string' } } });
    expect(get?.parameters?.map(({ name }) => name)).toEqual(['Last-Event-ID']);
    expect(post?.parameters).toBeUndefined();
  });

  test('holds recursive schemas, named and not, of several routes', () => {
    const named: z.ZodType<Tree> = z.lazy(() => z.object({ leaf: z.string(), branches: z.array(named).optional() }).meta({ id: 'Tree' }));
    const document = documentOf([
      one({ body: tree, response: tree }, '/a'),
      one({ body: z.object({ tree, count: z.int() }), response: z.array(tree) }, '/b'),
      one({ body: named }, '/c'),
      one({ response: z.object({ named }) }, '/d'),
    ]);
    assertSound(document);
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(['Tree', 'TreeInput', 'post_a_body']));
  });

  test('an answer may hold more members than are named; a strict body may not', () => {
    const document = documentOf([one({ body: z.strictObject({ a: z.string() }), response: z.object({ a: z.string() }) }, '/a')]);
    const { post } = document.paths['/a'] ?? {};
    expect(post?.requestBody?.content['application/json']?.schema).toMatchObject({ additionalProperties: false });
    expect(post?.responses['200']?.content?.['application/json']?.schema).not.toHaveProperty('additionalProperties');
  });

  test('refuses two schemas of one name, and a path that its params do not match', () => {
    const other = z.object({ other: z.string() }).meta({ id: 'Other' });
    const same = (): Endpoint => one({ response: z.object({ same: z.string() }).meta({ id: 'Other' }) }, '/b');
    expect(() => documentOf([one({ response: other }, '/a'), same()])).toThrow('Other');
    expect(() => documentOf([one({}, '/items/{id}')])).toThrow('post /items/{id}: id stands in only one of the path and its params schema');
    expect(() => documentOf([one({ params }, '/items')])).toThrow('post /items: id');
  });
});

describe('the document of the server', () => {
  const stores = { assistants: only<Served['assistants']>('assistants', {}), items: only<Served['items']>('items', {}) };
  const server = fakeServer({ served: stores }); // routes are declared without asking it
  const all: readonly Endpoint[] = [
    ...metaEndpoints(server),
    ...assistantEndpoints(server),
    ...threadEndpoints(server),
    ...stateEndpoints(server),
    ...runEndpoints(server),
    ...storeEndpoints(server),
    ...metricsEndpoints(server, createMetrics()),
    ...docsEndpoints(() => all),
  ];
  const app = mount(all);

  test('is sound and misses no route', async () => {
    const response = await app.request('/openapi.json');
    expect(response.status).toBe(200);
    const document = (await response.json()) as Document; // its structure is what the tests assert
    assertSound(document);
    for (const { method, path } of all) expect(document.paths[path]?.[method], `${method} ${path}`).toBeDefined();
    expect(operations(document)).toHaveLength(all.length);
    expect(Object.keys(document.components.securitySchemes)).toEqual(['apiKey', 'bearer']);
  });

  test('is not sent again to whoever has it', async () => {
    const tag = (await app.request('/openapi.json')).headers.get('etag') ?? '';
    const again = await app.request('/openapi.json', { headers: { 'if-none-match': tag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });
});

describe('the page for people', () => {
  const app = mount(docsEndpoints(() => []));

  test('asks no other host, and runs its own script and style only', async () => {
    const response = await app.request('/docs');
    const html = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html).not.toMatch(/https?:\/\//);
    const policy = response.headers.get('content-security-policy') ?? '';
    for (const [tag, rule] of [
      ['script', 'script-src'],
      ['style', 'style-src'],
    ]) {
      const parts = [...html.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))].map(([, text = '']) => text);
      expect(parts).toHaveLength(1);
      expect(policy).toContain(
        `${rule} 'sha256-${createHash('sha256')
          .update(parts[0] ?? '')
          .digest('base64')}'`,
      );
    }
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(html).not.toMatch(/ on[a-z]+=| style=|innerHTML/);
  });

  test('has a script that compiles', async () => {
    const html = await (await app.request('/docs')).text();
    const [, script = ''] = /<script>([\s\S]*?)<\/script>/.exec(html) ?? [];
    expect(() => new Script(script)).not.toThrow();
  });
});

test('a server that runs tells a sound document, its page, and what it has counted', async () => {
  const server = await startServer();
  try {
    const { status, body } = await server.send('GET', '/openapi.json');
    expect(status).toBe(200);
    const document = body as Document; // its structure is what the tests assert
    assertSound(document);
    for (const path of ['/ok', '/info', '/metrics', '/docs', '/threads', '/assistants/search', '/runs/wait', '/store/items'])
      expect(document.paths).toHaveProperty([path]);
    expect(document.paths).not.toHaveProperty(['/internal/truncate']);
    expect((await server.send('GET', '/docs')).status).toBe(200);
    expect((await server.send('GET', '/ok?check_db=1')).body).toEqual({ ok: true });
    const metrics = await server.send('GET', '/metrics');
    expect(metrics.body).toContain('governor_http_request_duration_seconds_count{route="/ok",method="GET",status="200"} 1\n');
    expect(metrics.body).toContain('governor_runs{status="pending"} 0\n');
  } finally {
    await server.stop();
  }
});
