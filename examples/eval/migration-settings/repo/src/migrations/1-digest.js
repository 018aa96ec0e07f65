export const digest = ({ mail, ...rest }) => ({ ...rest, version: 2, mailDigest: mail ? 'daily' : 'never' });
