/** The last of a list. */
export const last = (list) => list.at(-1);
