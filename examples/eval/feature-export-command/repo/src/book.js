import { missing } from './missing.js';

export function createBook(given = []) {
  const notes = given.map((note) => ({ pinned: false, ...note }));
  const at = (title) => {
    const index = notes.findIndex((note) => note.title === title);
    return index < 0 ? missing(title) : index;
  };
  return { notes, at, note: (title) => notes[at(title)] };
}
