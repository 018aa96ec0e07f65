/** Every way in which our server answers otherwise than the official dev server, and why; `compare.test.ts` holds both to it. */

import { type Deviation, equal, fits } from './differ.ts';
import { BETTER_ANSWERS } from './differences/answers.ts';
import { DEFECTS } from './differences/defects.ts';
import { HOSTED } from './differences/hosted.ts';
import type { Difference } from './differences/row.ts';

/** What is compared by a rule of its own, and not by the table. */
export const CONVENTIONS: readonly string[] = [
  'An error is compared by its status. Ours is always JSON `{"detail": "..."}` (the hosted form), of a command of protocol v2 with its members before it; the official server answers plain text, or an object of its validator.',
  'Where a run is streamed or waited for, ours sends `Location` beside `Content-Location`, so that the official clients rejoin a stream that was cut. The official server never does.',
  'Ids, times, addresses and hashes are compared by the places where they stand.',
];

export const GROUPS: readonly { readonly title: string; readonly differences: readonly Difference[] }[] = [
  { title: 'Where the hosted server and the dev server differ, ours follows the hosted one', differences: HOSTED },
  { title: 'Defects of the dev server that ours does not copy', differences: DEFECTS },
  { title: 'Where ours says more, or less, on purpose', differences: BETTER_ANSWERS },
];

export const DIFFERENCES: readonly Difference[] = GROUPS.flatMap(({ differences }) => differences);

/** The row that foresees a deviation. */
export function foreseen(deviation: Deviation): Deviation | undefined {
  for (const { at } of DIFFERENCES)
    for (const row of at)
      if (
        fits(row.request, deviation.request) &&
        fits(row.path, deviation.path) &&
        equal(row.official, deviation.official) &&
        equal(row.ours, deviation.ours)
      )
        return row;
  return undefined;
}

/** `docs/server-differences.md`, which `npm run build` writes. */
export function page(): string {
  const groups = GROUPS.map(
    ({ title, differences }) =>
      `## ${title}\n\n| id | the official dev server | ours | why |\n| --- | --- | --- | --- |\n` +
      differences.map(({ id, official, ours, why }) => `| ${id} | ${official} | ${ours} | ${why} |`).join('\n'),
  );
  return `# Where our server differs from the official one

Made from \`test/compat/differences/\`; \`npm run test:compat\` sends the same requests to the official JS dev server
(\`@langchain/langgraph-api\` 1.5.1) and to ours, compares status, headers, bodies and events, and fails on any difference
that is not here, and on any row here that is no longer true. "H" is the hosted server's OpenAPI document.

Compared by rule:

${CONVENTIONS.map((one) => `- ${one}`).join('\n')}

${groups.join('\n\n')}
`;
}
