// The command that posts a delivery once more: whatever is in its body and in its address, a shell gives the same bytes on.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { curlFor } from "../../src/ui/pieces/alert/curl.ts";

/** What curl is given, as a stand-in for it wrote it down. */
function typed(command: string, shell: string): { readonly body: Buffer; readonly words: string[] } {
  const folder = mkdtempSync(join(tmpdir(), "nightshift-curl-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const curl = join(folder, "curl");
  writeFileSync(curl, `#!/bin/sh\ncat > ${folder}/body\nprintf '%s\\0' "$@" > ${folder}/words\n`);
  chmodSync(curl, 0o755);
  const env = { PATH: `${folder}:/usr/bin:/bin`, SOURCE_TOKEN: "a b'c" };
  execFileSync(shell, ["-s"], { input: `${command}\n`, env });
  const words = readFileSync(join(folder, "words"), "utf8").split("\0").slice(0, -1);
  return { body: readFileSync(join(folder, "body")), words };
}

const BODIES: readonly (readonly [string, Buffer])[] = [
  ["JSON", Buffer.from('{"alerts": [{"labels": {"a": "b"}}]}\n')],
  ["quotes and what a shell acts on", Buffer.from(`{"a": "it's $(id) \`id\` $HOME !! \\\\ %s \\n"}`)],
  ["other scripts", Buffer.from('{"a": "例え 🔥 é"}')],
  ["tabs, escapes and turned text", Buffer.from('{\t"a": "\u001b[31m\u202ex\\"}\r\n')],
  ["no UTF-8, and NUL", Buffer.from([0x7b, 0x00, 0xff, 0xfe, 0x5c, 0x27, 0x31, 0x7d])],
  ["300 KB", Buffer.from(JSON.stringify({ a: "x'".repeat(150_000) }))],
];

test.each(BODIES.flatMap(([name, body]) => ["sh", "bash"].map((shell) => [name, shell, body] as const)))(
  "gives on %s by %s",
  (_name, shell, body) => {
    const given = typed(curlFor(body, "http://127.0.0.1:1/webhooks/it's", "bearer"), shell);
    expect(given.body.equals(body)).toBe(true);
    expect(given.words.at(-1)).toBe("http://127.0.0.1:1/webhooks/it's");
    expect(given.words).toContain("Authorization: Bearer a b'c");
  },
);

test("shows no control character, and no secret", () => {
  for (const [, body] of BODIES)
    expect(curlFor(body, "http://h/webhooks/x", "basic")).not.toMatch(/[\p{Cf}]|(?!\n)\p{Cc}/u);
});
