export const theme = ({ dark = false }) => ({ version: 1, theme: dark ? 'dark' : 'light', mail: false, mailAddress: '' });
