/** The fields of one line. */
export function parseLine(line) {
  return line.split(',');
}
