/** Colours as pages write them. */

const LONG = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i;

/** `#ffaa00` -> { red: 255, green: 170, blue: 0 }. */
export function parseColour(text) {
  const match = LONG.exec(text);
  if (match === null) throw new Error(`"${text}" is not a colour; write #ffaa00`);
  const [red, green, blue] = match.slice(1).map((pair) => Number.parseInt(pair, 16));
  return { red, green, blue };
}
