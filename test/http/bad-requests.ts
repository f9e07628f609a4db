import { gzipSync } from "node:zlib";
import { openRaw, type RawConnection } from "./raw.ts";
import { type Case, good, head, JSON_TYPE, type Sender } from "./sender.ts";

// The catalogue's first part: what is wrong with the request, before anybody looks at its JSON.

const MIB = 1024 * 1024;

export const BAD_REQUESTS: readonly Case[] = [
  ["1", "no body", [400], (to) => to.deliver("")],
  ["2", "a body of spaces", [400], (to) => to.deliver(" ".repeat(10_000))],
  ["4", "16 MiB and one byte", [413], (to) => to.deliver(Buffer.alloc(16 * MIB + 1, 32))],
  [
    "5",
    "a length over what is sent",
    [408],
    (to) => to.raw(head("POST", "/webhooks/am", "Content-Length: 1000"), "{"),
  ],
  [
    "6",
    "a length under what is sent",
    [400],
    (to) => to.raw(head("POST", "/webhooks/am", "Content-Length: 10"), good()),
  ],
  [
    "7",
    "length and chunks",
    [400],
    (to) =>
      to.raw(head("POST", "/webhooks/am", "Content-Length: 5", "Transfer-Encoding: chunked"), "0\r\n\r\n"),
  ],
  [
    "8",
    "two lengths",
    [400],
    (to) => to.raw(head("POST", "/webhooks/am", "Content-Length: 5", "Content-Length: 6"), "hello!"),
  ],
  [
    "9",
    "a chunk size beyond 64 bits",
    [400],
    (to) => to.raw(head("POST", "/webhooks/am", "Transfer-Encoding: chunked"), "ffffffffffffffffff\r\n"),
  ],
  [
    "10",
    "endless chunks of one byte",
    [408, 413],
    (to) => drip(to, head("POST", "/webhooks/am", "Transfer-Encoding: chunked"), "1\r\n \r\n"),
  ],
  [
    "11",
    "headers letter by letter",
    [408],
    (to) => drip(to, "POST /webhooks/am HTTP/1.1\r\nHost: x\r\n", "X"),
  ],
  [
    "12",
    "a body letter by letter",
    [408],
    (to) => drip(to, head("POST", "/webhooks/am", "Content-Length: 1000"), " "),
  ],
  ["13", "who never reads the answers does not keep others from theirs", [202], (to) => neverReads(to)],
  ["14", "2,100 idle connections", [408, 0], (to) => idleConnections(to, 2_100)],
  [
    "15",
    "a header of 17 KiB",
    [431],
    (to) => to.raw(head("POST", "/webhooks/am", `X: ${"x".repeat(17 * 1024)}`)),
  ],
  [
    "16",
    "2,000 headers",
    [431],
    (to) =>
      to.raw(head("POST", "/webhooks/am", ...Array.from({ length: 2_000 }, (_, index) => `X-${index}: 1`))),
  ],
  [
    "17",
    "NUL in a header",
    [400],
    (to) => to.raw("POST /webhooks/am HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n"),
  ],
  ["17", "CR in a header", [400], (to) => to.raw("POST /webhooks/am HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n")],
  ["18", "lines that end in LF alone", [400], (to) => to.raw("POST /webhooks/am HTTP/1.1\nHost: x\n\n")],
  [
    "19",
    "chunked, identity",
    [400],
    (to) => to.raw(head("POST", "/webhooks/am", "Transfer-Encoding: chunked, identity"), "0\r\n\r\n"),
  ],
  [
    "20",
    "a gzip bomb",
    [415],
    (to) => to.deliver(gzipSync(Buffer.alloc(50 * MIB)), [JSON_TYPE, "Content-Encoding: gzip"]),
  ],
  [
    "21",
    "an unknown encoding",
    [415],
    (to) => to.deliver(good(), [JSON_TYPE, "Content-Encoding: x-unheard"]),
  ],
  ["22", "JSON as text/plain", [202], (to) => to.deliver(good(), ["Content-Type: text/plain"])],
  [
    "23",
    "another charset",
    [415],
    (to) => to.deliver(good(), ["Content-Type: application/json; charset=utf-16"]),
  ],
  [
    "24",
    "multipart",
    [415],
    (to) => to.deliver("--x\r\n\r\n{}\r\n--x--", ["Content-Type: multipart/form-data; boundary=x"]),
  ],
  [
    "25",
    "who asks to continue and does not",
    [408],
    (to) => to.raw(head("POST", "/webhooks/am", "Content-Length: 10", "Expect: 100-continue")),
  ],
  ["26", "HTTP/0.9", [200, 400], (to) => to.raw("GET /\r\n\r\n")],
  ["26", "CONNECT", [0], (to) => to.raw("CONNECT evil.example.net:443 HTTP/1.1\r\nHost: x\r\n\r\n")],
  ["26", "TRACE", [405], (to) => to.raw(head("TRACE", "/webhooks/am"))],
  ["26", "a method in lower case", [400], (to) => to.raw(head("post", "/webhooks/am"))],
  [
    "27",
    "the address of another host",
    [400, 404, 405],
    (to) => to.raw(head("GET", "http://evil.example.net/webhooks/am")),
  ],
  ...[
    "/%2e%2e/webhooks/am",
    "//webhooks/am",
    "/webhooks/%00",
    "/webhooks/%c0%ae",
    "/webhooks/%",
    "/webhooks/..",
    "/webhooks/",
  ].map((path): Case => ["28", `the path ${path}`, [400, 404, 405], (to) => to.raw(head("GET", path))]),
  ["29", "a query of 1 MB", [431], (to) => to.raw(head("POST", `/webhooks/am?${"x".repeat(MIB)}`))],
  [
    "30",
    "a reset in the middle of the body",
    [0],
    (to) => abandon(to, (connection) => connection.reset(), good().slice(0, 50)),
  ],
  [
    "31",
    "who closes before the answer",
    [0],
    (to) => abandon(to, (connection) => connection.socket.destroy(), good()),
  ],
];

