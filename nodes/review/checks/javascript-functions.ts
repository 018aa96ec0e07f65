/** Which functions a place of a JavaScript program stands in, and where one is left without a value. */
import type { Token } from './javascript-tokens.ts';

const CONTROL = /^(?:if|for|while|switch|catch|with|await)$/;
const NOTHING = /^(?:undefined|null|true|false)$/;

/** Asked for each place in order: how many bodies of functions are open before it. */
export function functionDepth(tokens: readonly Token[]): (at: number) => number {
  const open: { readonly at: number; readonly isBody: boolean }[] = [];
  let closed = -1;
  let depth = 0;
  let next = 0;
  return (at) => {
    for (; next < at; next += 1) {
      const token = tokens[next];
      if (token?.kind === 'open') {
        const isBody = token.value === '{' && isFunction(tokens, next, closed);
        open.push({ at: next, isBody });
        if (isBody) depth += 1;
      } else if (token?.kind === 'close') {
        const last = open.pop();
        closed = last?.at ?? -1;
        if (last?.isBody === true) depth -= 1;
      }
    }
    return depth;
  };
}

/** `=> {`, or `) {` behind a list of parameters. @param closed where the bracket opened that was closed last. */
function isFunction(tokens: readonly Token[], brace: number, closed: number): boolean {
  const before = tokens[brace - 1];
  if (before?.value === '=>') return true;
  return before?.value === ')' && !CONTROL.test(tokens[closed - 1]?.value ?? '');
}

/** `return` without a value, or with one that says nothing. */
export function leaves(tokens: readonly Token[], at: number): boolean {
  if (tokens[at]?.value !== 'return' || tokens[at]?.kind !== 'name') return false;
  const value = tokens[at + 1];
  if (value === undefined || value.isFirst === true || value.value === ';' || value.value === '}') return true;
  const behind = tokens[at + 2];
  return NOTHING.test(value.value) && (behind === undefined || behind.isFirst === true || /^[;}]$/.test(behind.value));
}
