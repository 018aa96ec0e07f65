/** True for text that is one number. */
export const isNumber = (text) => /^\d+(\.\d+)?$/.test(text);
