/** The hand-over files as people read them. */
import { expect, test } from 'vitest';
import { reviewBodySchema } from '../../domain/handoff.ts';
import { reviewMarkdown } from '../../nodes/markdown.ts';

const review = (more: object) =>
  reviewBodySchema.parse({
    base: 'b',
    commit: 'c',
    tree: 't',
    verdict: 'rework',
    checks: [],
    red_lines: [],
    findings: [],
    critic: { called: true, verdict: 'rework' },
    ...more,
  });

test('a review shows how each finding stands, and what became of those of earlier rounds', () => {
  const text = reviewMarkdown(
    2,
    review({
      findings: [
        {
          id: 'C-1',
          source: 'critic',
          severity: 'major',
          code: 'REVIEW_REJECTED',
          path: 'a.js',
          line: 3,
          message: 'no null',
          round: 1,
          state: 'open',
        },
      ],
      earlier: [
        { finding_id: 'C-1', verdict: 'open', reason: 'still throws', round: 2, source: 'critic', path: 'a.js', message: 'no null' },
        { finding_id: 'F-1', verdict: 'mended', reason: 'the rule no longer finds it', round: 2, source: 'scope', message: 'too many' },
      ],
    }),
  );
  expect(text).toContain('## C-1 major REVIEW_REJECTED a.js:3 (still open, since attempt 1)\n\nno null\n\n(critic)');
  expect(text).toContain(
    '## Findings of earlier rounds\n\n- C-1 open in attempt 2, a.js: no null (still throws)\n- F-1 mended in attempt 2, scope: too many (the rule no longer finds it)',
  );
});

test('a review of the first round, or of an earlier version, has no such part', () => {
  expect(reviewMarkdown(1, review({}))).not.toContain('earlier rounds');
  expect(reviewMarkdown(1, review({ earlier: [] }))).toContain('No findings.');
});
