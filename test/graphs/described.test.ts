/** Every graph of ours says its members at run time, so that no server has to read them from TypeScript. */
import { expect, test } from 'vitest';
import { outsideGraphs } from '../../runtime/graphs.ts';
import { runtimeSchemas, subgraphsOf } from '../../server/project/schemas.ts';

const graphs = outsideGraphs(async () => {
  throw new Error('no node runs here');
});

test.each(Object.entries(graphs))('%s and all graphs inside of it', async (name, graph) => {
  const own = runtimeSchemas(graph);
  expect(own?.state).toMatchObject({ type: 'object', properties: { goal: {} } });
  if (name === 'governor') expect(own?.input).toMatchObject({ properties: { goal: { type: 'string' }, repo: {} }, required: ['goal'] });
  const inside = await subgraphsOf(graph as never); // the same class, narrowed to what the server uses
  expect([...inside.keys()]).toEqual(
    name === 'governor' ? expect.arrayContaining(['plan', 'build', 'review_critic']) : expect.arrayContaining(['worker']),
  );
  for (const [place, subgraph] of inside)
    expect([place, runtimeSchemas(subgraph)?.state]).toEqual([place, expect.objectContaining({ type: 'object' })]);
});
