/** `/openapi.json` and `/docs`: what this server can do, for programs and for people, without any other host. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { packageVersion } from '../../runtime/package.ts';
import { docsPage } from '../http/docs-page.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { openApiDocument } from '../http/openapi.ts';

const DESCRIPTION =
  'The LangGraph API over the graphs of langgraph.json: assistants, threads, runs and their streams, durable on one SQLite file. ' +
  'Send Idempotency-Key with any request that changes something, and the same request sent again is answered, not done, again. ' +
  'Every error is {"detail": "..."}.';

/** `all` gives every route of the server, these two among them; it is asked at the first request. */
export function docsEndpoints(all: () => readonly Endpoint[]): readonly Endpoint[] {
  const page = docsPage();
  let document: { text: string; tag: string } | undefined;
  const written = (): { text: string; tag: string } => {
    if (document !== undefined) return document;
    const text = JSON.stringify(openApiDocument(all(), { title: 'Governor', version: packageVersion(), description: DESCRIPTION }));
    document = { text, tag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 20)}"` };
    return document;
  };
  return [
    endpoint(
      'get',
      '/openapi.json',
      { tag: 'meta', summary: 'This document', permission: 'public', response: z.record(z.string(), z.unknown()) },
      async ({ c }) => {
        const { text, tag } = written();
        const headers = { 'content-type': 'application/json', etag: tag, 'cache-control': 'no-cache' };
        return c.req.header('if-none-match') === tag ? new Response(null, { status: 304, headers }) : new Response(text, { headers });
      },
    ),
    endpoint(
      'get',
      '/docs',
      {
        tag: 'meta',
        summary: 'The same for people, with a form to try each route',
        permission: 'public',
        response: z.string(),
        media: 'text/html',
      },
      async () =>
        new Response(page.html, {
          headers: {
            'content-type': 'text/html; charset=utf-8',
            'content-security-policy': page.policy,
            'x-content-type-options': 'nosniff',
            'referrer-policy': 'no-referrer',
            'cache-control': 'no-cache',
          },
        }),
    ),
  ];
}
