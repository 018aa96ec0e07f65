/** Which pictures a request shows: the newest that its model sees and that have room; the others are told in words. */
import { bytesOfPicture, PICTURES_KEPT, PICTURES_KEPT_BYTES, type Picture, type ToolResult } from '../domain/picture.ts';
import { leftOutWords, seenWords, unseenWords } from '../domain/picture-words.ts';
import type { ChatModel, TranscriptRow } from '../domain/ports.ts';

type Rows = readonly TranscriptRow[];
/** Whether a model is shown a picture. */
export type Shows = (picture: Picture) => boolean;

export const showsOf =
  ({ sight }: Pick<ChatModel, 'sight'>): Shows =>
  (picture) =>
    sight?.(picture) !== undefined;

export const pictureIn = ({ message }: TranscriptRow): Picture | undefined => (message.role === 'tool' ? message.picture : undefined);

/** The place from which on the rows' pictures have room, as it was decided before. */
export const picturesFrom = (rows: Rows): number =>
  rows.reduce((from, { message }) => (message.role === 'compaction' ? Math.max(from, message.picturesFrom ?? 0) : from), 0);

/** The places of the pictures that are shown, in order: within the caps of a request, the newest first. */
export function shownPictures(rows: Rows, shows: Shows, from = picturesFrom(rows)): number[] {
  const places: number[] = [];
  let bytes = 0;
  for (let index = rows.length - 1; index >= from && places.length < PICTURES_KEPT; index -= 1) {
    const row = rows[index];
    const picture = row === undefined ? undefined : pictureIn(row);
    if (picture === undefined || !shows(picture)) continue;
    bytes += bytesOfPicture(picture);
    if (bytes > PICTURES_KEPT_BYTES) break;
    places.unshift(index);
  }
  return places;
}

/** A result with its picture as a request has it: beside words that say so, or words alone. */
export function withWords(result: ToolResult, how: 'seen' | 'unseen' | 'left out'): ToolResult {
  const { picture, ...words } = result;
  if (picture === undefined) return result;
  if (how === 'seen') return { ...words, content: seenWords(words.content), picture };
  return { ...words, content: how === 'unseen' ? unseenWords(words.content) : leftOutWords(words.content) };
}
