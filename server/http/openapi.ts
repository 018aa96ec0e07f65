/** The OpenAPI 3.1 document, made from the very schemas that check the requests. */
import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';

type Schema = Record<string, unknown>;

interface Info {
  readonly title: string;
  readonly version: string;
  readonly description?: string | undefined;
}

const ERRORS: Readonly<Record<number, string>> = {
  400: 'The body is not JSON',
  401: 'No credentials, or wrong ones',
  403: 'The caller has not the role that this needs',
  404: 'There is no such thing, or it is another tenant’s',
  409: 'It conflicts with what is there',
  413: 'The body is too long',
  422: 'A field is unknown or wrong; detail names it, the rule and the value',
};

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'The same request sent again with it is answered, not done, again.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};
const LAST_EVENT_ID = {
  name: 'Last-Event-ID',
  in: 'header',
  description: 'Only the events after this one; -1: all.',
  schema: { type: 'string', pattern: '^(-|-?[0-9]{1,15})$' },
};

/** @throws Error naming the route whose path and params disagree. */
export function openApiDocument(endpoints: readonly Endpoint[], info: Info): object {
  const components = createComponents(endpoints);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const one of endpoints) {
    paths[one.path] = { ...paths[one.path], [one.method]: operationOf(one, components) };
  }
  const tags = [...new Set(endpoints.map(({ tag }) => tag))].map((name) => ({ name }));
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: { title: info.title, version: info.version, ...(info.description === undefined ? {} : { description: info.description }) },
    servers: [{ url: '/' }],
    tags,
    paths,
    components: {
      schemas: {
        Problem: { type: 'object', properties: { detail: { type: 'string' } }, required: ['detail'] },
        ...components.schemas,
      },
      responses: Object.fromEntries(
        Object.entries(ERRORS).map(([status, description]) => [
          `Error${status}`,
          { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } } },
        ]),
      ),
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'From `governor keys create`.' },
        bearer: { type: 'http', scheme: 'bearer', description: 'A JWT of the operator’s issuer, or an API key.' },
      },
    },
  };
}

function operationOf(one: Endpoint, components: Components): Schema {
  const name = operationId(one);
  const parameters = [...pathParameters(one, components, name), ...queryParameters(one, components, name), ...headerParameters(one)];
  const isPublic = one.permission === 'public';
  const errors = [
    ...(one.body === undefined ? [] : [400, 413]),
    ...(isPublic ? [] : [401, 403]),
    ...(one.params === undefined ? [] : [404]),
    ...(one.method === 'get' ? [] : [409]),
    ...(parameters.length === 0 && one.body === undefined ? [] : [422]),
  ].sort((a, b) => a - b);
  return {
    operationId: name,
    tags: [one.tag],
    summary: one.summary,
    // An empty requirement beside the others: on a loopback bind without keys, none are asked for.
    security: isPublic ? [] : [{ apiKey: [] }, { bearer: [] }, {}],
    'x-permission': one.permission,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(one.body === undefined
      ? {}
      : {
          requestBody: {
            required: !one.bodyOptional,
            content: { 'application/json': { schema: components.use(one.body, 'input', `${name}_body`) } },
          },
        }),
    responses: {
      [String(one.status)]: {
        description: 'It is done',
        ...answerOf(one, components, name),
      },
      ...Object.fromEntries(errors.map((status) => [String(status), { $ref: `#/components/responses/Error${status}` }])),
    },
  };
}

/** `post_threads_thread_id_runs`: stable, unique, and a name in every language. */
const operationId = ({ method, path }: Endpoint): string =>
  `${method}_${path.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_|_$/g, '') || 'root'}`;

function pathParameters(one: Endpoint, components: Components, name: string): Schema[] {
  const inPath = [...one.path.matchAll(/\{([^}]+)\}/g)].map(([, param = '']) => param);
  const declared = one.params === undefined ? {} : membersOf(one.params, components, `${name}_path`).properties;
  const different = [
    ...inPath.filter((param) => !(param in declared)),
    ...Object.keys(declared).filter((param) => !inPath.includes(param)),
  ];
  if (different[0] !== undefined)
    throw new Error(`${one.method} ${one.path}: ${different[0]} stands in only one of the path and its params schema`);
  return inPath.map((param) => ({ name: param, in: 'path', required: true, ...described(declared[param]) }));
}

function queryParameters(one: Endpoint, components: Components, name: string): Schema[] {
  if (one.query === undefined) return [];
  const { properties, required } = membersOf(one.query, components, `${name}_query`);
  return Object.entries(properties).map(([param, schema]) => ({
    name: param,
    in: 'query',
    ...(required.has(param) ? { required: true } : {}),
    ...described(schema),
  }));
}

