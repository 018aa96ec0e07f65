export function missing(title) {
  throw new Error(`there is no note ${JSON.stringify(title)}`);
}
