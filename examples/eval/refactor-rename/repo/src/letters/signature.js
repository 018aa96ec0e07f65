import { fetchUser } from '../users/users.js';

export const signature = (id) => `Yours, ${fetchUser(id).name}`;