/** Those that are answered when a time limit of the service is over. */
export const SLOW: ReadonlySet<string> = new Set(["5", "10", "11", "12", "25"]);

/** Sends the beginning, then the same again and again until the other side has had enough. */
async function drip(to: Sender, beginning: string, again: string): Promise<number> {
  const connection = await openRaw(to.url);
  connection.send(beginning);
  const timer = setInterval(() => connection.send(again), 50);
  try {
    return (await connection.answer(15_000)).status;
  } finally {
    clearInterval(timer);
    connection.socket.destroy();
  }
}

async function neverReads(to: Sender): Promise<number> {
  const connection = await openRaw(to.url);
  connection.socket.pause();
  for (let time = 0; time < 2_000; time += 1) connection.send(head("GET", "/"));
  const status = await to.deliver(good());
  connection.socket.destroy();
  return status;
}

async function idleConnections(to: Sender, count: number): Promise<number> {
  const idle: RawConnection[] = [];
  // In portions that the kernel's queue of connections holds: the service never learns of those beyond.
  while (idle.length < count) {
    idle.push(...(await Promise.all(Array.from({ length: 100 }, () => openRaw(to.url)))));
    await openRaw(to.url).then((connection) => connection.socket.destroy());
  }
  await Promise.all(idle.map((connection) => connection.closed(20_000)));
  return 0;
}

async function abandon(
  to: Sender,
  leave: (connection: RawConnection) => void,
  body: string,
): Promise<number> {
  const connection = await openRaw(to.url);
  connection.send(head("POST", "/webhooks/am", `Content-Length: ${Buffer.byteLength(good())}`), body);
  leave(connection);
  await connection.closed();
  return 0;
}
