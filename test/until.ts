/** The one loop that polls in tests: it looks until there is something to see, and says what it waited for when there never was. */

interface Patience {
  readonly ms?: number;
  readonly everyMs?: number;
  /** What else is known when it never came, such as the log of a process. */
  readonly told?: () => string;
}

/** What `look` found first, other than undefined and false; what it throws is thrown. @throws Error after `ms` (20 seconds). */
export async function until<Found>(
  look: () => Promise<Found | undefined | false> | Found | undefined | false,
  what: string,
  { ms = 20_000, everyMs = 25, told }: Patience = {},
): Promise<Found> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited ${ms} ms for ${what}${told === undefined ? '' : `:\n${told()}`}`);
    await new Promise((wake) => setTimeout(wake, everyMs));
  }
}
