/** A fake of which only a part is given: whatever else is asked of it fails by its name. */

/** Asked by the language and by test reporters of anything they are shown. */
const ASKED_OF_ALL = new Set([
  'then',
  'toJSON',
  '$$typeof',
  'asymmetricMatch',
  'nodeType',
  'tagName',
  '@@__IMMUTABLE_ITERABLE__@@',
  '@@__IMMUTABLE_RECORD__@@',
]);

/** @throws Error naming the member, when code asks for one that was not given. */
export function only<Whole extends object>(name: string, given: Partial<Whole>): Whole {
  const whole: unknown = new Proxy(given, {
    get(part, member, receiver) {
      if (typeof member === 'string' && !(member in part) && !ASKED_OF_ALL.has(member)) throw new Error(`${name}.${member} was not given`);
      return Reflect.get(part, member, receiver);
    },
  });
  return whole as Whole; // what is missing throws
}
