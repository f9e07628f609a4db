import type { Request, Response } from "express";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { BundleFormat, ReadableBundle } from "../archive/bundle-store.ts";
import { HttpProblem } from "./problems.ts";

/** A stored file as it is sent. */
export interface Download {
  readonly fileName: string;
  readonly contentType: string;
  readonly bytes: number;
  /** Stands for exactly these bytes, so that a client may go on where a download broke off. */
  readonly tag: string;
  /** Null where it is not known. */
  readonly sha256: string | null;
  readonly isAttachment: boolean;
  open(range: { readonly start: number; readonly end: number }): Promise<Readable>;
}

/** Sends the file, or the one range that was asked for, or 304, or 416. */
export async function sendDownload(request: Request, response: Response, download: Download): Promise<void> {
  const etag = `"${download.tag}"`;
  const known = isKnown(request, etag);
  const range = known ? null : requestedRange(request, download.bytes, etag);
  const { start, end } = range ?? { start: 0, end: download.bytes };
  // Before any header is set: an error must not look like the file.
  const content = known || request.method === "HEAD" ? null : await download.open({ start, end });
  response.set({
    "content-type": download.contentType,
    "content-disposition": `${download.isAttachment ? "attachment" : "inline"}; ${fileNameParameters(download.fileName)}`,
    "accept-ranges": "bytes",
    "x-content-type-options": "nosniff",
    // What a host wrote into a file is never allowed to act in the reader's browser.
    "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "cache-control": "private, no-cache",
    etag,
  });
  if (download.sha256 !== null)
    response.set("repr-digest", `sha-256=:${Buffer.from(download.sha256, "hex").toString("base64")}:`);
  if (known) return void response.status(304).end();
  response.status(range === null ? 200 : 206).set("content-length", String(end - start));
  if (range !== null) response.set("content-range", `bytes ${start}-${end - 1}/${download.bytes}`);
  if (content === null) return void response.end();
  await sendContent(content, response);
}

/** A file that is not complete: it has no length and no ranges, and nothing keeps it. */
export interface GrowingDownload extends Pick<Download, "fileName" | "contentType"> {
  readonly content: Readable;
}

/** Sends what there is by now. */
export async function sendGrowing(
  request: Request,
  response: Response,
  { fileName, contentType, content }: GrowingDownload,
): Promise<void> {
  response.set({
    "content-type": contentType,
    "content-disposition": `attachment; ${fileNameParameters(fileName)}`,
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  });
  if (request.method === "HEAD") return void response.end();
  await sendContent(content, response);
}

// A client that goes away in the middle is no error of ours.
async function sendContent(content: Readable, response: Response): Promise<void> {
  await pipeline(content, response).catch((error: unknown) => {
    if (!response.destroyed) throw error;
  });
}

export async function sendBundle(
  request: Request,
  response: Response,
  bundle: ReadableBundle,
  format: BundleFormat,
): Promise<void> {
  const isZip = format === "zip";
  const bytes = isZip ? bundle.bytes : await bundle.tarGzBytes();
  await sendDownload(request, response, {
    fileName: `${bundle.name}.${format}`,
    contentType: isZip ? "application/zip" : "application/gzip",
    bytes,
    // The digest of a tar.gz is not stored; a zip's is its name, and the tar.gz is made of it once.
    tag: isZip ? bundle.sha256 : `${bundle.sha256}.${format}.${bytes}`,
    sha256: isZip ? bundle.sha256 : null,
    isAttachment: true,
    open: (range) => bundle.read(format, range),
  });
}

/** The plain name is for programs such as curl, which do not read the other. */
function fileNameParameters(name: string): string {
  const encoded = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `filename="${name.replace(/[^\w.-]/g, "_")}"; filename*=UTF-8''${encoded}`;
}

/** Whether the client has these bytes already. A proxy may have made the tag a weak one. */
function isKnown(request: Request, etag: string): boolean {
  const tags = request.headers["if-none-match"]?.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags !== undefined && (tags.includes(etag) || tags.includes("*"));
}

/** Null: the whole file. Several ranges at once are answered with the whole file, which HTTP allows. */
function requestedRange(
  request: Request,
  bytes: number,
  etag: string,
): { start: number; end: number } | null {
  const header = request.headers.range;
  const ifRange = request.headers["if-range"];
  if (header === undefined || request.method !== "GET" || (ifRange !== undefined && ifRange !== etag))
    return null;
  const match = /^bytes=(\d*)-(\d*)$/.exec(header);
  if (match === null || (match[1] === "" && match[2] === "")) return null;
  const first = match[1] === "" ? Math.max(0, bytes - Number(match[2])) : Number(match[1]);
  const last = match[1] === "" || match[2] === "" ? bytes - 1 : Math.min(bytes - 1, Number(match[2]));
  if (first > last || first >= bytes) {
    throw new HttpProblem(416, "Range not satisfiable", `the file has ${bytes} bytes`, {
      headers: { "content-range": `bytes */${bytes}` },
    });
  }
  return { start: first, end: last + 1 };
}
