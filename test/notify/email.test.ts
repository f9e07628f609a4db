// Mail by SMTP: encrypted unless it is said not to be, one thread an alert, and no label ever becomes a header.
import { Writable } from "node:stream";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { createEmailNotifier, type EmailOptions } from "../../src/notify/email.ts";
import { trustAlso } from "../../src/outbound/trust.ts";
import { createLog } from "../../src/platform/log.ts";
import { makeCertificates } from "../outbound/certificates.ts";
import { LOGIN, startMailServer } from "./mail-server.ts";
import { never, notice, notifierParts } from "./memory.ts";

const certificates = makeCertificates("localhost");
const trust = trustAlso(certificates.authority);

function mailer(port: number, changes: Partial<EmailOptions> = {}) {
  const lines: string[] = [];
  const stream = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) });
  const notifier = createEmailNotifier({
    ...notifierParts(),
    host: "localhost",
    port,
    tls: "starttls",
    login: null,
    from: "Nightshift <nightshift@example.net>",
    to: ["oncall@example.net", "web@example.net"],
    trust,
    log: createLog({ level: "info", format: "json", stream }),
    ...changes,
  });
  return { notifier, lines };
}

test("sends one mail to all, encrypted and logged in", async () => {
  const { port, mails } = await startMailServer(certificates);
  await mailer(port, { login: LOGIN }).notifier.send(notice(), never);
  expect(mails).toHaveLength(1);
  const [mail] = mails;
  expect(mail).toMatchObject({
    from: "nightshift@example.net",
    to: ["oncall@example.net", "web@example.net"],
    isEncrypted: true,
    user: LOGIN.user,
  });
  expect(mail?.headers.get("subject")).toBe(notice().title);
  expect(mail?.headers.get("from")).toBe("Nightshift <nightshift@example.net>");
  expect(mail?.headers.get("auto-submitted")).toBe("auto-generated");
  expect(mail?.headers.get("content-type")).toMatch(/^text\/plain/);
  expect(mail?.body.replaceAll("\r\n", "\n")).toContain(`${notice().text}\n\n${notice().url}`);
});

test("later notices of an alert answer the first one; those of another do not", async () => {
  const { port, mails } = await startMailServer(certificates);
  const { notifier } = mailer(port);
  await notifier.send(notice({ dedupeKey: "1" }), never);
  await notifier.send(notice({ dedupeKey: "2" }), never);
  await notifier.send(notice({ dedupeKey: "3", event: "recovered" }), never);
  await notifier.send(notice({ dedupeKey: "4", thread: "thread-2" }), never);
  const ids = mails.map(({ headers }) => headers.get("message-id"));
  expect(new Set(ids).size).toBe(4);
  expect(ids[0]).toMatch(/^<[0-9a-f]{40}@example\.net>$/);
  for (const name of ["in-reply-to", "references"])
    expect(mails.map(({ headers }) => headers.get(name))).toEqual([undefined, ids[0], ids[0], undefined]);
});

test("every try of a notice has the same Message-ID", async () => {
  const { port, mails } = await startMailServer(certificates);
  const { notifier } = mailer(port);
  await notifier.send(notice(), never);
  await notifier.send(notice(), never);
  const [first, second] = mails.map(({ headers }) => headers);
  expect(second?.get("message-id")).toBe(first?.get("message-id"));
  expect(second?.has("in-reply-to")).toBe(false);
});

test.each([
  ["a line break", "web-1\r\nBcc: evil@example.com\r\n\r\nbody"],
  ["a bare line feed", "web-1\nBcc: evil@example.com"],
  ["a bare carriage return", "web-1\rBcc: evil@example.com"],
  ["a line separator", "web-1\u2028Bcc: evil@example.com"],
  ["an encoded word", "=?utf-8?q?web-1=0d=0aBcc=3a_evil=40example=2ecom?="],
  ["a NUL", "web-1\0Bcc: evil@example.com"],
])("%s in a label adds no header and no recipient", async (_, label) => {
  const { port, mails } = await startMailServer(certificates);
  const { notifier } = mailer(port);
  await notifier.send(
    notice({ title: label, text: `${label}\r\n.\r\nRCPT TO:<evil@example.com>\r\n` }),
    never,
  );
  await notifier.send(notice({ dedupeKey: "2" }), never);
  expect(mails).toHaveLength(2);
  for (const { to, headerLines } of mails) {
    expect(to).toEqual(["oncall@example.net", "web@example.net"]);
    expect(headerLines.filter((line) => /^bcc/i.test(line))).toEqual([]);
    expect(headerLines.map((line) => line.split(":")[0]?.toLowerCase())).not.toContain("bcc");
  }
});

