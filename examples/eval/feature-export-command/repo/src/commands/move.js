export const move = {
  name: 'move',
  usage: '<title> <place>',
  run: (book, [title, place]) => {
    const [note] = book.notes.splice(book.at(title), 1);
    book.notes.splice(Number(place) - 1, 0, note);
    return `moved ${title}`;
  },
};
