import { DATA } from './data.js';
import { unknown } from './unknown.js';

export function fetchUser(id) {
  return DATA.find((user) => user.id === id) ?? unknown(id);
}

export const allUsers = () => [...DATA];
