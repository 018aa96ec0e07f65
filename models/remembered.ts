/** What is made once of things that come again with every call. Each memory belongs to the object that makes it: a door, a model. */

/** How many are kept: the newest of each agent that works at once, and what it extends. */
const KEPT = 24;

/** Of a thing that never changes; kept as long as the thing. */
export function remembered<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, { readonly value: Value }>();
  return (key) => {
    let found = known.get(key);
    if (found === undefined) {
      found = { value: make(key) };
      known.set(key, found);
    }
    return found.value;
  };
}

/** Of something that is read by its key and never changes once it is there; what is not there is read again. The newest are kept. */
export function once<Value>(read: (key: string) => Promise<Value | undefined>): (key: string) => Promise<Value | undefined> {
  const known = new Map<string, Value>();
  return async (key) => {
    const found = known.get(key) ?? (await read(key));
    if (found === undefined) return undefined;
    known.set(key, found);
    const [oldest] = known.keys();
    if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
    return found;
  };
}

/**
 * Folds a list of things that never change. Where a list goes on from one that was folded before, only what is new is folded.
 * @param add must not change the state it is given.
 */
export function folded<Part extends object, State>(
  start: State,
  add: (state: State, part: Part) => State,
): (parts: readonly Part[]) => State {
  let kept: readonly { readonly parts: readonly Part[]; readonly state: State }[] = [];
  return (parts) => {
    let from: (typeof kept)[number] | undefined;
    for (const one of kept) if (one.parts.length > (from?.parts.length ?? 0) && begins(parts, one.parts)) from = one;
    if (from?.parts.length === parts.length) return from.state;
    let state = from?.state ?? start;
    for (let index = from?.parts.length ?? 0; index < parts.length; index += 1) state = add(state, parts[index] as Part); // below its length
    kept = [{ parts: parts.slice(), state }, ...kept.slice(0, KEPT - 1)];
    return state;
  };
}

function begins<Part>(parts: readonly Part[], start: readonly Part[]): boolean {
  const last = start.length - 1;
  if (last >= parts.length || parts[last] !== start[last]) return false;
  for (let index = 0; index < last; index += 1) if (parts[index] !== start[index]) return false;
  return true;
}
