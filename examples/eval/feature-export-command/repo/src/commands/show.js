export const show = { name: 'show', usage: '<title>', run: (book, [title]) => book.note(title).text };
