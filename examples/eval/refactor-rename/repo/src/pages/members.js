import { allUsers } from '../users/users.js';
import { badge } from './badge.js';

export const members = () => allUsers().map((user) => badge(user.id));
