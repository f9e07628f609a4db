import { createTransport } from "nodemailer";
import type { SecureContext } from "node:tls";
import type { Clock } from "../platform/clock.ts";
import { sha256 } from "../platform/digest.ts";
import type { Log } from "../platform/log.ts";
import { explainSmtpError } from "./email-errors.ts";
import type { EmailTls } from "./email-schema.ts";
import type { Notice, Notifier, ThreadMemory } from "./notifier.ts";

export interface EmailOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `starttls` sends nothing before the connection is encrypted, `none` never encrypts it. */
  readonly tls: EmailTls;
  /** Null sends without logging in. */
  readonly login: { readonly user: string; readonly password: string } | null;
  /** An address, or a name with one in angle brackets. */
  readonly from: string;
  readonly to: readonly string[];
  readonly timeoutMs: number;
  /** Which certificates are believed; null for Node's own list. */
  readonly trust: SecureContext | null;
  readonly threads: ThreadMemory;
  readonly clock: Clock;
  readonly log: Log;
}

const SUBJECT_CHARS_MAX = 200;
const TEXT_CHARS_MAX = 100_000;

/**
 * Sends each notice as one plain-text mail by SMTP. Its Message-ID is the same for every try, and later notices of a thread name the
 * first one as what they answer, so that mail programs show them together.
 */
export function createEmailNotifier(options: EmailOptions): Notifier {
  const { name, threads, log } = options;
  return {
    name,
    kind: "email",
    opensIncidents: false,
    async send(notice, signal) {
      const messageId = messageIdOf(options, notice);
      const first = await threads.find(name, notice.thread);
      try {
        const sent = await openTransport(options).sendMail({
          ...mailOf(options, notice, messageId, first),
          signal,
        });
        if (sent.rejected.length > 0)
          log.warn(
            { notifier: name, rejected: sent.rejected.length },
            "some recipients of a notice were refused",
          );
      } catch (error) {
        throw explainSmtpError(name, error, signal.aborted);
      }
      if (first === null) await threads.keep(name, notice, messageId);
    },
  };
}

function openTransport(options: EmailOptions) {
  const { host, port, tls, login, timeoutMs, trust } = options;
  return createTransport({
    host,
    port,
    secure: tls === "implicit",
    requireTLS: tls === "starttls",
    ignoreTLS: tls === "none",
    // A server that asks for no password is not the one that was meant.
    ...(login === null ? {} : { auth: { user: login.user, pass: login.password }, forceAuth: true }),
    tls: { rejectUnauthorized: true, ...(trust === null ? {} : { secureContext: trust }) },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
  });
}

function mailOf(options: EmailOptions, notice: Notice, messageId: string, first: string | null) {
  const { from, to, clock } = options;
  const text = notice.text.toWellFormed().slice(0, TEXT_CHARS_MAX);
  const link = text.includes(notice.url) ? "" : `\n\n${notice.url}`;
  return {
    from,
    to: [...to],
    subject: oneLine(notice.title),
    text: `${text}${link}\n`,
    date: new Date(clock.nowMs()),
    messageId,
    ...(first === null || first === messageId ? {} : { inReplyTo: first, references: [first] }),
    // Out-of-office replies to it help nobody (RFC 3834).
    headers: { "Auto-Submitted": "auto-generated" },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function messageIdOf({ name, from }: EmailOptions, { dedupeKey }: Notice): string {
  const domain = /@([^>@]+)>?$/.exec(from)?.[1] ?? "localhost";
  return `<${sha256(`${name}\n${dedupeKey}`).slice(0, 40)}@${domain}>`;
}

/** No line break and no control character, which would end the header; what a label says stays a part of the subject. */
function oneLine(text: string): string {
  const line = text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();
  const characters = Array.from(line);
  return characters.length <= SUBJECT_CHARS_MAX
    ? line
    : `${characters.slice(0, SUBJECT_CHARS_MAX - 1).join("")}…`;
}
