/** The output of a command without what varies by itself, so that two runs that did the same are seen to be the same. */

/** Colours and movements, then links and titles, then sets of characters. */
const ESCAPES = /\u001b(?:\[[0-9;:?]{0,32}[A-Za-z]|\][^\u0007\u001b]{0,2000}(?:\u0007|\u001b\\)|[()][0-9A-Z])/g;
const UUID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi;
const ADDRESS = /\b0x[0-9a-f]{6,16}\b/gi;
const TEMPORARY = /(?<![\w.])((?:\/private)?(?:\/tmp|\/var\/tmp|\/var\/folders\/\w{1,4}\/\w{1,64}\/T)\/)([\w.-]{1,255})/g;
const PROCESS = /\b(pid|ppid|tid|process|thread|node|seed|seeded with)([ =:#]{1,3})\d{1,19}\b/gi;
const PORT = /(127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1?\]):(\d{5})\b/g;
const MOMENT = /\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?|\b\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\b/g;
const DAY = /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?:\d\d? )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[ \d]{0,8}/g;
const EPOCH = /(?<![\d.])1[5-9]\d{8}(?:\d{3})?(?![\d.])/g;
const LASTED =
  /(?<![\w.'"-])(?:\d{1,4}m ?)?\d{1,9}(?:[.,]\d{1,9})? ?(?:ns|µs|us|ms|s|secs?|seconds?|mins?|minutes?)\b(?!['"])|\b((?:duration|duration_ms|elapsed|time)["' ]{0,2}[=: ]{1,3}["']?)\d{1,12}(?:\.\d{1,12})?/g;

/** Who compares two values means them, also when they are times. */
const COMPARES = /\b(?:expected|received|actual|got|want(?:ed)?|should|to (?:be|equal)|assert|assertionerror)\b|(?<![=!])[=!]={1,2}(?!=)/i;

/** The first port that systems give out by themselves. */
const EPHEMERAL = 32_768;

/** As a terminal shows it in the end: without colours and movements of the cursor, of a line that was written over what it said last. */
export const plain = (text: string): string => text.replaceAll(ESCAPES, '').split('\n').map(writtenLast).join('\n');

function writtenLast(line: string): string {
  const end = line.endsWith('\r') ? line.length - 2 : line.length - 1;
  return end < 0 ? line : line.slice(line.lastIndexOf('\r', end) + 1);
}

/** Durations, times of day, process numbers, seeds, temporary names, addresses and the order of lines do not count; all else does. */
export function steady(text: string): string {
  return plain(text).split('\n').map(steadyLine).toSorted().join('\n');
}

function steadyLine(line: string): string {
  const kept = line
    .replaceAll(UUID, '#')
    .replaceAll(ADDRESS, '0x#')
    .replaceAll(TEMPORARY, (whole, folder: string, name: string) => (/[\dA-Z]|^tmp/.test(name) ? `${folder}#` : whole))
    .replaceAll(PROCESS, '$1$2#')
    .replaceAll(PORT, (whole, host: string, port: string) => (Number(port) >= EPHEMERAL ? `${host}:#` : whole))
    .trimEnd();
  if (COMPARES.test(kept)) return kept;
  return kept
    .replaceAll(MOMENT, '#')
    .replaceAll(DAY, '# ')
    .replaceAll(EPOCH, '#')
    .replaceAll(LASTED, (_whole, key: string | undefined) => `${key ?? ''}#`);
}
