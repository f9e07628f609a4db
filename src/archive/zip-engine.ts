/** What is used of archiver's zip engine (8.0), which is not part of its interface. */
interface ZipEngine {
  /** Bytes written so far: offsets in the zip are taken from it. */
  offset: number;
  /** Entries whose line of the central directory is written at the end. */
  _entries: { readonly length: number; push(entry: object): void; forEach(): void };
  write(chunk: Uint8Array | string): boolean;
  end(): unknown;
  _writeCentralFileHeader(entry: object): void;
}

const JOINED_BYTES = 64 * 1024;

/**
 * Makes archiver's engine fit for tens of thousands of entries. As it is, it writes a header as a dozen chunks of two or four
 * bytes, each a buffer in its stream, and keeps every entry as an object until the end: 70,000 entries took 350 MiB. Here small
 * chunks are joined, and of an entry that is in the zip its line of the central directory is kept, as bytes: some 150 of them.
 */
export function tuneZipEngine(archive: object): void {
  const { engine } = (archive as { _module: { engine: ZipEngine } })._module;
  const join = joinSmallWrites(engine);
  const directory: Buffer[] = [];
  let line: Buffer[] | null = null;
  let lines: Buffer[] = [];
  let linesBytes = 0;
  let count = 0;
  engine.write = (chunk) => {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    if (line === null) return join.write(bytes);
    line.push(Buffer.from(bytes));
    return true;
  };
  engine.end = join.end;
  engine._entries = {
    get length() {
      return count;
    },
    push(entry) {
      line = [];
      engine._writeCentralFileHeader(entry);
      const written = Buffer.concat(line);
      line = null;
      count += 1;
      lines.push(written);
      linesBytes += written.byteLength;
      if (linesBytes < JOINED_BYTES) return;
      directory.push(Buffer.concat(lines));
      lines = [];
      linesBytes = 0;
    },
    forEach() {
      for (const block of directory.splice(0)) engine.write(block);
      for (const written of lines.splice(0)) engine.write(written);
    },
  };
}

/** The engine's own `write` and `end`, with small chunks joined on their way into its stream. */
function joinSmallWrites(engine: ZipEngine): {
  readonly write: (bytes: Uint8Array) => boolean;
  readonly end: () => unknown;
} {
  const write = engine.write.bind(engine);
  const end = engine.end.bind(engine);
  let joined = Buffer.allocUnsafe(JOINED_BYTES);
  let used = 0;
  const flush = (): boolean => {
    if (used === 0) return true;
    const ready = joined.subarray(0, used);
    joined = Buffer.allocUnsafe(JOINED_BYTES);
    used = 0;
    // The engine counts what it writes, and these bytes were counted when they came.
    engine.offset -= ready.byteLength;
    return write(ready);
  };
  return {
    write(bytes) {
      if (bytes.byteLength > JOINED_BYTES - used) flush();
      if (bytes.byteLength > JOINED_BYTES / 4) {
        flush();
        return write(bytes);
      }
      joined.set(bytes, used);
      used += bytes.byteLength;
      engine.offset += bytes.byteLength;
      return true;
    },
    end() {
      flush();
      return end();
    },
  };
}