test("a title that is too long, or not of this alphabet, is one encoded subject", async () => {
  const { port, mails } = await startMailServer(certificates);
  await mailer(port).notifier.send(notice({ title: `夜勤 ${"x".repeat(500)}` }), never);
  expect(mails[0]?.headers.get("subject")).toMatch(/^=\?UTF-8\?/);
});

describe("TLS", () => {
  test("implicit TLS is encrypted from the first byte", async () => {
    const { port, mails } = await startMailServer(certificates, { secure: true });
    await mailer(port, { tls: "implicit" }).notifier.send(notice(), never);
    expect(mails[0]?.isEncrypted).toBe(true);
  });

  test("none is in the clear, because the settings say so", async () => {
    const { port, mails } = await startMailServer(null);
    await mailer(port, { tls: "none" }).notifier.send(notice(), never);
    expect(mails[0]?.isEncrypted).toBe(false);
  });

  test("a server without STARTTLS gets nothing", async () => {
    const { port, mails } = await startMailServer(null);
    await expect(mailer(port, { login: LOGIN }).notifier.send(notice(), never)).rejects.toMatchObject({
      name: "NotifierError",
    });
    expect(mails).toEqual([]);
  });

  test.each([
    ["starttls", {}],
    ["implicit", { secure: true }],
  ] as const)("a certificate of an authority that is not trusted is refused: %s", async (tls, options) => {
    const { port, mails } = await startMailServer(certificates, options);
    await expect(mailer(port, { tls, trust: null }).notifier.send(notice(), never)).rejects.toMatchObject({
      code: "unreachable",
      isRetryable: true,
      message: expect.stringContaining("outbound.ca_file") as string,
    });
    expect(mails).toEqual([]);
  });
});

describe("refusals", () => {
  test.each([
    ["recipient", "451 4.3.0 try again later", true, true],
    ["recipient", "550 5.1.1 no such mailbox", false, true],
    ["data", "452 4.2.2 mailbox is full", true, false],
    ["data", "554 5.7.1 looks like spam", false, false],
  ] as const)("at the %s, %s: worth another try: %s", async (at, words, isRetryable, didNotStart) => {
    const { port, refusals } = await startMailServer(certificates);
    refusals[at].push(words, words);
    await expect(mailer(port).notifier.send(notice(), never)).rejects.toMatchObject({
      code: "refused",
      isRetryable,
      didNotStart,
      message: expect.stringContaining(words.slice(0, 3)) as string,
    });
  });

  test("a login that is refused is told without its words, which may hold it", async () => {
    const { port, mails } = await startMailServer(certificates);
    const { notifier, lines } = mailer(port, { login: { ...LOGIN, password: "Wr0ngPassw0rd" } });
    const error: unknown = await notifier.send(notice(), never).catch((failure: unknown) => failure);
    expect(error).toMatchObject({
      message: "notifier oncall: the mail server answered 535 to the login",
      isRetryable: false,
    });
    expect(inspect(error, { depth: 10 }) + lines.join("")).not.toMatch(/Wr0ngPassw0rd|V3Iwbmd/);
    expect(mails).toEqual([]);
  });

  test("one recipient of two that is refused is logged, and the other one gets the mail", async () => {
    const { port, mails, refusals } = await startMailServer(certificates);
    refusals.recipient.push("550 5.1.1 no such mailbox");
    const { notifier, lines } = mailer(port);
    await notifier.send(notice(), never);
    expect(mails[0]?.to).toEqual(["web@example.net"]);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ notifier: "oncall", rejected: 1, level: "warn" });
  });

  test("a server that is away is worth another try", async () => {
    await expect(mailer(1).notifier.send(notice(), never)).rejects.toMatchObject({
      code: "unreachable",
      isRetryable: true,
      didNotStart: true,
      message: "notifier oncall: the mail server refused the connection",
    });
  });

  test("stops when it is told to, and would be tried again", async () => {
    const { port } = await startMailServer(certificates, { onConnect: () => {} });
    const stop = new AbortController();
    const sending = mailer(port).notifier.send(notice(), stop.signal);
    stop.abort();
    await expect(sending).rejects.toMatchObject({ code: "aborted", isRetryable: true });
  });
});
