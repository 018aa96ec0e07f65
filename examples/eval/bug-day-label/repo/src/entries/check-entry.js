import { isOffset } from './is-offset.js';

export function checkEntry(entry) {
  if (Number.isNaN(Date.parse(entry.at))) throw new Error(`${entry.at}: is no instant`);
  if (!isOffset(entry.offsetMinutes)) throw new Error(`${entry.offsetMinutes}: is no offset in minutes`);
  return entry;
}
