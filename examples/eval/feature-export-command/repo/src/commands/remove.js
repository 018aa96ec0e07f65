export const remove = {
  name: 'remove',
  usage: '<title>',
  run: (book, [title]) => {
    book.notes.splice(book.at(title), 1);
    return `removed ${title}`;
  },
};
