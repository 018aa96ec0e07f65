/** What a job calls in src/users/users.js, by its name there: jobs are kept as text. */
export const JOBS = {
  'load-user': 'fetchUser',
  'load-all': 'allUsers',
};
