import { fetchUser } from './users.js';

export const mailOf = (id) => fetchUser(id).mail;
