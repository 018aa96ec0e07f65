/** What is said of a picture: to a model that sees it, to one that does not, and to people. */
import { digestOfPicture, type Picture } from './picture.ts';

const KINDS = { 'image/png': 'PNG', 'image/jpeg': 'JPEG', 'image/gif': 'GIF', 'image/webp': 'WebP' } as const;

export const kindOfPicture = ({ mediaType }: Picture): string => KINDS[mediaType];

/** Beside the picture. `facts`: path, kind, size. */
export const seenWords = (facts: string): string => `${facts}; the picture is shown to you with this result`;

/** Where there is no picture, for who cannot see it. */
export const unseenWords = (facts: string): string => `${facts}; the picture itself cannot be shown to you`;

/** Where the request has no room for it. */
export const leftOutWords = (facts: string): string => `${facts}; the picture itself is left out for want of room`;

/** Before a picture that an endpoint takes only apart from its result. */
export const captionWords = (toolName: string, callId: string): string => `The picture in the result of ${toolName} (call ${callId}):`;

/** For people: never its bytes. */
export const toldPicture = (picture: Picture): string =>
  `[picture: ${kindOfPicture(picture)}, ${picture.width} x ${picture.height} pixels, digest ${digestOfPicture(picture)}]`;
