/** Frames of a WebSocket: what a client may send in any pieces, and what closes the connection. */
import { describe, expect, test } from 'vitest';
import { createParser, encode, encodeClose, FrameError, type Message, OPCODE } from '../../../../server/protocol/socket/frames.ts';

const MASK = [1, 2, 3, 4];

/** As a client writes it: masked. */
function frame(opcode: number, payload: string | Buffer, { final = true, masked = true, bits = 0 } = {}): Buffer {
  const plain = encode(opcode, Buffer.from(payload));
  const header = plain.subarray(0, plain.length - Buffer.from(payload).length);
  header[0] = (final ? 0x80 : 0) | bits | opcode;
  if (!masked) return plain;
  header[1] = (header[1] ?? 0) | 0x80;
  const body = Buffer.from(payload).map((byte, index) => byte ^ (MASK[index & 3] ?? 0));
  return Buffer.concat([header, Buffer.from(MASK), body]);
}

const text = (message: string): Message => ({ kind: 'text', text: message });
const thrown = (bytes: Buffer, most = 1000): number => {
  try {
    createParser(most)(bytes);
  } catch (error) {
    return error instanceof FrameError ? error.code : 0;
  }
  return -1;
};

describe('what is read', () => {
  test.each([0, 1, 125, 126, 65_535, 65_536, 200_000])('a text of %i bytes', (length) => {
    const message = 'ä'.repeat(length >> 1) + 'x'.repeat(length & 1);
    expect(createParser(300_000)(frame(OPCODE.text, message))).toEqual([text(message)]);
  });

  test('in pieces of one byte, several in one piece, and split into fragments with a ping between them', () => {
    const bytes = Buffer.concat([
      frame(OPCODE.text, 'one'),
      frame(OPCODE.text, 'tw', { final: false }),
      frame(OPCODE.ping, 'still there?'),
      frame(OPCODE.continuation, 'o'),
      encodeCloseAsClient(1000, 'done'),
    ]);
    const expected = [
      text('one'),
      { kind: 'ping', data: Buffer.from('still there?') },
      text('two'),
      { kind: 'close', code: 1000, reason: 'done' },
    ];
    expect(createParser(1000)(bytes)).toEqual(expected);
    const parse = createParser(1000);
    expect([...bytes].flatMap((byte) => parse(Buffer.from([byte])))).toEqual(expected);
  });

  test('a close frame without a code', () => {
    expect(createParser(1000)(frame(OPCODE.close, ''))).toEqual([{ kind: 'close', code: 1005, reason: '' }]);
  });
});

const encodeCloseAsClient = (code: number, reason: string): Buffer => frame(OPCODE.close, encodeClose(code, reason).subarray(2));

describe('what closes the connection', () => {
  test.each<[string, number, Buffer]>([
    ['a frame without a mask', 1002, frame(OPCODE.text, 'x', { masked: false })],
    ['an extension', 1002, frame(OPCODE.text, 'x', { bits: 0x40 })],
    ['an unknown opcode', 1002, frame(11, 'x')],
    ['a long ping', 1002, frame(OPCODE.ping, 'x'.repeat(126))],
    ['a split ping', 1002, frame(OPCODE.ping, 'x', { final: false })],
    ['a continuation of nothing', 1002, frame(OPCODE.continuation, 'x')],
    ['a text inside of a text', 1002, Buffer.concat([frame(OPCODE.text, 'x', { final: false }), frame(OPCODE.text, 'y')])],
    ['half a close code', 1002, frame(OPCODE.close, 'x')],
    ['bytes', 1003, frame(OPCODE.binary, 'x')],
    ['text that is not UTF-8', 1007, frame(OPCODE.text, Buffer.from([0xff, 0xfe]))],
    ['a message of 1001 bytes', 1009, frame(OPCODE.text, 'x'.repeat(1001))],
    [
      'fragments of 1001 bytes',
      1009,
      Buffer.concat([frame(OPCODE.text, 'x'.repeat(999), { final: false }), frame(OPCODE.continuation, 'xx')]),
    ],
  ])('%s', (_name, code, bytes) => {
    expect(thrown(bytes)).toBe(code);
  });

  test('the length of a message is refused before the message comes; one of just that length is read', () => {
    const header = frame(OPCODE.text, 'x'.repeat(70_000)).subarray(0, 14);
    expect(thrown(header, 69_999)).toBe(1009);
    expect(thrown(header, 70_000)).toBe(-1);
    expect(createParser(1000)(frame(OPCODE.text, 'x'.repeat(1000)))).toHaveLength(1);
  });
});
