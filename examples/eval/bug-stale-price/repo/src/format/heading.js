export const heading = (title) => `== ${title} ==`;
