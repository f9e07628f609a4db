import { Writable } from "node:stream";
import { createRedaction, type Redaction } from "./redaction/redaction.ts";

/** Where the log goes, through a redaction that can be replaced: the log is opened before any secret has been read. */
export interface RedactedLog {
  readonly stream: Writable;
  use(redaction: Redaction): void;
}

export function redactedLog(target: NodeJS.WritableStream): RedactedLog {
  let current = createRedaction({ known: [], own: [], onRedacted: () => {} });
  const stream = new Writable({
    decodeStrings: false,
    // A line at a time, at once: what is logged last before the process ends must not be lost.
    write(line: string | Buffer, _encoding, done) {
      target.write(current.text(line.toString()));
      done();
    },
  });
  return {
    stream,
    use(redaction) {
      current = redaction;
    },
  };
}
