/** Named points at which the chaos suite kills, freezes or fails a process; in a product run nothing listens. */

let listener: ((point: string) => void) | undefined;

/**
 * Marks a moment whose crash is tested. Names read `<thing>:<detail>:<before|inside|after>`, for example
 * `file:20-build.1.json:inside` (the temporary file is written, its name is not yet there).
 */
export function failpoint(point: string): void {
  listener?.(point);
}

/**
 * Hears every point of this process from now on; the newest listener wins. Tests alone call it.
 * @public
 */
export function onFailpoint(next: ((point: string) => void) | undefined): void {
  listener = next;
}
