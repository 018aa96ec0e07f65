/** Minutes of a time such as 1:30. */
export function minutes(text) {
  const [hours, rest] = text.split(':').map(Number);
  return hours * 60 + rest;
}
