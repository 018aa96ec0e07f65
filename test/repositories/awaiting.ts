/** Entries that fail until the user's checkout is moved as git merge would: by name. */
export const AWAITING: readonly string[] = [];
