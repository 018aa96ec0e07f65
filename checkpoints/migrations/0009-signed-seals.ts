/** A seal may be signed with a key that is kept outside the home: `<key id>:<mac>`, null where there was no key. */
export const sql = `
ALTER TABLE audit_seals ADD COLUMN mac TEXT;
`;
