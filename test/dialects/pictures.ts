/** Pictures in a request of any dialect: what is wrong with one, and what it is billed as. */
import { isObject, type Json, object, string } from './json.ts';
import type { Context, Detail, Offence, Rule, Rules } from './types.ts';

/** What an endpoint takes. */
export interface PictureLimits {
  /** Media types. */
  readonly types: readonly string[];
  /** Longest base64 of one. */
  readonly characters: number;
  /** Most in one request. */
  readonly count?: number;
}

interface Found {
  readonly mediaType: string;
  readonly data: string;
  readonly path: string;
}

const MAGIC: Readonly<Record<string, RegExp>> = {
  'image/png': /^\x89PNG\r\n\x1a\n/,
  'image/jpeg': /^\xff\xd8\xff/,
  'image/gif': /^GIF8[79]a/,
  'image/webp': /^RIFF.{4}WEBP/s,
};

/** As Anthropic, OpenAI and Gemini write them, wherever they stand. */
function pictureIn(value: Json, path: string): Found | undefined {
  const inline = object(value['inlineData']);
  if (typeof inline['data'] === 'string') return { mediaType: string(inline['mimeType']), data: inline['data'], path };
  const source = object(value['source']);
  if (typeof source['data'] === 'string') return { mediaType: string(source['media_type']), data: source['data'], path };
  const link = value['image_url'];
  const url = typeof link === 'string' ? link : string(object(link)['url']);
  const parts = /^data:([^;,]*);base64,(.*)$/s.exec(url);
  return parts === null ? undefined : { mediaType: parts[1] ?? '', data: parts[2] ?? '', path };
}

function* picturesIn(value: unknown, path = ''): Generator<Found> {
  if (Array.isArray(value)) for (const [index, member] of value.entries()) yield* picturesIn(member, `${path}[${index}]`);
  if (!isObject(value)) return;
  const found = pictureIn(value, path);
  if (found !== undefined) yield found;
  else for (const [name, member] of Object.entries(value)) yield* picturesIn(member, path === '' ? name : `${path}.${name}`);
}

export function* pictureOffences(body: Json, context: Context, limits: PictureLimits): Generator<Offence> {
  let count = 0;
  for (const { mediaType, data, path } of picturesIn(body)) {
    count += 1;
    const detail = { path, value: mediaType };
    if (context.options.blind === true) yield { rule: 'picture-blind', detail };
    if (!limits.types.includes(mediaType)) yield { rule: 'picture-type', detail };
    const strict = data !== '' && data.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(data);
    if (!strict) yield { rule: 'picture-base64', detail };
    else if (MAGIC[mediaType]?.test(Buffer.from(data.slice(0, 32), 'base64').toString('latin1')) === false)
      yield { rule: 'picture-bytes', detail };
    if (data.length > limits.characters)
      yield { rule: 'picture-large', detail: { ...detail, count: data.length, limit: limits.characters } };
  }
  if (limits.count !== undefined && count > limits.count)
    yield { rule: 'picture-count', detail: { path: 'messages', count, limit: limits.count } };
}

/** The refusals, in the endpoint's form. */
export const pictureRules = (rule: (say: (detail: Detail) => string) => Rule): Rules => ({
  'picture-blind': rule((detail) => `${detail.path}: this model does not support image input`),
  'picture-type': rule((detail) => `${detail.path}: unsupported media type '${detail.value}'`),
  'picture-base64': rule((detail) => `${detail.path}: the image is not valid base64`),
  'picture-bytes': rule((detail) => `${detail.path}: the image was declared as ${detail.value}, but its bytes say otherwise`),
  'picture-large': rule((detail) => `${detail.path}: image exceeds ${detail.limit} characters of base64: ${detail.count}`),
});

const BYTES_A_TOKEN = 3.6;

/** The body with text in the place of each picture: as much as it is billed. */
export function billedPictures(value: unknown, tokens: (size: { width: number; height: number }) => number): unknown {
  if (Array.isArray(value)) return value.map((member) => billedPictures(member, tokens));
  if (!isObject(value)) return value;
  const found = pictureIn(value, '');
  if (found !== undefined) return { type: 'text', text: '#'.repeat(Math.ceil(tokens(sizeOf(found.data)) * BYTES_A_TOKEN)) };
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, billedPictures(member, tokens)]));
}

/** Of a PNG; the tests send the size of no other. */
function sizeOf(data: string): { width: number; height: number } {
  const bytes = Buffer.from(data.slice(0, 64), 'base64');
  return bytes.toString('latin1', 1, 4) === 'PNG' && bytes.length >= 24
    ? { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
    : { width: 1, height: 1 };
}

/** https://platform.openai.com/docs/guides/images-vision: squares of 32 for a mini model and for 5.4, tiles of 512 for the others. */
export const openAiPicture =
  (model: unknown) =>
  ({ width, height }: { width: number; height: number }): number => {
    const squares = Math.ceil(width / 32) * Math.ceil(height / 32);
    if (/mini/.test(string(model))) return Math.ceil(Math.min(1536, squares) * 1.62);
    if (/5\.4/.test(string(model))) return Math.ceil(Math.min(2500, squares) * 1.2);
    const scale = Math.min(1, 2048 / Math.max(width, height), 768 / Math.min(width, height));
    return 85 + 170 * Math.ceil((width * scale) / 512) * Math.ceil((height * scale) / 512);
  };
/** https://platform.claude.com/docs/en/build-with-claude/vision: scaled to 1568 a side and about 1600 tokens. */
export const claudePicture = ({ width, height }: { width: number; height: number }): number => {
  const scale = Math.min(1, 1568 / Math.max(width, height));
  return Math.min(1600, Math.ceil((width * scale * height * scale) / 750));
};
/** https://ai.google.dev/gemini-api/docs/media-resolution: of the third generation, by itself. */
export const geminiPicture = (): number => 1120;
/** What Qwen-VL makes of one behind vLLM and llama.cpp: squares of 28, at most 16384. */
export const openPicture = ({ width, height }: { width: number; height: number }): number =>
  Math.min(16_384, Math.ceil(width / 28) * Math.ceil(height / 28));
