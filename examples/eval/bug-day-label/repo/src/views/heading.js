export const heading = (day) => `# ${day}`;
