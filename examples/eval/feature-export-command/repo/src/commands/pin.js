export const pin = {
  name: 'pin',
  usage: '<title>',
  run: (book, [title]) => {
    book.note(title).pinned = true;
    return `pinned ${title}`;
  },
};