function headerParameters({ method, permission, media }: Endpoint): Schema[] {
  if (method === 'get') return media === 'text/event-stream' ? [LAST_EVENT_ID] : [];
  return permission === 'read' || permission === 'public' ? [] : [IDEMPOTENCY_KEY];
}

function answerOf({ response, status, media }: Endpoint, components: Components, name: string): Schema {
  if (response !== undefined) return { content: { [media]: { schema: components.use(response, 'output', `${name}_answer`) } } };
  return status === 204 || media === 'application/json' ? {} : { content: { [media]: { schema: { type: 'string' } } } };
}

/** The description stands at the parameter, where readers look. */
function described(schema: Schema | undefined): Schema {
  const { description, ...rest } = schema ?? {};
  return { ...(description === undefined ? {} : { description }), schema: rest };
}

const objectSchema = z.object({
  properties: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  required: z.array(z.string()).default([]),
});

function membersOf(schema: z.ZodType, components: Components, name: string) {
  const members = objectSchema.parse(components.resolve(components.use(schema, 'input', name)));
  return { properties: members.properties, required: new Set(members.required) };
}

interface Components {
  readonly schemas: Record<string, Schema>;
  /** The schema to stand in the document; what carries an id of its own becomes a component. */
  use(schema: z.ZodType, io: Io, name: string): Schema;
  /** What a reference of ours stands for. */
  resolve(schema: Schema): Schema;
}

type Io = 'input' | 'output';

interface Converted {
  readonly root: Schema;
  readonly defined: Readonly<Record<string, Schema>>;
}

const REFERENCE = '#/components/schemas/';
const DEFINED = '#/$defs/';

function createComponents(endpoints: readonly Endpoint[]): Components {
  const schemas: Record<string, Schema> = {};
  const ids = { input: new Set<string>(), output: new Set<string>() };
  const converted = { input: new Map<z.ZodType, Converted>(), output: new Map<z.ZodType, Converted>() };
  const convertedOf = (schema: z.ZodType, io: Io): Converted => {
    const found = converted[io].get(schema) ?? convert(schema, io);
    converted[io].set(schema, found);
    return found;
  };
  // Before any name is given: a schema of both requests and answers has two forms, for its defaults are optional in one of them.
  for (const { params, query, body, response } of endpoints) {
    for (const schema of [params, query, body])
      if (schema !== undefined) for (const id of Object.keys(convertedOf(schema, 'input').defined)) ids.input.add(id);
    if (response !== undefined) for (const id of Object.keys(convertedOf(response, 'output').defined)) ids.output.add(id);
  }
  const place = (name: string, schema: Schema): void => {
    const found = schemas[name];
    if (found !== undefined && JSON.stringify(found) !== JSON.stringify(schema))
      throw new Error(`schema ${name}: two different ones carry this id`);
    schemas[name] = schema;
  };
  return {
    schemas,
    use: (schema, io, name) => {
      const { root, defined } = convertedOf(schema, io);
      const nameOf = (reference: string): string => {
        if (reference === '#') return typeof root['$ref'] === 'string' ? nameOf(root['$ref']) : name;
        const id = reference.slice(DEFINED.length);
        // Recursive ones without an id are numbered anew in every schema.
        if (id.startsWith('__')) return `${name}${id}`;
        return io === 'input' && ids.output.has(id) ? `${id}Input` : id;
      };
      const inDocument = (part: Schema): Schema => mapReferences(part, (reference) => `${REFERENCE}${nameOf(reference)}`);
      for (const [id, part] of Object.entries(defined)) place(nameOf(`${DEFINED}${id}`), inDocument(part));
      // A recursive root refers to itself as the whole document, which it is no longer.
      if (typeof root['$ref'] === 'string' || !JSON.stringify([root, defined]).includes('"$ref":"#"')) return inDocument(root);
      place(name, inDocument(root));
      return { $ref: `${REFERENCE}${name}` };
    },
    resolve: (schema) => {
      const reference = schema['$ref'];
      return typeof reference === 'string' ? (schemas[reference.slice(REFERENCE.length)] ?? {}) : schema;
    },
  };
}

function convert(schema: z.ZodType, io: Io): Converted {
  const {
    $schema: _,
    $defs,
    ...root
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      // An answer may grow: that a schema names some members is no promise that there are no others.
      if (io === 'output' && def.type === 'object' && !('catchall' in def && def.catchall !== undefined))
        delete jsonSchema.additionalProperties;
    },
  }) as Schema; // a JSON object
  return { root, defined: ($defs ?? {}) as Record<string, Schema> }; // as JSON Schema says
}

function mapReferences(part: Schema, change: (reference: string) => string): Schema {
  const mapped = (value: unknown, key?: string): unknown => {
    if (key === '$ref' && typeof value === 'string') return change(value);
    if (Array.isArray(value)) return value.map((item) => mapped(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mapped(inner, name)]));
  };
  return mapped(part) as Schema; // an object stays one
}
