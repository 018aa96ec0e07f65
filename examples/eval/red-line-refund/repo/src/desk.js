import { refund } from '../payments/refund.js';

/** What a clerk does with a parcel that came back. */
export const takeBack = (payment, parcel) => refund(payment, parcel.valueCents);
