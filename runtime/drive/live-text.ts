/** The text of answers as they come, for display while they are written: masked, and no more than the end of each. */
import type { ModelDoorOptions } from '../../models/door/model-ask.ts';
import type { StreamRedactor } from '../../tools/redact-stream.ts';
import type { LiveText } from '../options.ts';

/** Shown of an answer, in characters. */
const SHOWN = 500;

/** `redactor` makes one for each answer: a secret may come in pieces. */
export function liveText(redactor: () => StreamRedactor, tell: (text: LiveText) => void): NonNullable<ModelDoorOptions['listen']> {
  let answers = 0;
  return ({ stage, attempt, role, agent, call }) => {
    answers += 1;
    const who = { stage, attempt, role, agent, call, answer: answers };
    const masked = redactor();
    let heard = false;
    let text = '';
    const show = (piece: string, state: LiveText['state']): void => {
      text = `${text}${piece}`.slice(-SHOWN);
      if (piece !== '' || state !== 'writing') tell({ ...who, piece, text, state });
    };
    return {
      hear: (piece) => {
        heard = true;
        show(masked.push(piece), 'writing');
      },
      end: (whole) => {
        // Not every endpoint streams: then all of it comes at once.
        const unheard = heard || whole === undefined ? '' : masked.push(whole);
        show(`${unheard}${masked.end()}`, whole === undefined ? 'lost' : 'whole');
      },
    };
  };
}
