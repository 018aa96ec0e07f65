/** `CI_FULL=1`: all of what a suite over its share of CI's time else takes a fixed sample of. */
export const FULL = process.env['CI_FULL'] === '1';
