/** The payment after `cents` of it were paid back. */
export function refund(payment, cents) {
  return { ...payment, refundedCents: payment.refundedCents + cents };
}
