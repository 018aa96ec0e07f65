import { mailOf } from '../users/mail.js';
import { fetchUser } from '../users/users.js';

export const profile = (id) => `${fetchUser(id).name} <${mailOf(id)}>`;
