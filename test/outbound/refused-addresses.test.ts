// Proves that an http step reaches no address that it may not: however it is written, resolved, or led to by a redirect.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type AddressPolicy, anyAddress, runbookAddressPolicy } from "../../src/outbound/address-policy.ts";
import type { ResolveHost } from "../../src/outbound/checked-lookup.ts";
import { createHttpClient } from "../../src/outbound/http-client.ts";
import { OutboundError, type OutboundErrorCode } from "../../src/outbound/outbound-error.ts";
import { until } from "../support/processes.ts";
import { startServer } from "./http-server.ts";

/** What must not be reached: every address of this machine, at one port. */
let inside: Server;
let port: number;
/** The addresses of this machine at which a connection came in. */
const reached: (string | undefined)[] = [];
let cases = 0;

beforeAll(async () => {
  inside = createServer((_request, response) => response.end("inside"));
  inside.on("connection", (socket) => reached.push(socket.localAddress));
  const listen = (host: string) =>
    new Promise<void>((resolve, reject) => void inside.once("error", reject).listen(0, host, resolve));
  await listen("::").catch(() => listen("0.0.0.0"));
  ({ port } = inside.address() as AddressInfo);
});
afterAll(async () => {
  inside.closeAllConnections();
  await new Promise((resolve) => inside.close(resolve));
});

/** This machine, in the ways it can be written. */
const HERE = [
  "127.0.0.2",
  "127.0.0.2.",
  "127.2",
  "127.0.2",
  "2130706434",
  "0x7f000002",
  "0x7f.0.0.2",
  "0177.0.0.2",
  "017700000002",
  "000000177.0.0.02",
  "%31%32%37.0.0.2",
  "①②⑦.0.0.2",
  "127。0。0。2",
  "0.0.0.0",
  "0",
  "0x0",
  "[::1]",
  "[0:0:0:0:0:0:0:1]",
  "[::]",
  "[::ffff:127.0.0.2]",
  "[::ffff:7f00:2]",
  "[0:0:0:0:0:ffff:127.0.0.2]",
  "[::127.0.0.2]",
  "localhost",
  "LOCALHOST.",
  "localhost.localdomain",
  "ip6-localhost",
];
/** Metadata, link-local, and addresses that stand for others. */
const ELSEWHERE = [
  "169.254.169.254",
  "2852039166",
  "0xa9fea9fe",
  "0251.0376.0251.0376",
  "169.254.43518",
  "[::ffff:169.254.169.254]",
  "[::ffff:a9fe:a9fe]",
  "[64:ff9b::169.254.169.254]",
  "[64:ff9b:1::a9fe:a9fe]",
  "[2002:a9fe:a9fe::]",
  "[2001:0:a9fe:a9fe::1]",
  "[fd00:ec2::254]",
  "[fe80::1]",
  "[fe80::1%25eth0]",
  "[fe80::1%eth0]",
  "169.254.170.2",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
  "metadata.google.internal",
  "224.0.0.1",
  "255.255.255.255",
  "[ff02::1]",
  "user@169.254.169.254",
  "api.example.net@169.254.169.254",
  "169.254.169.254#@api.example.net",
  "169.254.169.254\\@api.example.net",
];

/** Names that are allowed, one of them the machine's own; none of them allows loopback. */
const policy = runbookAddressPolicy({
  httpHosts: ["api.example.net", "*.shop.example", "127.0.0.1"],
  inventory: ["web-1", "10.0.0.11", "127.0.0.2", "169.254.169.254"],
});

