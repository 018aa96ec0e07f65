/** A picture in a request, and what may be wrong with it, in the form that a dialect gives it. */
import { gif, png } from '../../fakes/pictures.ts';
import { type Cases, once } from './case.ts';

export interface Inline {
  readonly type: string;
  readonly data: string;
}

export const PNG: Inline = { type: 'image/png', data: png(64, 48).toString('base64') };
const bmp = Buffer.from('BM  ').toString('base64');
const large = (bytes: number): string => png(8, 8, [['teSt', Buffer.alloc(bytes, 7)]]).toString('base64');

/** @param at the path of a picture in the body. @param form how the dialect writes one. */
export function pictureCases(at: string, form: (picture: Inline) => unknown): Cases {
  const honest = form(PNG);
  return {
    'picture-blind': { offence: [[at, honest]], honest: [], options: { blind: true } },
    'picture-type': once(at, form({ type: 'image/bmp', data: bmp }), honest),
    'picture-base64': once(at, form({ ...PNG, data: `${PNG.data.slice(0, -8)}!${PNG.data.slice(-7)}` }), honest),
    'picture-bytes': once(at, form({ type: 'image/png', data: gif(64, 48).toString('base64') }), honest),
    'picture-large': once(at, form({ ...PNG, data: large(4_000_000) }), form({ ...PNG, data: large(1_500_000) })),
  };
}
