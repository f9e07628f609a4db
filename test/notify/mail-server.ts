import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { onTestFinished } from "vitest";
import type { Certificates } from "../outbound/certificates.ts";

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly isEncrypted: boolean;
  /** Null for who did not log in. */
  readonly user: string | null;
  /** Values by lower-case name, as they came; folded lines put together. */
  readonly headers: ReadonlyMap<string, string>;
  readonly headerLines: readonly string[];
  readonly body: string;
}

export const LOGIN = { user: "nightshift", password: ["Sm7p", "Vq2x", "Lw9z"].join("") };

/** What the server says to the next of a command instead of taking it, such as `451 4.3.0 try later`. */
export interface MailRefusals {
  readonly recipient: string[];
  readonly data: string[];
}

/** A real SMTP server on loopback that takes mail for anybody; closed when the test ends. */
export async function startMailServer(certificates: Certificates | null, options: SMTPServerOptions = {}) {
  const mails: ReceivedMail[] = [];
  const refusals: MailRefusals = { recipient: [], data: [] };
  const server = new SMTPServer({
    ...(certificates === null
      ? { disabledCommands: ["STARTTLS"] }
      : { key: certificates.key, cert: certificates.certificate }),
    authOptional: true,
    onAuth({ username, password }, _session, done) {
      if (username === LOGIN.user && password === LOGIN.password) done(null, { user: username });
      else done(refusal(`535 5.7.8 ${String(username)}/${String(password)} is wrong`));
    },
    onRcptTo(_address, _session, done) {
      const words = refusals.recipient.shift();
      if (words === undefined || words === "") done();
      else done(refusal(words));
    },
    onData(stream, session, done) {
      const take = async () => {
        const raw = await text(stream);
        const words = refusals.data.shift();
        if (words === undefined) mails.push(toMail(raw, session));
        done(words === undefined ? null : refusal(words));
      };
      void take();
    },
    ...options,
  });
  // A client that goes away in the middle is a part of some tests.
  server.on("error", () => {});
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, mails, refusals };
}

function refusal(words: string): Error {
  const [code, ...rest] = words.split(" ");
  return Object.assign(new Error(rest.join(" ")), { responseCode: Number(code) });
}

interface Session {
  readonly secure: boolean;
  readonly user?: string | undefined;
  readonly envelope: {
    readonly mailFrom: false | { readonly address: string };
    readonly rcptTo: readonly { readonly address: string }[];
  };
}

function toMail(raw: string, { secure, user, envelope }: Session): ReceivedMail {
  const end = raw.indexOf("\r\n\r\n");
  const headerLines = raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, " ")
    .split("\r\n");
  const headers = new Map(
    headerLines.map((line) => {
      const [name = "", ...value] = line.split(":");
      return [name.toLowerCase(), value.join(":").trim()] as const;
    }),
  );
  return {
    from: envelope.mailFrom === false ? "" : envelope.mailFrom.address,
    to: envelope.rcptTo.map(({ address }) => address),
    isEncrypted: secure,
    user: user ?? null,
    headers,
    headerLines,
    body: raw.slice(end + 4),
  };
}
