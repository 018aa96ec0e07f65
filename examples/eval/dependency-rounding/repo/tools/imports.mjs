/** Every package that src/ imports is declared, and nothing in src/ or test/ reaches into packages/ by a path. */
import { readdirSync, readFileSync } from 'node:fs';

const { dependencies = {} } = JSON.parse(readFileSync('package.json', 'utf8'));
const problems = [];
for (const folder of ['src', 'test'])
  for (const name of readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.js'))) {
    const path = `${folder}/${name}`;
    for (const [, specifier] of readFileSync(path, 'utf8').matchAll(/\bfrom '([^']+)'/g)) {
      if (specifier.startsWith('.') && specifier.includes('packages/'))
        problems.push(`${path}: imports ${specifier} by its path; declare the package and import it by its name`);
      if (!/^(?:\.|node:)/.test(specifier) && !Object.hasOwn(dependencies, specifier))
        problems.push(`${path}: imports ${specifier}, which package.json does not declare`);
    }
  }
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
