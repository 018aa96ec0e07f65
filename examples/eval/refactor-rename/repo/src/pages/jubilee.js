import { fetchUser } from '../users/users.js';
import { yearsOf } from '../users/years.js';

export const jubilee = (id, now) => `${fetchUser(id).name}: ${yearsOf(id, now)} years`;
