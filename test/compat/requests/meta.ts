/** What a server says of itself, and who may call it from a page. */
import { part, type Scenario } from './scenario.ts';

export const META: readonly Scenario[] = [
  {
    name: 'meta',
    async run(wire) {
      await wire.send('info', 'GET', '/info');
      await wire.send('ok', 'GET', '/ok');
      await wire.send('ok with the database', 'GET', '/ok?check_db=1');
      await wire.send('no such route', 'GET', '/no/such/route');
      await wire.send('no such method', 'PUT', '/threads', { body: {} });
      await wire.send('docs', 'GET', '/docs', { pick: () => 'a page' });
      await wire.send('openapi', 'GET', '/openapi.json', { pick: (body) => typeof part(body, 'openapi') });
      await wire.send('metrics', 'GET', '/metrics', { pick: () => 'metrics' });
    },
  },
  {
    name: 'pages',
    async run(wire) {
      const compareHeaders = ['access-control-allow-origin', 'access-control-allow-private-network', 'access-control-expose-headers'];
      const studio = 'https://smith.langchain.com';
      const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,x-api-key' };
      await wire.send('preflight of Studio', 'OPTIONS', '/threads', {
        headers: { origin: studio, ...preflight, 'access-control-request-private-network': 'true' },
        compareHeaders,
      });
      await wire.send('read by Studio', 'GET', '/info', { headers: { origin: studio }, compareHeaders });
      const text = { 'content-type': 'text/plain;charset=UTF-8' };
      await wire.send('text/plain by Studio', 'POST', '/assistants/search', {
        raw: '{"metadata":{"created_by":"system"},"graph_id":"trivial"}',
        headers: { ...text, origin: studio },
      });
      await wire.send('text/plain by a foreign page', 'POST', '/threads', {
        raw: '{"metadata":{"made":"elsewhere"}}',
        headers: { ...text, origin: 'https://elsewhere.example' },
        pick: () => 'made',
      });
      await wire.send('JSON in a JSON string', 'POST', '/assistants/count', { raw: JSON.stringify('{"graph_id":"trivial"}') });
    },
  },
];
