import type { Source } from "../../api/types.ts";

/** What a terminal or a printf would not take as it is: control characters but the end of a line, and what turns or hides text. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

const AUTHENTICATION: Readonly<Record<Source["auth"], string>> = {
  none: "",
  bearer: ` -H "Authorization: Bearer $SOURCE_TOKEN"`,
  basic: ` -u "$SOURCE_USER:$SOURCE_PASSWORD"`,
  hmac: ` -H "X-Grafana-Alerting-Signature: $SOURCE_SIGNATURE"`,
  standard_webhooks: ` -H "webhook-id: $WEBHOOK_ID" -H "webhook-timestamp: $WEBHOOK_TIMESTAMP" -H "webhook-signature: $WEBHOOK_SIGNATURE"`,
};

/**
 * A command that posts a body byte for byte as a source does, for any POSIX shell. Secrets are variables that whoever runs it sets. The body
 * goes through `printf`, which is part of the shell: as an argument of a program it could be too long.
 */
export function curlFor(body: Uint8Array, url: string, auth: Source["auth"]): string {
  const post = `curl -sS -X POST -H 'Content-Type: application/json'${AUTHENTICATION[auth]} --data-binary @- ${quote(url)}`;
  return `${printfOf(body)} | ${post}`;
}

function printfOf(body: Uint8Array): string {
  const text = textOf(body);
  if (text !== null && !UNSAFE.test(text)) return `printf '%s' ${quote(text)}`;
  const bytes = Array.from(body, (byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x5c ? String.fromCharCode(byte) : escaped(byte),
  );
  return `printf '%b' ${quote(bytes.join(""))}`;
}

/** Null for what is no UTF-8. */
function textOf(body: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return null;
  }
}

/** As `%b` of printf reads it: a zero and three octal digits. */
function escaped(byte: number): string {
  return `\\0${byte.toString(8).padStart(3, "0")}`;
}

/** One word of a shell, whatever is in it. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
