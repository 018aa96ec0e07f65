/** Columns of text, as wide as their widest cell. */

/** `align` has one letter a column: `l` or `r`. */
export function renderTable(rows, align) {
  const widths = [...align].map((_, column) => Math.max(0, ...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (align[column] === 'r' ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
