/** What a role is told of a tool that there is not. */
import { describe, expect, test } from 'vitest';
import { toolsOf } from '../../domain/roles.ts';
import { unknownTool } from '../../tools/other-names.ts';

describe('unknownTool', () => {
  test.each([
    ['bash', 'run_command'],
    ['shell', 'run_command'],
    ['str_replace', 'edit_file'],
    ['str_replace_based_edit_tool', 'edit_file'],
    ['create_file', 'write_file'],
    ['grep', 'search_files'],
    ['glob', 'list_files'],
    ['ls', 'list_files'],
    ['read', 'read_file'],
    ['view', 'read_file'],
    ['Edit', 'edit_file'],
    ['Bash', 'run_command'],
    ['attempt-completion', 'submit_build'],
  ])('%s: %s does that here, beside the list of all', (name, does) => {
    const told = unknownTool(name, 'lead', undefined);
    expect(told).toContain(`Here ${does} does that.`);
    expect(told).toContain(`Your tools: ${toolsOf('lead').join(', ')}`);
  });

  test('names no tool that the role, or the configuration, does not have', () => {
    expect(unknownTool('create_file', 'planner', undefined)).toBe(
      `there is no tool "create_file". You have no tool for that here. Your tools: ${toolsOf('planner').join(', ')}`,
    );
    expect(unknownTool('bash', 'lead', ['read_file'])).toBe(
      'there is no tool "bash". You have no tool for that here. Your tools: read_file, submit_build',
    );
  });

  test('a name that nobody knows gets the list alone, and is cut', () => {
    expect(unknownTool('x'.repeat(500), 'critic', ['read_file'])).toBe(
      `there is no tool "${'x'.repeat(64)}". Your tools: read_file, submit_review`,
    );
    expect(unknownTool('toString', 'critic', ['read_file'])).not.toContain('does that');
  });
});
