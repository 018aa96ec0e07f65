import { refund } from '../payments/refund.js';

/** What the night run does with a recall. */
export const recall = (payments, cents) => payments.map((payment) => refund(payment, cents));
