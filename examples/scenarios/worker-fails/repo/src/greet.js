/** A greeting. */
export const greet = (name) => (name === '' ? 'Hello.' : `Hello, ${name}.`);
