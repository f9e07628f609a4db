// One bounded request against real servers on loopback.
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { type AddressPolicy, anyAddress, runbookAddressPolicy } from "../../src/outbound/address-policy.ts";
import type { ResolveHost } from "../../src/outbound/checked-lookup.ts";
import { createHttpClient, createPeerHttpClient, type HttpRequest } from "../../src/outbound/http-client.ts";
import { OutboundError } from "../../src/outbound/outbound-error.ts";
import { startServer } from "./http-server.ts";

const LIMITS = { method: "GET", timeoutMs: 5_000, bodyBytesMax: 64 * 1024 } as const;
const get = (url: string, rest: Partial<HttpRequest> = {}) =>
  createPeerHttpClient().request({ ...LIMITS, url, ...rest });

async function failureOf(request: Promise<unknown>): Promise<OutboundError> {
  try {
    await request;
  } catch (error) {
    if (error instanceof OutboundError) return error;
    throw error;
  }
  throw new Error("did not fail");
}

describe("an answer", () => {
  test("has status, headers and body, whatever the status", async () => {
    const { url, seen } = await startServer((response) => {
      response.writeHead(503, { "X-Many": ["a", "b"], "content-type": "text/plain" }).end("öops");
    });
    const answer = await get(`${url}/path?q=1`, { method: "post", body: "{}", headers: { "X-Own": "1" } });
    expect(answer).toMatchObject({ status: 503, isTruncated: false, url: `${url}/path?q=1` });
    expect(answer.body.toString()).toBe("öops");
    expect(answer.headers).toMatchObject({ "x-many": "a, b", "content-type": "text/plain" });
    expect(seen[0]).toMatchObject({ method: "POST", url: "/path?q=1", body: "{}" });
    expect(seen[0]?.headers).toMatchObject({
      "x-own": "1",
      "user-agent": "Nightshift",
      "content-length": "2",
    });
  });

  test("is cut where it is longer than allowed, and the rest not read", async () => {
    const { url } = await startServer((response) => {
      const write = () => {
        while (response.write("x".repeat(64 * 1024)));
      };
      response.on("drain", write);
      write();
    });
    const answer = await get(url, { bodyBytesMax: 100_000 });
    expect(answer.isTruncated).toBe(true);
    expect(answer.body).toHaveLength(100_000);
  });

  test("that is compressed all the same is not unpacked: a bomb stays as small as it was sent", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const { url, seen } = await startServer((response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(bomb),
    );
    const answer = await get(url, { bodyBytesMax: 1024 * 1024 });
    expect(seen[0]?.headers["accept-encoding"]).toBe("identity");
    expect(answer).toMatchObject({ isTruncated: false });
    expect(answer.body.equals(bomb)).toBe(true);
  });

  test("that changes to another protocol is no answer", async () => {
    const server = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await failureOf(get(`http://127.0.0.1:${port}/`))).toMatchObject({ code: "connection-failed" });
  });

  test("of exactly the limit is whole", async () => {
    const { url } = await startServer((response) => response.end("12345"));
    expect(await get(url, { bodyBytesMax: 5 })).toMatchObject({ isTruncated: false });
  });
});

describe("time limits hold for everything together", () => {
  test("no answer at all", async () => {
    const { url } = await startServer(() => {});
    expect(await failureOf(get(url, { timeoutMs: 100 }))).toMatchObject({
      code: "timeout",
      didNotStart: false,
    });
  });

  test("a body that drips", async () => {
    const { url } = await startServer((response) => {
      const timer = setInterval(() => response.write("x"), 10);
      response.once("close", () => clearInterval(timer));
    });
    expect(await failureOf(get(url, { timeoutMs: 100 }))).toMatchObject({ code: "timeout" });
  });

  test("redirects without end", async () => {
    const { url } = await startServer((response) => {
      setTimeout(() => response.writeHead(302, { location: "/" }).end(), 40);
    });
    expect(await failureOf(get(url, { timeoutMs: 100, redirectsMax: 1_000 }))).toMatchObject({
      code: "timeout",
    });
  });

  test("a name that is never found", async () => {
    const client = createHttpClient(anyAddress, { resolveHost: () => {} });
    const failure = await failureOf(
      client.request({ ...LIMITS, url: "http://slow.example/", timeoutMs: 50 }),
    );
    expect(failure).toMatchObject({ code: "timeout", didNotStart: true });
  });

  test("the caller may stop it, before and during", async () => {
    const { url } = await startServer(() => controller.abort());
    const controller = new AbortController();
    expect(await failureOf(get(url, { signal: controller.signal }))).toMatchObject({ code: "aborted" });
    expect(await failureOf(get(url, { signal: controller.signal }))).toMatchObject({
      code: "aborted",
      didNotStart: true,
    });
  });
});

