import type { IncomingMessage } from "node:http";

/** What became of reading a request's body. */
export type Body =
  | { readonly kind: "whole"; readonly bytes: Buffer }
  | { readonly kind: "too_large" }
  | { readonly kind: "no_room" }
  | { readonly kind: "aborted" };

/** The memory that all bodies share. Each alone is bounded too, but there may be thousands of connections. */
export interface BodyRoom {
  /** False when there is not so much left. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export function createBodyRoom(bytesMax: number): BodyRoom {
  let taken = 0;
  return {
    take(bytes) {
      if (taken + bytes > bytesMax) return false;
      taken += bytes;
      return true;
    },
    give(bytes) {
      taken -= bytes;
    },
  };
}

/**
 * Reads the exact bytes of a body, at most `bytesMax`. Never rejects: a sender that goes away is `aborted`. Who gets a whole body gives
 * its room back when done with it.
 */
export function readBody(request: IncomingMessage, bytesMax: number, room: BodyRoom): Promise<Body> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > bytesMax) return Promise.resolve({ kind: "too_large" });
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    let isOver = false;
    const end = (body: Body) => {
      if (isOver) return;
      isOver = true;
      chunks = [];
      if (body.kind !== "whole") {
        room.give(bytes);
        request.pause();
      }
      resolve(body);
    };
    request.on("data", (chunk: Buffer) => {
      if (isOver) return;
      if (bytes + chunk.byteLength > bytesMax) return end({ kind: "too_large" });
      if (!room.take(chunk.byteLength)) return end({ kind: "no_room" });
      bytes += chunk.byteLength;
      chunks.push(chunk);
    });
    request.on("end", () =>
      end({
        kind: "whole",
        bytes: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks),
      }),
    );
    request.on("error", () => end({ kind: "aborted" }));
    request.on("close", () => end({ kind: "aborted" }));
  });
}

/** A refused body of a real sender ends well before. */
const DISCARDED_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Reads on what nobody wants: a connection that is closed while its sender still writes is reset, and the answer is lost with it.
 * Who does not come to an end is cut off, here or by the server's time limit.
 */
export function discardRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes > DISCARDED_BYTES_MAX) request.destroy();
  });
  request.resume();
}
