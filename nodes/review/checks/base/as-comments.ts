/** A test that is new in a candidate, as comments: a test of the base finds it and what it says, and nothing of it runs. */

const SLASHES = /\.(?:[cm]?[jt]sx?|go|rs)$/;
const HASHES = /\.(?:py|rb)$/;
/** Each ends a line of comment in one of these languages. */
const LINE_END = /\r\n|[\n\r\u2028\u2029]/;
/** A file of Go is of a package; alone on its line, so that no code stands behind it. */
const PACKAGE = /^package \w+\s*$/;

/** Undefined for a file of another language. */
export function asComments(path: string, text: string): string | undefined {
  const lines = text.split(LINE_END);
  if (SLASHES.test(path)) return lines.map((line) => (path.endsWith('.go') && PACKAGE.test(line) ? line : `// ${line}`)).join('\n');
  // The first two lines may name an encoding in which a comment ends elsewhere (Python, PEP 263).
  if (HASHES.test(path)) return ['#', '#', ...lines.map((line) => `# ${line}`)].join('\n');
  return undefined;
}
