import { fetchUser } from '../users/users.js';

export const greeting = (id) => `Dear ${fetchUser(id).name},`;
