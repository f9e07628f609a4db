import { z } from "zod";
import { secretSchema } from "../platform/secrets.ts";
import { wordSchema } from "../platform/schemas.ts";
import { timeoutSchema } from "./timeout-schema.ts";

export const EMAIL_TLS = ["starttls", "implicit", "none"] as const;
export type EmailTls = (typeof EMAIL_TLS)[number];

/** By RFC 8314 and RFC 6409. */
const PORTS: Readonly<Record<EmailTls, number>> = { starttls: 587, implicit: 465, none: 25 };
const RECIPIENTS_MAX = 50;

const ADDRESS = String.raw`[^\s@<>,;:"()\[\]\\\p{Cc}]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?`;
const address = z
  .string()
  .regex(new RegExp(`^${ADDRESS}$`, "u"), "write an address such as oncall@example.net");
const sender = z
  .string()
  .regex(
    new RegExp(String.raw`^(?:${ADDRESS}|[^<>,;:"@\p{Cc}]{1,100}<${ADDRESS}>)$`, "u"),
    "write an address such as nightshift@example.net, or Nightshift <nightshift@example.net>",
  );

export const emailSchema = z
  .strictObject({
    host: z
      .string()
      .regex(/^[A-Za-z0-9.:-]{1,253}$/, "a host is a name or an address, without a port")
      .meta({ description: "The mail server (SMTP)" }),
    port: z.int().min(1).max(65_535).optional().meta({ description: "Default: 587, 465 or 25, by `tls`" }),
    tls: wordSchema(EMAIL_TLS).default("starttls").meta({
      description: "`starttls` is required, not tried; `implicit` encrypts from the first byte; `none` never",
    }),
    user: z.string().min(1).optional().meta({ description: "Logs in; needs a password" }),
    password: secretSchema.optional().meta({ description: "Of the user" }),
    from: sender.meta({ description: "An address, or a name with one in angle brackets" }),
    to: z.array(address).min(1).max(RECIPIENTS_MAX).meta({ description: "Who gets the mails" }),
    timeout: timeoutSchema("Of each answer of the server"),
  })
  .superRefine(({ user, password, tls }, context) => {
    const fail = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
    if (user !== undefined && password === undefined) fail("user", "a user needs a password");
    if (user === undefined && password !== undefined) fail("password", "a password needs a user");
    if (password !== undefined && tls === "none")
      fail("tls", "a password is not sent without encryption; use starttls or implicit");
  })
  .transform((email) => ({ ...email, port: email.port ?? PORTS[email.tls] }));
