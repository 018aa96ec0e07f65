export const DATA = [
  { id: 'u1', name: 'Ada', mail: 'ada@example.test', role: 'admin', joined: 2019 },
  { id: 'u2', name: 'Bob', mail: 'bob@example.test', role: 'member', joined: 2021 },
];
