export const rename = {
  name: 'rename',
  usage: '<title> <title>',
  run: (book, [title, other]) => {
    book.note(title).title = other;
    return `renamed ${title}`;
  },
};
