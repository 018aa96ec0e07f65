/** What there is, and what it costs in cents. */
export const MENU = {
  tea: 200,
};
