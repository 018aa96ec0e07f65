export const instantOf = (entry) => Date.parse(entry.at);
