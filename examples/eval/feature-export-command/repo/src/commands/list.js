export const list = {
  name: 'list',
  usage: '',
  run: (book) => book.notes.map((note) => (note.pinned ? `* ${note.title}` : note.title)).join('\n'),
};
