/** A Jupyter notebook as text: its cells, and what they printed. */
import { z } from 'zod';

/** A text, or its lines with their endings (nbformat 4, "multiline strings"). */
const text = z.union([z.string(), z.array(z.string()).transform((lines) => lines.join(''))]);

const outputSchema = z.looseObject({
  text: text.optional(),
  data: z.record(z.string(), z.unknown()).optional(),
  traceback: z.array(z.string()).optional(),
});

const notebookSchema = z.looseObject({
  cells: z.array(z.looseObject({ cell_type: z.string(), source: text, outputs: z.array(outputSchema).default([]) })),
});

/** Kept of one output, in characters. */
const OUTPUT_CHARACTERS = 2000;
const COLOURS = /\u001b\[[0-9;]*m/g;

/** Undefined for what is no notebook. `redact` comes before anything is cut: half a secret is not known as one. */
export function notebookText(json: string, redact: (text: string) => string): string | undefined {
  const notebook = parsed(json);
  if (notebook === undefined) return undefined;
  return notebook.cells
    .flatMap((cell, index) => {
      const outputs = cell.outputs.map(outputText).filter((output) => output !== '');
      const shown = outputs.map((output) => capped(redact(output)));
      return [
        `[cell ${index + 1}, ${cell.cell_type}]`,
        redact(cell.source),
        ...shown.map((output) => `[output of cell ${index + 1}]\n${output}`),
      ];
    })
    .map((part) => part.trimEnd())
    .join('\n');
}

function parsed(json: string): z.output<typeof notebookSchema> | undefined {
  try {
    return notebookSchema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

function outputText({ text: printed, data = {}, traceback = [] }: z.output<typeof outputSchema>): string {
  const plain = text.safeParse(data['text/plain']).data ?? '';
  const pictures = Object.keys(data).filter((kind) => kind.startsWith('image/'));
  return [printed ?? '', plain, ...traceback, ...pictures.map((kind) => `(${kind})`)]
    .filter((part) => part !== '')
    .join('\n')
    .replaceAll(COLOURS, '');
}

const capped = (output: string): string =>
  output.length <= OUTPUT_CHARACTERS
    ? output
    : `${output.slice(0, OUTPUT_CHARACTERS)}\n(${output.length - OUTPUT_CHARACTERS} characters left out)`;
