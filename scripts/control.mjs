/** What one row of the controls says: what it forbids, the source that does it, the same switched off, and a test that must fail then. */

/** @typedef {{ readonly name: string, readonly file: string, readonly on: string, readonly off: string, readonly test: string }} Control */

/** @type {(name: string, file: string, change: { readonly on: string, readonly off: string }, test: string) => Control} */
export const control = (name, file, { on, off }, test) => ({ name, file, on, off, test });
