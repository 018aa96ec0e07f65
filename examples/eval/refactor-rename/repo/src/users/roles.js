import { fetchUser } from './users.js';

export const isAdmin = (id) => fetchUser(id).role === 'admin';
