import { add } from './commands/add.js';
import { count } from './commands/count.js';
import { find } from './commands/find.js';
import { help } from './commands/help.js';
import { list } from './commands/list.js';
import { move } from './commands/move.js';
import { pin } from './commands/pin.js';
import { remove } from './commands/remove.js';
import { rename } from './commands/rename.js';
import { show } from './commands/show.js';

/** In the order of the help. */
export const commands = [add, count, find, help, list, move, pin, remove, rename, show];
