/** The governor as Studio draws it: the same nodes and edges, in the same order, as the stored drawing. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { governorGraph } from '../../graphs/governor.ts';

const stored: unknown = JSON.parse(readFileSync(new URL('governor.drawing.json', import.meta.url), 'utf8'));

test('Studio draws what it drew before; a stage or an edge that is meant changes the stored drawing too', async () => {
  const graph = governorGraph(async () => {
    throw new Error('nothing runs here');
  }).compile({ name: 'governor' });
  const { nodes, edges } = (await graph.getGraphAsync()).toJSON() as { nodes: { id: string }[]; edges: unknown[] }; // LangGraph's own form
  const mermaid = (await graph.getGraphAsync({ xray: true })).drawMermaid({ withStyles: false });
  expect({ nodes: nodes.map(({ id }) => id), edges, mermaid: mermaid.trimEnd().split('\n') }).toEqual(stored);
});