function resolveTo(...addresses: string[]): ResolveHost {
  return (_hostname, found) =>
    found(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
}

interface Asking {
  readonly url: string;
  readonly rules?: AddressPolicy;
  readonly resolveHost?: ResolveHost;
  readonly method?: string;
}

async function refusalOf({
  url,
  rules = policy,
  resolveHost = resolveTo("127.0.0.2"),
  method = "GET",
}: Asking) {
  cases += 1;
  try {
    await createHttpClient(rules, { resolveHost }).request({
      method,
      url,
      ...(method === "POST" ? { body: "{}" } : {}),
      timeoutMs: 10_000,
      bodyBytesMax: 1_000,
    });
  } catch (error) {
    if (error instanceof OutboundError) return error.code;
    throw error;
  }
  return "answered";
}

const REFUSALS: readonly OutboundErrorCode[] = ["address-refused", "invalid-request", "invalid-redirect"];

describe("is never reached", () => {
  test("by its address, in any spelling", async () => {
    for (const host of [...HERE, ...ELSEWHERE])
      for (const scheme of ["http", "https"])
        expect(REFUSALS).toContain(await refusalOf({ url: `${scheme}://${host}:${port}/` }));
    // A zone does not belong into a URL at all.
    expect(await refusalOf({ url: `http://[fe80::1%25lo]:${port}/` })).toBe("invalid-request");
    expect(await refusalOf({ url: `http://[::1]:${port}/` })).toBe("address-refused");
  });

  test("by a name that is allowed and leads there", async () => {
    const addresses = [
      "127.0.0.2",
      "127.0.0.1",
      "::1",
      "::",
      "0.0.0.0",
      "::ffff:127.0.0.2",
      "::ffff:7f00:2",
      "::127.0.0.2",
      "169.254.169.254",
      "64:ff9b::7f00:2",
      "2002:7f00:2::",
      "fe80::1%lo",
      "fe80::1",
      "fd00:ec2::254",
      "not an address",
    ];
    for (const host of ["api.example.net", "a.shop.example", "web-1"])
      for (const found of [...addresses.map((address) => [address]), addresses, []])
        expect(await refusalOf({ url: `http://${host}:${port}/`, resolveHost: resolveTo(...found) })).toBe(
          "address-refused",
        );
  });

  test("by a redirect from where it is allowed", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      for (const host of [...HERE, ...ELSEWHERE, "evil.example", "api.example.net"]) {
        // A header holds no other letters; a server sends such names escaped.
        const location = `http://${encodeURI(host)
          .replaceAll("%25", "%")
          .replaceAll(/%5[BD]/g, decodeURIComponent)}:${port}/`;
        const { url } = await startServer((response) => response.writeHead(status, { location }).end());
        for (const method of ["GET", "POST"]) expect(REFUSALS).toContain(await refusalOf({ url, method }));
      }
    }
  });

  test("by a redirect behind a redirect", async () => {
    const last = await startServer((response) =>
      response.writeHead(302, { location: `http://127.0.0.2:${port}/` }).end(),
    );
    const first = await startServer((response) =>
      response.writeHead(302, { location: `${last.url}/next` }).end(),
    );
    expect(await refusalOf({ url: first.url })).toBe("address-refused");
    expect(last.seen).toHaveLength(1);
  });

  test("by a name that leads elsewhere the next time it is asked for", async () => {
    let asked = 0;
    const rebinding: ResolveHost = (_hostname, found) => {
      asked += 1;
      found(null, [{ address: asked % 2 === 1 ? "127.0.0.3" : "127.0.0.2", family: 4 }]);
    };
    const onlyThat: AddressPolicy = {
      allowsHost: () => true,
      allowsAddress: (_hostname, address) => address === "127.0.0.3",
    };
    const allowed = createServer((_request, response) => response.end("allowed"));
    await new Promise<void>((resolve) => allowed.listen(0, "127.0.0.3", resolve));
    onTestFinished(async () => {
      allowed.closeAllConnections();
      await new Promise((resolve) => allowed.close(resolve));
    });
    const { port: allowedPort } = allowed.address() as AddressInfo;
    const ends: string[] = [];
    for (let index = 0; index < 40; index += 1)
      ends.push(
        await refusalOf({
          url: `http://api.example.net:${allowedPort}/`,
          rules: onlyThat,
          resolveHost: rebinding,
        }),
      );
    // Asked once for each request: there is no second answer that a check could have missed.
    expect(asked).toBe(40);
    expect(ends).toEqual(Array.from({ length: 20 }, () => ["answered", "address-refused"]).flat());
  });

  test("a name that is not allowed is not even looked up", async () => {
    const asked: string[] = [];
    const recording: ResolveHost = (hostname, found) => {
      asked.push(hostname);
      found(null, [{ address: "203.0.113.1", family: 4 }]);
    };
    for (const host of ["secret-value.evil.example", "evilshop.example", "xapi.example.net", "localhost"])
      expect(await refusalOf({ url: `http://${host}/`, resolveHost: recording })).toBe("address-refused");
    expect(asked).toEqual([]);
  });
});

test("PROMISE S14", () => {
  expect(cases).toBeGreaterThan(600);
  expect(reached).toEqual([]);
  console.log(`PROMISE S14 cases=${cases} reached=${reached.length} ok`);
});

test("without the policy the same requests get there", async () => {
  for (const host of HERE) await refusalOf({ url: `http://${host}:${port}/`, rules: anyAddress });
  const { url } = await startServer((response) =>
    response.writeHead(302, { location: `http://127.0.0.2:${port}/` }).end(),
  );
  expect(await refusalOf({ url, rules: anyAddress })).toBe("answered");
  await until(() => reached.length >= 15, 10_000);
  expect(new Set(reached).size).toBeGreaterThan(1);
});
