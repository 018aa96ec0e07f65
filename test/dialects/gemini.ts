/** Gemini's `/v1beta/models/<model>:generateContent` and `:streamGenerateContent?alt=sse`. */
import { wireUsage } from './chat-render.ts';
import { bodyOffences } from './envelope.ts';
import { callKey, contentOffences, parameterOffences, read, toolOffences } from './gemini-checks.ts';
import { GEMINI_ERRORS, GEMINI_RULES, geminiError } from './gemini-rules.ts';
import { blob, event, letters, pieces } from './ids.ts';
import { at, canonical, isObject, type Json, list, object, textOf } from './json.ts';
import { billedPictures, geminiPicture, pictureOffences } from './pictures.ts';
import type { Answer, Context, Dialect, Incoming, Offence, Unit } from './types.ts';

const PATH = /^\/v1beta\/models\/([^/:]+):(generateContent|streamGenerateContent)$/;

function* doorOffences(incoming: Incoming, context: Context): Generator<Offence> {
  const [, model, action] = PATH.exec(incoming.url.pathname) ?? [];
  if (model === undefined) yield { rule: 'path', detail: { path: incoming.url.pathname } };
  if (incoming.method !== 'POST') yield { rule: 'method', detail: {} };
  const key = incoming.headers['x-goog-api-key'] ?? incoming.url.searchParams.get('key');
  if (key === null || key === '') yield { rule: 'key-missing', detail: {} };
  else if (key !== context.apiKey) yield { rule: 'key-wrong', detail: {} };
  if (model !== undefined && decodeURIComponent(model) !== context.model) yield { rule: 'model-unknown', detail: { value: model } };
  if (action === 'streamGenerateContent' && incoming.url.searchParams.get('alt') !== 'sse') yield { rule: 'alt-missing', detail: {} };
  yield* bodyOffences(incoming);
}

function units(body: Json): readonly Unit[] {
  const system = read(body, 'systemInstruction');
  return [
    ...(system === undefined ? [] : [{ text: textOf(object(system)['parts']) }]),
    ...list(body['tools']).map((tool) => ({ text: canonical(tool) })),
    ...list(billedPictures(body['contents'], geminiPicture)).map((content) => ({
      text: list(object(content)['parts'])
        .map((part) => textOf([part]) + canonical(object(part)['functionCall'] ?? object(part)['functionResponse'] ?? ''))
        .join('\n'),
    })),
  ];
}

/** Thoughts in words come only to those who ask. */
const showsThoughts = (answer: Answer): boolean =>
  object(object(read(answer.request, 'generationConfig'))['thinkingConfig'])['includeThoughts'] === true;

function partsOf(answer: Answer): Json[] {
  const parts: Json[] = [];
  // Signed even where no thought is counted: the third generation never thinks nothing.
  const signature = answer.reasoning === '' && answer.context.options.reasoning !== true ? undefined : blob(`thought ${answer.nth}`);
  if (answer.reasoning !== '' && showsThoughts(answer)) parts.push({ text: answer.reasoning, thought: true });
  if (answer.text !== '')
    parts.push({ text: answer.text, ...(signature === undefined || answer.calls.length > 0 ? {} : { thoughtSignature: signature }) });
  // What the output limit cuts never becomes a call.
  for (const [index, call] of (answer.end === 'length' ? [] : answer.calls).entries()) {
    const functionCall = { id: call.id, name: call.name, ...(call.value === null ? {} : { args: call.value }) };
    parts.push({ functionCall, ...(index === 0 && signature !== undefined ? { thoughtSignature: signature } : {}) });
    if (index === 0 && signature !== undefined) answer.context.issued.set(callKey(functionCall), signature);
  }
  return parts;
}

const FINISH: Readonly<Record<Answer['end'], string>> = {
  stop: 'STOP',
  calls: 'STOP',
  length: 'MAX_TOKENS',
  filter: 'PROHIBITED_CONTENT',
  refusal: 'SAFETY',
  error: 'OTHER',
  malformed: 'MALFORMED_FUNCTION_CALL',
};

/** Thoughts are beside the candidates, and in the total. */
function usageOf({ counts }: Answer): Json {
  return {
    promptTokenCount: counts.input,
    ...(counts.text === 0 ? {} : { candidatesTokenCount: counts.text }),
    totalTokenCount: counts.input + counts.text + counts.reasoning,
    ...(counts.cached === 0 ? {} : { cachedContentTokenCount: counts.cached }),
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: counts.input }],
    ...(counts.reasoning === 0 ? {} : { thoughtsTokenCount: counts.reasoning }),
  };
}

function frame(answer: Answer, more: Json): Json {
  const usage = wireUsage(answer, usageOf(answer));
  return {
    ...more,
    ...(usage === undefined ? {} : { usageMetadata: usage }),
    modelVersion: answer.context.model,
    responseId: letters(`response ${answer.nth}`, 22),
  };
}

function candidate(answer: Answer, parts: readonly Json[] | undefined, last: boolean): Json {
  const content = parts === undefined ? {} : { content: parts.length === 0 ? { role: 'model' } : { parts, role: 'model' } };
  const message =
    answer.end === 'malformed' ? { finishMessage: 'Malformed function call: print(default_api.write_file(path="a.txt", text=' } : {};
  return { ...content, ...(last ? { finishReason: answer.finish ?? FINISH[answer.end], ...message } : {}), index: 0 };
}

function whole(answer: Answer): Json {
  // A blocked prompt has no candidates at all.
  if (answer.end === 'filter') return frame(answer, { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } });
  const silent = answer.end === 'malformed' || answer.end === 'refusal';
  return frame(answer, { candidates: [candidate(answer, silent ? undefined : partsOf(answer), true)] });
}

function stream(answer: Answer): readonly string[] {
  if (['filter', 'malformed', 'refusal'].includes(answer.end)) return [event(whole(answer))];
  const chunks = partsOf(answer).flatMap((part) => split(part));
  if (chunks.length === 0) return [event(whole(answer))];
  return chunks.map((part, index) => event(frame(answer, { candidates: [candidate(answer, [part], index === chunks.length - 1)] })));
}

/** A text's signature comes with its last piece. */
function split(part: Json): Json[] {
  const { text, thoughtSignature, ...rest } = part;
  if (typeof text !== 'string') return [part];
  const texts: Json[] = pieces(text).map((piece) => ({ text: piece, ...rest }));
  return thoughtSignature === undefined ? texts : [...texts, { text: '', thoughtSignature, ...rest }];
}

export const gemini: Dialect = {
  name: 'gemini',
  base: () => '',
  defaultModel: () => 'gemini-3-flash-preview',
  rules: GEMINI_RULES,
  caching: 'prefix',
  errors: GEMINI_ERRORS,
  streamError: event(geminiError(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.')),
  without: ['finish-error', 'arguments-object'],
  streamed: (incoming) => incoming.url.pathname.endsWith(':streamGenerateContent'),
  *offences(incoming, context, input) {
    yield* doorOffences(incoming, context);
    const body = incoming.body;
    if (body === undefined) return;
    yield* parameterOffences(body);
    yield* toolOffences(body);
    yield* contentOffences(body, context);
    yield* pictureOffences(body, context, { types: ['image/png', 'image/jpeg', 'image/webp'], characters: 5_000_000 });
    if (input > context.windowTokens) yield { rule: 'context', detail: { count: input, limit: context.windowTokens } };
  },
  units,
  quiet: (body) => {
    const config = at(read(body, 'generationConfig'), 'thinkingConfig');
    return isObject(config) && config['thinkingBudget'] === 0;
  },
  whole,
  stream,
};
