export const settingLine = (name, value) => `${name}: ${value === '' ? '-' : value}`;
