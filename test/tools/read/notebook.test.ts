/** Notebooks as text: cells, what they printed, within bounds and without secrets. */
import { expect, test } from 'vitest';
import { notebookText } from '../../../tools/read/notebook.ts';
import { createRedactor } from '../../../tools/redact.ts';

const asItIs = (text: string): string => text;

test('cells and their outputs are told in order', () => {
  const json = JSON.stringify({
    cells: [
      { cell_type: 'markdown', source: '# Title\n\nwords' },
      {
        cell_type: 'code',
        source: ['print(1)\n', 'plot()'],
        outputs: [
          { output_type: 'stream', text: ['1\n'] },
          { output_type: 'display_data', data: { 'text/plain': ['<Figure>'], 'image/png': 'iVBORw0KGgo=' } },
          { output_type: 'error', traceback: ['\u001b[0;31mNameError\u001b[0m: x'] },
        ],
      },
    ],
  });
  expect(notebookText(json, asItIs)).toBe(
    '[cell 1, markdown]\n# Title\n\nwords\n[cell 2, code]\nprint(1)\nplot()\n[output of cell 2]\n1\n[output of cell 2]\n<Figure>\n(image/png)\n[output of cell 2]\nNameError: x',
  );
});

test('a long output is cut, and a secret where it is cut is masked before', () => {
  const secret = 'hunter2-hunter2';
  const text = `${'x'.repeat(1990)}${secret}${'y'.repeat(500)}`;
  const told = notebookText(JSON.stringify({ cells: [{ cell_type: 'code', source: '', outputs: [{ text }] }] }), createRedactor([secret]));
  expect(told).toContain(`x[REDACTED]`);
  expect(told).toContain('(500 characters left out)');
  expect(told).not.toContain('hunter2');
});

test('what is no notebook is none', () => {
  for (const json of ['', '[]', '{"cells":[{}]}', '{"cells":1}']) expect(notebookText(json, asItIs)).toBeUndefined();
});
