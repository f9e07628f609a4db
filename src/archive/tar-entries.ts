import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { ArchiveEntry } from "./bundle.ts";

const BLOCK_BYTES = 512;
/** Of a header that only tells more of the next entry. */
const HEADER_BYTES_MAX = 1024 * 1024;

/**
 * The files in a gzipped tar, in order; the content of one is read before the next is asked for, or passed over. Throws what is
 * wrong with it: a cut end, a header whose sum is wrong, anything in it that is no file.
 */
export async function* tarGzEntries(path: string): AsyncGenerator<ArchiveEntry, void, void> {
  const gunzip = createGunzip();
  const filling = pipeline(createReadStream(path), gunzip);
  filling.catch(() => {});
  const blocks = new BlockReader(gunzip);
  let extended = NOTHING_EXTENDED;
  try {
    for (;;) {
      const block = await blocks.read(BLOCK_BYTES);
      if (block === null) throw new Error("the end of the tar is missing");
      if (block.every((byte) => byte === 0)) break;
      const header = parseHeader(block);
      if (header.type === "x" || header.type === "L") {
        extended = readExtended(header.type, await readSmall(blocks, header.size), extended);
        continue;
      }
      if (header.type !== "0") throw new Error(`${header.name} is no file (type ${header.type})`);
      const content = new EntryContent(blocks, extended.size ?? header.size);
      yield {
        name: extended.name ?? header.name,
        size: content.size,
        date: header.date,
        open: () => Readable.from(content.chunks()),
      };
      await content.skip();
      extended = NOTHING_EXTENDED;
    }
    // To the end of the gzip, whose own sum is checked there.
    while ((await blocks.readSome(BLOCK_BYTES * 128)) !== null);
    await filling;
  } finally {
    gunzip.destroy();
    await filling.catch(() => {});
  }
}

interface Extended {
  readonly name: string | null;
  readonly size: number | null;
}

const NOTHING_EXTENDED: Extended = { name: null, size: null };

interface Header {
  readonly name: string;
  readonly size: number;
  readonly type: string;
  readonly date: Date;
}

function parseHeader(block: Buffer): Header {
  const sum = octal(block, 148, 8);
  const bytes = Buffer.from(block);
  bytes.fill(" ", 148, 156);
  const actual = bytes.reduce((total, byte) => total + byte, 0);
  if (sum !== actual) throw new Error("a header of the tar has a wrong sum");
  const prefix = text(block, 345, 155);
  const name = text(block, 0, 100);
  const type = String.fromCharCode(block[156] ?? 0);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    size: octal(block, 124, 12),
    type: type === "\0" ? "0" : type,
    date: new Date(octal(block, 136, 12) * 1_000),
  };
}

function text(block: Buffer, from: number, bytes: number): string {
  const field = block.subarray(from, from + bytes);
  const end = field.indexOf(0);
  return field.subarray(0, end === -1 ? bytes : end).toString("utf8");
}

/** An octal number, or from 8 GiB on the number itself with the first bit set (GNU). */
function octal(block: Buffer, from: number, bytes: number): number {
  if (((block[from] ?? 0) & 0x80) !== 0) return Number(block.readBigUInt64BE(from + bytes - 8));
  const digits = text(block, from, bytes).trim();
  if (!/^[0-7]*$/.test(digits)) throw new Error("a number in a header of the tar cannot be read");
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

async function readSmall(blocks: BlockReader, size: number): Promise<Buffer> {
  if (size > HEADER_BYTES_MAX) throw new Error("a header of the tar is too large");
  const padded = await blocks.read(size + padding(size));
  if (padded === null) throw new Error("the tar ends within a header");
  return padded.subarray(0, size);
}

/** PAX records `LENGTH KEY=VALUE\n`, or GNU's long name. */
function readExtended(type: "x" | "L", bytes: Buffer, before: Extended): Extended {
  if (type === "L") return { ...before, name: text(bytes, 0, bytes.byteLength) };
  let { name, size } = before;
  for (let at = 0; at < bytes.byteLength; ) {
    const space = bytes.indexOf(" ", at);
    const length = Number(bytes.subarray(at, space).toString("latin1"));
    if (space === -1 || !Number.isInteger(length) || length <= space - at || at + length > bytes.byteLength)
      throw new Error("an extended header of the tar cannot be read");
    const record = bytes.subarray(space + 1, at + length - 1).toString("utf8");
    const equals = record.indexOf("=");
    if (record.slice(0, equals) === "path") name = record.slice(equals + 1);
    if (record.slice(0, equals) === "size") size = Number(record.slice(equals + 1));
    at += length;
  }
  return { name, size };
}

function padding(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

/** One entry's bytes, read once. */
class EntryContent {
  readonly size: number;
  readonly #blocks: BlockReader;
  #left: number;
  #isPassed = false;

  constructor(blocks: BlockReader, size: number) {
    if (!Number.isSafeInteger(size) || size < 0) throw new Error("an entry of the tar has no possible size");
    this.size = size;
    this.#blocks = blocks;
    this.#left = size;
  }

  async *chunks(): AsyncGenerator<Buffer, void, void> {
    while (this.#left > 0) {
      const chunk = await this.#blocks.readSome(this.#left);
      if (chunk === null) throw new Error("the tar ends within a file");
      this.#left -= chunk.byteLength;
      yield chunk;
    }
  }

  async skip(): Promise<void> {
    if (this.#isPassed) return;
    this.#isPassed = true;
    for await (const chunk of this.chunks()) void chunk;
    const filler = padding(this.size);
    if (filler > 0 && (await this.#blocks.read(filler)) === null)
      throw new Error("the tar ends within a file");
  }
}

/** Takes a stream apart into pieces of wanted sizes. */
class BlockReader {
  readonly #chunks: AsyncIterator<Buffer, undefined>;
  #waiting: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** Between one byte and `bytesMax`; null at the end. */
  async readSome(bytesMax: number): Promise<Buffer | null> {
    while (this.#waiting.byteLength === 0) {
      const { value, done } = await this.#chunks.next();
      if (done === true || value === undefined) return null;
      this.#waiting = value;
    }
    const part = this.#waiting.subarray(0, bytesMax);
    this.#waiting = this.#waiting.subarray(part.byteLength);
    return part;
  }

  /** Exactly so many; null at the end. Throws when the end comes within them. */
  async read(bytes: number): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    let missing = bytes;
    while (missing > 0) {
      const part = await this.readSome(missing);
      if (part === null && missing === bytes) return null;
      if (part === null) throw new Error("the tar is cut off");
      parts.push(part);
      missing -= part.byteLength;
    }
    return Buffer.concat(parts);
  }
}
