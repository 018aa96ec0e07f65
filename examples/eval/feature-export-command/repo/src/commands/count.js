export const count = { name: 'count', usage: '', run: (book) => String(book.notes.length) };
