export { halfToEven } from './half-to-even.js';
export { halfUp } from './half-up.js';
