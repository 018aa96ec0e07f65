export const textLine = (entry) => `- ${entry.text}`;
