import { fstatSync, writeSync } from "node:fs";
import { Writable } from "node:stream";

/**
 * Standard error, for a log that outlives a full disk. Where it is a file, a line for which there is no room is lost, and the
 * next one is tried again: Node's own stream would end the process at the first of them.
 */
export function openStandardError(): NodeJS.WritableStream {
  if (!fstatSync(process.stderr.fd).isFile()) return process.stderr;
  return new Writable({
    decodeStrings: false,
    write(line: string | Buffer, _encoding, done) {
      try {
        writeSync(process.stderr.fd, line.toString());
      } catch {
        // Nothing could say so.
      }
      done();
    },
  });
}
