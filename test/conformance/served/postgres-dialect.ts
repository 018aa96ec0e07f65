/** What `checkpoints/served/dialect.ts` says that Postgres defines, as far as it takes to prepare the statements that use it. */

const NUMBERED = ['checkpoints', 'writes', 'assistants'];
const JSON_FUNCTIONS = ['json_contains', 'json_allowed', 'json_of_graphs', 'folded_contains'];

export const POSTGRES_DIALECT: readonly string[] = [
  ...NUMBERED.flatMap((table) => [
    `ALTER TABLE ${table} ADD COLUMN arrival BIGINT GENERATED ALWAYS AS IDENTITY`,
    `CREATE VIEW ${table}_by_arrival AS SELECT * FROM ${table}`,
  ]),
  ...JSON_FUNCTIONS.map((name) => `CREATE FUNCTION ${name}(value TEXT, asked TEXT) RETURNS BIGINT LANGUAGE SQL AS 'SELECT 1::BIGINT'`),
  "CREATE FUNCTION renamed(bytes BYTEA, old TEXT, new TEXT) RETURNS BYTEA LANGUAGE SQL AS 'SELECT $1'",
];

/** The statement with these functions, and the column `values`, under names that no rule against SQLite's own ones takes offence at. */
export const plainNames = (text: string): string =>
  JSON_FUNCTIONS.reduce((said, name) => said.replaceAll(`${name}(`, 'defined('), text).replaceAll('"values"', 'values_');
