/** An answer as it is recorded: without values that are known to be secret, wherever a model has them from. */
import type { ChatAnswer } from '../../domain/ports.ts';

type Mask = (text: string) => string;

/** A sealed part that holds such a value goes whole: changed, its maker would refuse it. */
export function maskedAnswer(answer: ChatAnswer, mask: Mask): ChatAnswer {
  const { text, toolCalls, opaque, ...rest } = answer;
  const sealed = opaque === undefined ? undefined : JSON.stringify(opaque.content);
  return {
    ...rest,
    text: mask(text),
    toolCalls: toolCalls.map((call) => ({ ...call, arguments: maskedJson(call.arguments, mask) })),
    ...(opaque === undefined || (sealed !== undefined && mask(sealed) !== sealed) ? {} : { opaque }),
  };
}

/** A value may stand in it with every letter as an escape. What has none stays as it was written. */
function maskedJson(text: string, mask: Mask): string {
  let found = false;
  const masked = (_key: string, value: unknown): unknown => {
    if (typeof value !== 'string') return value;
    const shown = mask(value);
    found ||= shown !== value;
    return shown;
  };
  try {
    const shown: unknown = JSON.parse(text, masked);
    return mask(found ? JSON.stringify(shown) : text);
  } catch {
    return mask(text); // no JSON: the tool that gets it says so
  }
}
