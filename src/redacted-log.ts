import { Writable } from "node:stream";
import { createRedaction, type Redaction } from "./redaction/redaction.ts";

/** Where the log goes, through a redaction that can be replaced: the log is opened before any secret has been read. */
export interface RedactedLog {
  readonly stream: Writable;
  /** From now on, whatever this gives when a line is written. */
  readonly use: (current: () => Redaction) => void;
}

export function redactedLog(target: NodeJS.WritableStream): RedactedLog {
  const builtIn = createRedaction({ known: [], own: [], onRedacted: () => {} });
  let current = () => builtIn;
  const stream = new Writable({
    decodeStrings: false,
    // A line at a time, at once: what is logged last before the process ends must not be lost.
    write(line: string | Buffer, _encoding, done) {
      target.write(current().text(line.toString()));
      done();
    },
  });
  return {
    stream,
    use(other) {
      current = other;
    },
  };
}
