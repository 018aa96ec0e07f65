/** Frames of a WebSocket (RFC 6455) as a server reads and writes them: masked in, unmasked out, no extensions. */

/** To be closed with this code (RFC 6455, 7.4.1). */
export class FrameError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.name = 'FrameError';
    this.code = code;
  }
}

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export type Message =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'ping' | 'pong'; readonly data: Buffer }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string };

interface Frame {
  readonly final: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

/** Longest payload of a control frame. */
const MOST_CONTROL = 125;
/** A close frame without a code. */
const NO_CODE = 1005;

/** One frame, unmasked. */
export function encode(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = 0x80 | opcode;
  if (length < 126) header[1] = length;
  else if (length < 65_536) {
    header[1] = 126;
    header.writeUInt16BE(length, 2);
  } else {
    header[1] = 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([header, payload]);
}

export function encodeClose(code: number, reason: string): Buffer {
  const text = Buffer.from(reason).subarray(0, MOST_CONTROL - 2);
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return encode(OPCODE.close, Buffer.concat([head, text]));
}

/** Takes bytes as they come, and gives the messages that are whole with them. @throws FrameError; nothing can be read after that. */
export function createParser(mostBytes: number): (chunk: Buffer) => Message[] {
  const bytes = createBytes();
  let parts: Buffer[] = [];
  let length = 0;
  const message = ({ final, opcode, payload }: Frame): Message | undefined => {
    if (opcode >= OPCODE.close) return control(opcode, payload);
    if (opcode === OPCODE.binary) throw new FrameError(1003, 'commands are text');
    if (opcode === OPCODE.continuation ? parts.length === 0 : parts.length > 0) throw new FrameError(1002, 'a fragment out of order');
    length += payload.length;
    if (length > mostBytes) throw new FrameError(1009, `a message of more than ${mostBytes} bytes`);
    parts.push(payload);
    if (!final) return undefined;
    const whole = textOf(Buffer.concat(parts, length));
    parts = [];
    length = 0;
    return { kind: 'text', text: whole };
  };
  return (chunk) => {
    bytes.push(chunk);
    const messages: Message[] = [];
    for (let frame = next(bytes, mostBytes); frame !== undefined; frame = next(bytes, mostBytes)) {
      const one = message(frame);
      if (one !== undefined) messages.push(one);
    }
    return messages;
  };
}

function control(opcode: number, payload: Buffer): Message {
  if (opcode === OPCODE.ping || opcode === OPCODE.pong) return { kind: opcode === OPCODE.ping ? 'ping' : 'pong', data: payload };
  if (opcode !== OPCODE.close) throw new FrameError(1002, `opcode ${opcode} is unknown`);
  if (payload.length === 1) throw new FrameError(1002, 'half a close code');
  return payload.length === 0
    ? { kind: 'close', code: NO_CODE, reason: '' }
    : { kind: 'close', code: payload.readUInt16BE(), reason: textOf(payload.subarray(2)) };
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FrameError(1007, 'text that is not UTF-8');
  }
}

type Bytes = ReturnType<typeof createBytes>;

/** The next frame, once all of it is here. */
function next(bytes: Bytes, mostBytes: number): Frame | undefined {
  const head = bytes.look(2);
  if (head === undefined) return undefined;
  const [first = 0, second = 0] = head;
  const opcode = first & 0x0f;
  const final = (first & 0x80) !== 0;
  const short = second & 0x7f;
  if ((first & 0x70) !== 0) throw new FrameError(1002, 'an extension that was not agreed');
  if ((second & 0x80) === 0) throw new FrameError(1002, 'a frame without a mask');
  if (opcode >= OPCODE.close && (short > MOST_CONTROL || !final)) throw new FrameError(1002, 'a long or split control frame');
  const more = short === 126 ? 2 : short === 127 ? 8 : 0;
  const header = bytes.look(2 + more + 4);
  if (header === undefined) return undefined;
  const length = more === 0 ? short : more === 2 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
  // Refused before it is read.
  if (length > mostBytes) throw new FrameError(1009, `a message of more than ${mostBytes} bytes`);
  if (bytes.length() < header.length + length) return undefined;
  bytes.take(header.length);
  const payload = bytes.take(length);
  const mask = header.subarray(2 + more);
  for (let index = 0; index < payload.length; index += 1) payload[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
  return { final, opcode, payload };
}

/** Bytes in the pieces in which they came: a long message is joined once. */
function createBytes() {
  let chunks: Buffer[] = [];
  let length = 0;
  const joined = (count: number): Buffer => {
    const [first] = chunks;
    if (first === undefined || first.length >= count) return first ?? Buffer.alloc(0);
    chunks = [Buffer.concat(chunks, length)];
    return chunks[0] as Buffer; // put on the line above
  };
  return {
    length: () => length,
    push: (chunk: Buffer): void => {
      if (chunk.length === 0) return;
      chunks.push(chunk);
      length += chunk.length;
    },
    look: (count: number): Buffer | undefined => (length < count ? undefined : joined(count).subarray(0, count)),
    /** A copy: it may be written to. */
    take: (count: number): Buffer => {
      const whole = joined(count);
      const taken = Buffer.from(whole.subarray(0, count));
      if (chunks.length > 0) chunks[0] = whole.subarray(count);
      length -= count;
      return taken;
    },
  };
}
