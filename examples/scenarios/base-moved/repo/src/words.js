/** The words of a text. */
export const words = (text) => text.split(/\s+/).filter((word) => word !== '');
