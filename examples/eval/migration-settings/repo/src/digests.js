export const DIGESTS = ['never', 'daily', 'weekly'];
