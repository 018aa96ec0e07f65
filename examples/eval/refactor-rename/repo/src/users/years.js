import { fetchUser } from './users.js';

export const yearsOf = (id, now) => now - fetchUser(id).joined;
