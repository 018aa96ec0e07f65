/** The query of an address: `a=1&b=2`. */

export function parseQuery(text) {
  const query = {};
  for (const pair of text.split('&')) {
    const [name, value] = pair.split('=');
    query[name] = value;
  }
  return query;
}
