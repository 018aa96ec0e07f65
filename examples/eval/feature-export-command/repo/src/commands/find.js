export const find = {
  name: 'find',
  usage: '<text>',
  run: (book, [text = '']) =>
    book.notes
      .filter((note) => note.text.includes(text))
      .map((note) => note.title)
      .join('\n'),
};
