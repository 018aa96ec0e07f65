import { isAdmin } from '../users/roles.js';
import { fetchUser } from '../users/users.js';

export const badge = (id) => (isAdmin(id) ? `* ${fetchUser(id).name}` : fetchUser(id).name);
