export const copyOf = (row) => (row === undefined ? undefined : { ...row });