describe("no answer", () => {
  test("connection refused", async () => {
    const port = await closedPort();
    const failure = await failureOf(get(`http://127.0.0.1:${port}/x?token=secret`));
    expect(failure).toMatchObject({ code: "connection-refused", isRetryable: true, didNotStart: true });
    expect(failure.message).toContain(`GET http://127.0.0.1:${port}/x failed`);
    expect(failure.message).not.toContain("secret");
  });

  test("connection closed in the middle of the body", async () => {
    const { url } = await startServer((response) => {
      response.writeHead(200, { "content-length": "100" }).write("half", () => response.destroy());
    });
    expect(await failureOf(get(url))).toMatchObject({ code: "connection-failed", didNotStart: false });
  });

  test("something that is not HTTP", async () => {
    const server = createTcpServer((socket) => socket.on("error", () => {}).end("SSH-2.0-OpenSSH_9.2\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await failureOf(get(`http://127.0.0.1:${port}/`))).toMatchObject({ code: "connection-failed" });
  });

  test("https where none is spoken", async () => {
    const { port } = await startServer((response) => response.end());
    expect(await failureOf(get(`https://127.0.0.1:${port}/`))).toMatchObject({
      code: "tls",
      didNotStart: true,
    });
  });

  test("a name that does not exist", async () => {
    const client = createHttpClient(anyAddress, {
      resolveHost: (_name, found) => found(Object.assign(new Error("x"), { code: "ENOTFOUND" }), []),
    });
    const failure = await failureOf(client.request({ ...LIMITS, url: "http://none.example/" }));
    expect(failure).toMatchObject({ code: "dns", didNotStart: true });
  });

  test.each([
    ["no URL", { url: "not a url" }],
    ["another scheme", { url: "file:///etc/passwd" }],
    ["a user in the URL", { url: "http://user:pass@127.0.0.1/" }],
    ["a header that breaks the line", { url: "http://127.0.0.1:1/", headers: { a: "b\r\nX-Injected: 1" } }],
    ["a header name that is none", { url: "http://127.0.0.1:1/", headers: { "a b": "c" } }],
    ["a method that is none", { url: "http://127.0.0.1:1/", method: "GET /x HTTP/1.1\r\n" }],
    ["a length of its own", { url: "http://127.0.0.1:1/", headers: { "Transfer-Encoding": "chunked" } }],
    ["another host's name", { url: "http://127.0.0.1:1/", headers: { Host: "inside" } }],
    ["CONNECT", { url: "http://127.0.0.1:1/", method: "connect" }],
  ])("%s is never sent", async (_name, request) => {
    expect(await failureOf(createPeerHttpClient().request({ ...LIMITS, ...request }))).toMatchObject({
      code: "invalid-request",
      isRetryable: false,
      didNotStart: true,
    });
  });
});

async function closedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("redirects", () => {
  test("five are followed, a sixth is one too many, and 0 gives the redirect itself", async () => {
    const { url } = await startServer((response, { url: path }) => {
      const left = Number(path.slice(1));
      if (left === 0) response.end("here");
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    expect(await get(`${url}/5`)).toMatchObject({ status: 200, url: `${url}/0` });
    expect(await failureOf(get(`${url}/6`))).toMatchObject({
      code: "too-many-redirects",
      isRetryable: false,
    });
    expect(await get(`${url}/1`, { redirectsMax: 0 })).toMatchObject({ status: 302, url: `${url}/1` });
  });

  test.each([
    [301, "POST", "GET", ""],
    [302, "POST", "GET", ""],
    [303, "PUT", "GET", ""],
    [302, "PUT", "PUT", "body"],
    [307, "POST", "POST", "body"],
    [308, "POST", "POST", "body"],
  ])("%i after %s sends %s", async (status, method, expected, body) => {
    const { url, seen } = await startServer((response, request) => {
      if (request.url === "/to") response.end();
      else response.writeHead(status, { location: "/to" }).end();
    });
    await get(url, { method, body: "body", headers: { "Content-Type": "text/x" } });
    expect(seen[1]).toMatchObject({ method: expected, body });
    expect(seen[1]?.headers["content-type"]).toBe(body === "" ? undefined : "text/x");
  });

  test("another origin is not told what was meant for the first", async () => {
    const second = await startServer((response) => response.end());
    const first = await startServer((response, request) => {
      response.writeHead(302, { location: request.url === "/a" ? "/b" : second.url }).end();
    });
    await get(`${first.url}/a`, {
      headers: { Authorization: "Bearer t", "X-Api-Key": "k", Cookie: "c", Accept: "x/y" },
    });
    expect(first.seen[1]?.headers).toMatchObject({ authorization: "Bearer t", "x-api-key": "k" });
    expect(second.seen[0]?.headers).toMatchObject({ accept: "x/y" });
    for (const name of ["authorization", "x-api-key", "cookie"])
      expect(second.seen[0]?.headers).not.toHaveProperty(name);
  });

  test("a body is not taken to another origin", async () => {
    const second = await startServer((response) => response.end());
    const first = await startServer((response, { url }) => {
      response.writeHead(Number(url.slice(1)), { location: second.url }).end();
    });
    const put = (status: number, rest: Partial<HttpRequest> = { body: "secret" }) =>
      get(`${first.url}/${status}`, { method: "PUT", ...rest });
    for (const status of [301, 302, 307, 308]) {
      const failure = await failureOf(put(status));
      expect(failure).toMatchObject({ code: "invalid-redirect", didNotStart: false });
      expect(failure.message).toContain(`redirected with its body to ${second.url}; ask there directly`);
    }
    expect(second.seen).toEqual([]);
    expect(await put(307, {})).toMatchObject({ status: 200, url: `${second.url}/` });
    expect(second.seen[0]).toMatchObject({ method: "PUT", body: "" });
  });

  test.each(["http://[", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/"])(
    "to %s is refused",
    async (location) => {
      const { url } = await startServer((response) => response.writeHead(302, { location }).end());
      expect(await failureOf(get(url))).toMatchObject({ code: "invalid-redirect", didNotStart: false });
    },
  );
});

describe("addresses", () => {
  const resolveTo =
    (...addresses: string[]): ResolveHost =>
    (_hostname, found) =>
      found(
        null,
        addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      );
  const policy = runbookAddressPolicy({ httpHosts: ["api.example.net"], inventory: [] });
  const from = (resolveHost: ResolveHost, url: string, rules: AddressPolicy = policy) =>
    createHttpClient(rules, { resolveHost }).request({ ...LIMITS, url });

  test.each([
    "http://127.0.0.1:PORT/",
    "http://127.1:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f000001:PORT/",
    "http://017700000001:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::1]:PORT/",
    "http://0.0.0.0:PORT/",
    "http://localhost:PORT/",
    "http://169.254.169.254/latest/meta-data/",
    "http://other.example/",
  ])("%s is refused and never connected to", async (template) => {
    const { port, seen } = await startServer((response) => response.end());
    const failure = await failureOf(from(resolveTo("127.0.0.1"), template.replace("PORT", String(port))));
    expect(failure).toMatchObject({ code: "address-refused", isRetryable: false, didNotStart: true });
    expect(seen).toEqual([]);
  });

  test("a name that leads to loopback is refused, whatever else it leads to", async () => {
    const { port, seen } = await startServer((response) => response.end());
    const url = `http://api.example.net:${port}/`;
    for (const resolveHost of [
      resolveTo("127.0.0.1"),
      resolveTo("::ffff:127.0.0.1", "127.0.0.1"),
      resolveTo(),
    ])
      expect(await failureOf(from(resolveHost, url))).toMatchObject({ code: "address-refused" });
    expect(seen).toEqual([]);
  });

  test("a name that changes between two requests is checked each time (DNS rebinding)", async () => {
    const { port, seen } = await startServer((response) => response.end("inside"));
    const answers = ["allowed", "refused"];
    // The first answer may be connected to, the second is the address that an attacker is after.
    const rebinding: AddressPolicy = {
      allowsHost: () => true,
      allowsAddress: () => answers.shift() === "allowed",
    };
    const client = createHttpClient(rebinding, { resolveHost: resolveTo("127.0.0.1") });
    const request = { ...LIMITS, url: `http://api.example.net:${port}/` };
    expect((await client.request(request)).body.toString()).toBe("inside");
    expect(await failureOf(client.request(request))).toMatchObject({ code: "address-refused" });
    expect(seen).toHaveLength(1);
  });

  test("only the allowed ones of several addresses are connected to", async () => {
    // On every address of the machine, so that a connection to the refused one would succeed.
    const { port, server } = await startServer((response) => response.end(), "0.0.0.0");
    const remotes: (string | undefined)[] = [];
    server.on("connection", (socket) => remotes.push(socket.localAddress));
    const onlyThis: AddressPolicy = {
      allowsHost: () => true,
      allowsAddress: (_hostname, address) => address === "127.0.0.1",
    };
    await from(resolveTo("127.0.0.2", "127.0.0.1"), `http://api.example.net:${port}/`, onlyThis);
    expect(remotes).toEqual(["127.0.0.1"]);
  });

  test("a redirect is checked as the first URL is", async () => {
    const target = await startServer((response) => response.end("inside"));
    const named = runbookAddressPolicy({ httpHosts: ["127.0.0.1"], inventory: [] });
    for (const location of [
      `http://localhost:${target.port}/`,
      `http://[::ffff:7f00:1]:${target.port}/`,
      "http://169.254.169.254/",
    ]) {
      const { url } = await startServer((response) => response.writeHead(302, { location }).end());
      const failure = await failureOf(from(resolveTo("127.0.0.1"), url, named));
      expect(failure).toMatchObject({ code: "address-refused", didNotStart: false });
    }
    expect(target.seen).toEqual([]);
  });

  test("loopback that the runbook names is reached", async () => {
    const { url } = await startServer((response) => response.end("ok"));
    const named = runbookAddressPolicy({ httpHosts: ["127.0.0.1"], inventory: [] });
    expect((await from(resolveTo(), url, named)).status).toBe(200);
  });
});
