// Certificates are verified, whatever the environment says; an authority of one's own can be added.
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createPeerHttpClient, type HttpClient } from "../../src/outbound/http-client.ts";
import { trustAlso, TrustError } from "../../src/outbound/trust.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";

let certificates: Certificates;
let close: () => Promise<unknown>;
let port: number;
let requests = 0;
beforeAll(async () => {
  certificates = makeCertificates("api.example.net");
  const server = createServer(
    { cert: certificates.certificate, key: certificates.key },
    (_request, response) => {
      requests += 1;
      response.end("ok");
    },
  );
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
  close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
});
afterAll(() => close());
afterEach(() => {
  delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
});

const resolveHost: Parameters<typeof createPeerHttpClient>[0] = {
  resolveHost: (_name, found) => found(null, [{ address: "127.0.0.1", family: 4 }]),
};
const ask = (client: HttpClient, host: string) =>
  client.request({ method: "GET", url: `https://${host}:${port}/`, timeoutMs: 10_000, bodyBytesMax: 100 });

describe("a certificate", () => {
  test("of an authority that nobody named is refused, before anything is sent", async () => {
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    const before = requests;
    await expect(ask(createPeerHttpClient(resolveHost), "api.example.net")).rejects.toMatchObject({
      code: "tls",
      isRetryable: false,
      didNotStart: true,
    });
    expect(requests).toBe(before);
  });

  test("of an authority that was added is believed, for its own name only", async () => {
    const client = createPeerHttpClient({ ...resolveHost, trust: trustAlso(certificates.authority) });
    expect((await ask(client, "api.example.net")).body.toString()).toBe("ok");
    await expect(ask(client, "other.example.net")).rejects.toMatchObject({ code: "tls", didNotStart: true });
  });
});

test.each([
  ["nothing", "", "there is no certificate in it"],
  [
    "a key",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "there is no certificate in it",
  ],
  [
    "a broken certificate",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "certificate 1 in it cannot be read",
  ],
])("%s is no file of authorities", (_name, pem, message) => {
  expect(() => trustAlso(pem)).toThrow(TrustError);
  expect(() => trustAlso(pem)).toThrow(message);
});
