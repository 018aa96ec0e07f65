/** The text of answers as they come, for display while they are written: whole words, masked, and no more than the end of each. */
import type { ModelDoorOptions } from '../../models/door/model-ask.ts';
import type { LiveText } from '../options.ts';

/** Kept of an answer for masking, in characters: longer than any secret. */
const KEPT = 8000;
const SHOWN = 500;

/** A secret may come in pieces: only what ends at a blank is told, masked as a whole. */
export function liveText(redact: (text: string) => string, tell: (text: LiveText) => void): NonNullable<ModelDoorOptions['onText']> {
  const answers = new Map<string, { call: number; text: string }>();
  return ({ role, agent, call }, piece) => {
    const key = `${role} ${agent}`;
    const known = answers.get(key);
    const text = `${known?.call === call ? known.text : ''}${piece}`.slice(-KEPT);
    answers.set(key, { call, text });
    const end = text.search(/\s\S*$/);
    if (end > 0) tell({ role, agent, call, text: redact(text.slice(0, end)).slice(-SHOWN) });
  };
}
