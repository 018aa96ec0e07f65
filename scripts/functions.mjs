/** Measures every function of a file: its lines, from its first to its closing brace, and its parameters. */
import { parseSync } from 'oxc-parser';
import { lineAt } from './scan.mjs';

const WITH_BODY = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
/** Shapes of functions: overloads, abstract methods, members of an interface, function types. Only their parameters count. */
const SIGNATURES = new Set([
  'TSDeclareFunction',
  'TSEmptyBodyFunctionExpression',
  'TSMethodSignature',
  'TSCallSignatureDeclaration',
  'TSConstructSignatureDeclaration',
  'TSFunctionType',
  'TSConstructorType',
]);

/** The name that a node gives to the function in it: a declaration, a variable, a member. */
function nameOf(node) {
  const named = node.id ?? (node.computed === true ? null : node.key) ?? null;
  if (named === null) return undefined;
  return named.name ?? (typeof named.value === 'string' ? named.value : undefined);
}

/** A destructured parameter is one, a rest is one, and TypeScript's `this` is none. */
function parameterCount(params) {
  return params.filter((param) => !(param.type === 'Identifier' && param.name === 'this')).length;
}

/**
 * Outer functions before those inside them; one without a name has that of what holds it. What does not parse has none: the
 * compiler tells of it.
 */
export function functionsOf(path, text) {
  const found = [];
  const visit = (value, holder) => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item, holder);
      return;
    }
    if (value === null || typeof value !== 'object') return;
    const name = nameOf(value) ?? holder;
    const hasBody = WITH_BODY.has(value.type);
    if (hasBody || SIGNATURES.has(value.type)) {
      const line = lineAt(text, value.start);
      const lines = hasBody ? lineAt(text, value.end - 1) - line + 1 : 0;
      found.push({ name, line, lines, parameters: parameterCount(value.params ?? []) });
    }
    for (const key of Object.keys(value)) visit(value[key], name);
  };
  visit(parseSync(path, text).program, '(module)');
  return found;
}
