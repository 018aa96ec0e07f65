/** A picture that a tool result carries beside its words, and how large it may be for every endpoint to take it. */
import { sha256 } from './ids.ts';

export const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const;
export type PictureType = (typeof PICTURE_TYPES)[number];

/** As it stands in a row of a transcript. Its bytes are those of the file: a secret that is drawn in it cannot be masked. */
export interface Picture {
  readonly mediaType: PictureType;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** The file's bytes. */
  readonly base64: string;
}

/** A message of a transcript: what a call came to. Where there is a picture, the words say only what the file is. */
export interface ToolResult {
  readonly role: 'tool';
  readonly toolCallId: string;
  readonly toolName: string;
  readonly content: string;
  readonly picture?: Picture | undefined;
}

/**
 * Largest picture, in bytes of its file. Groq takes 4 MB a request with pictures in base64 (https://console.groq.com/docs/vision);
 * Amazon Bedrock 3.75 MB a picture; Anthropic 5 MB, Mistral 10 MB, OpenAI and Gemini more.
 */
export const PICTURE_BYTES = 1_500_000;
/** Longest side: Anthropic refuses more (https://docs.anthropic.com/en/docs/build-with-claude/vision). */
export const PICTURE_SIDE_PIXELS = 8000;
/** Width times height: Groq's 33 megapixels. */
export const PICTURE_PIXELS = 33_177_600;
/** Pictures in one request, the newest: Groq takes 5, Mistral 8, the others more. */
export const PICTURES_KEPT = 5;
/** Bytes of all pictures in one request: in base64 3.2 MB of Groq's 4, so that the text has room. */
export const PICTURES_KEPT_BYTES = 2_400_000;

/** Bytes of the file. */
export function bytesOfPicture({ base64 }: Picture): number {
  return Math.floor((base64.length * 3) / 4) - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0);
}

/** What tells it from every other, in 16 hex digits: of its base64, so that nothing is decoded to say it. */
export const digestOfPicture = ({ base64 }: Picture): string => sha256(base64).slice(0, 16);

/** Why a picture cannot be shown to any model; undefined: it can. */
export function tooLarge({ width, height, bytes }: { width: number; height: number; bytes: number }): string | undefined {
  if (bytes > PICTURE_BYTES) return `it has more than ${PICTURE_BYTES} bytes`;
  if (Math.max(width, height) > PICTURE_SIDE_PIXELS) return `a side has more than ${PICTURE_SIDE_PIXELS} pixels`;
  if (width * height > PICTURE_PIXELS) return `it has more than ${PICTURE_PIXELS} pixels`;
  return undefined;
}
