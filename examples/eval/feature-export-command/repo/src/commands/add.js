export const add = {
  name: 'add',
  usage: '<title> <text>',
  run: (book, [title, ...text]) => {
    book.notes.push({ title, text: text.join(' '), pinned: false });
    return `added ${title}`;
  },
};
