export function problem(what) {
  throw new Error(`settings: ${what}`);
}
