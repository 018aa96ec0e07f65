/** The version that is written. */
export const VERSION = 2;
