/** Entries that fail until something else is there: by name. */
export const AWAITING: readonly string[] = [];
