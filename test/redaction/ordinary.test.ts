// What is no secret stays as it is, byte for byte.
import { describe, expect, test } from "vitest";
import { openRedactedFile } from "../../src/redaction/redacted-file.ts";
import { createRedaction } from "../../src/redaction/redaction.ts";
import { cutAt, redactionWith, redactPieces } from "./redact-fixture.ts";

const ORDINARY =
  String.raw`Nov 23 03:12:45 web-1 sshd[812]: Failed password for root from 192.0.2.7 port 53412 ssh2
Nov 23 03:12:46 web-1 sshd[812]: Accepted publickey for dana from 10.0.0.5 port 40022 ssh2: ED25519 SHA256:uNiVztksCsDhcc0u9e8BrJjWtxIsvgCZ2Yz1eH3kqXk
Nov 23 03:12:47 web-1 sudo: pam_unix(sudo:auth): authentication failure; logname= uid=1000 euid=0 tty=/dev/pts/0
Nov 23 03:12:48 web-1 systemd[1]: Started Dispatch Password Requests to Console.
Nov 23 03:12:49 web-1 passwd[991]: pam_unix(passwd:chauthtok): password changed for app
2026-11-23 03:12:45 UTC [4112] FATAL:  password authentication failed for user "app"
ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: YES)
192.168.1.10 - - [23/Nov/2026:03:12:45 +0000] "GET /api/items?page=3&sort=desc HTTP/1.1" 200 5316 "https://shop.example.net/" "Mozilla/5.0 (X11; Linux x86_64)"
level=info ts=2026-11-23T03:12:45.123Z caller=main.go:512 msg="Server is ready to receive web requests." max_tokens=4096
{"level":"info","time":"2026-11-23T03:12:45.000Z","runId":"0198f3a2-7c1e-7d52-9a41-5b6f0c2d8e11","status":"succeeded","durationMs":1234,"token":null,"password":""}
SyntaxError: Unexpected token: expected "," or "]" after array element at line 3
error: invalid token: unexpected end of input
java.lang.IllegalStateException: No token in the pool at com.example.Tokenizer.next(Tokenizer.java:118)
commit 1fac3bf0c2d8e115b6f0c2d8e11aa9012bb34cc5
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
http_requests_total{method="post",code="200",secret_version="3"} 1027 1395066363000
go_gc_duration_seconds{quantile="0.25"} 3.1e-05
connect to http://10.0.0.11:8080/healthz failed: connection refused
mail from dana@example.net to ops@example.net https://wiki.example.net/a@b
PWD=/var/lib/app OLDPWD=/root HOME=/root SHELL=/bin/sh
export DB_PASSWORD=$DB_PASSWORD API_TOKEN="\${API_TOKEN}" password: <your password> secret: ****
password: \${{ secrets.DB }} token={{ token }} secret=%(secret)s
-----BEGIN CERTIFICATE-----
MIIDXTCCAkWgAwIBAgIJAJC1HiIAZAiIMA0GCSqGSIb3Df
-----END CERTIFICATE-----
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl dana@laptop
iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
bearer of bad news: the authorization of the request was denied
Authorization: required
 03:12:45 up 41 days,  6:02,  2 users,  load average: 0.12, 0.20, 0.18
tcp   LISTEN 0      511          0.0.0.0:80        0.0.0.0:*    users:(("nginx",pid=812,fd=6))
kernel: [12345.678901] Out of memory: Killed process 4242 (java) total-vm:8123456kB, anon-rss:4012345kB
`.replaceAll("\\$", "$");

test("ordinary logs are the same afterwards", () => {
  const redaction = redactionWith([{ name: "db", value: "Zk93hfPq0sLm2Xv8" }]);
  for (const line of ORDINARY.split("\n")) expect(redaction.text(line)).toBe(line);
  const bytes = Buffer.from(`${ORDINARY}\r\n\u0000\xff`, "latin1");
  expect(redactPieces(redaction, cutAt(bytes, 100, 1_000, 1_001)).equals(bytes)).toBe(true);
});

describe("known values", () => {
  test.each([
    ["one of three characters is not looked for", "abc", "xabcx abc", "xabcx abc"],
    [
      "one of four to seven only as a word",
      "a1b2",
      "a1b2 xa1b2 (a1b2)",
      "[redacted:it] xa1b2 ([redacted:it])",
    ],
    ["one of eight or more wherever it stands", "a1b2c3d4", "xa1b2c3d4x", "x[redacted:it]x"],
    ["the longer of two that begin alike", "a1b2c3d4e5", "a1b2c3d4e5", "[redacted:it]"],
    [
      "the password of a URL by itself",
      "postgres://app:hunter2hunter2@db/x",
      "is hunter2hunter2",
      "is [redacted:it]",
    ],
    [
      "a line of a key by itself",
      `${"A".repeat(40)}\n${"B".repeat(40)}`,
      `x ${"B".repeat(40)} y`,
      "x [redacted:it] y",
    ],
    [
      "regular expression characters are text",
      "a.*(b[c\\d",
      "a.*(b[c\\d axx(b[c\\d",
      "[redacted:it] axx(b[c\\d",
    ],
  ])("%s", (_what, value, text, expected) => {
    expect(
      redactionWith([
        { name: "other", value: "a1b2c3d4" },
        { name: "it", value },
      ]).text(text),
    ).toBe(value === "a1b2c3d4" ? expected.replaceAll("it", "other") : expected);
  });

  test("two that overlap are both gone", () => {
    const redaction = redactionWith([
      { name: "a", value: "abcdefgh" },
      { name: "b", value: "efghijkl" },
    ]);
    expect(redaction.text("abcdefghijkl")).toBe("[redacted:a][redacted:b]");
  });

  test("a number in JSON that is a secret is replaced", () => {
    expect(redactionWith([{ name: "pin", value: "48151623" }]).json({ a: [48151623, 1] })).toEqual({
      a: ["[redacted:pin]", 1],
    });
  });

  test("further ones of one run are known to that run alone", () => {
    const redaction = redactionWith();
    const own = new Map([["given", "Zk93hfPq0sLm2Xv8"]]);
    expect(redaction.including(own).text("x Zk93hfPq0sLm2Xv8")).toBe("x [redacted:given]");
    expect(redaction.including(own)).toBe(redaction.including(own));
    expect(redaction.text("x Zk93hfPq0sLm2Xv8")).toBe("x Zk93hfPq0sLm2Xv8");
  });
});

describe("patterns of the settings", () => {
  test("see one line each, and may be anchored", () => {
    const redaction = redactionWith([], [{ name: "id", regex: "^id [0-9]+$" }]);
    expect(redaction.text("id 12\nid 3 x\nid 4\n")).toBe("[redacted:id]\nid 3 x\n[redacted:id]\n");
  });

  test("find their match anywhere in a long line, in text that is UTF-8 or not", () => {
    const redaction = redactionWith([], [{ name: "own", regex: "itk_[0-9]{12}" }]);
    for (const filler of ["x", "é"]) {
      for (const before of [0, 1_500, 2_040, 4_085, 8_190, 40_000]) {
        const text = `${filler.repeat(before)} itk_123456789012 ${filler.repeat(3_000)}\n`;
        expect(redaction.text(text)).toBe(text.replace("itk_123456789012", "[redacted:own]"));
      }
    }
    const invalid = Buffer.concat([Buffer.from([0xff, 0xc3]), Buffer.from(" itk_123456789012\n")]);
    expect(redactPieces(redaction, [invalid]).toString("latin1")).toBe("\xff\xc3 [redacted:own]\n");
  });

  test("where a line is too much for a pattern the whole line goes", () => {
    const tooMuch = () => {
      throw new Error("too long");
    };
    const pattern = {
      name: "own",
      regex: "x",
      isFoundIn: tooMuch,
      findAll: tooMuch,
      inLines: { isFoundIn: tooMuch },
    };
    const redaction = createRedaction({ known: [], own: [pattern], onRedacted: () => {} });
    expect(redaction.text("a\nb\n")).toBe("[redacted:own]\n[redacted:own]\n");
  });
});

describe("files", () => {
  const redaction = redactionWith([{ name: "db", value: "Zk93hfPq0sLm2Xv8" }]);
  const through = (bytes: Buffer) => {
    const parts: Uint8Array[] = [];
    const file = openRedactedFile(redaction, (part) => parts.push(Buffer.from(part)));
    for (let at = 0; at < bytes.byteLength; at += 1_000) file.push(bytes.subarray(at, at + 1_000));
    file.end();
    return { bytes: Buffer.concat(parts), redactions: file.redactions };
  };

  test("a text file is redacted and counted", () => {
    const text = Buffer.from(`${"line\n".repeat(3_000)}Zk93hfPq0sLm2Xv8 password=hunter2\n`);
    expect(through(text).redactions).toBe(2);
    expect(through(text).bytes.toString()).toContain("\n[redacted:db] password=[redacted:password]\n");
    expect(through(Buffer.alloc(0))).toEqual({ bytes: Buffer.alloc(0), redactions: 0 });
  });

  test("a binary file stays as it is, and says that nothing looked", () => {
    const binary = Buffer.from(`\u007fELF\u0000${"x".repeat(20_000)} password=hunter2 Zk93hfPq0sLm2Xv8`);
    expect(through(binary)).toEqual({ bytes: binary, redactions: null });
  });

  test("known values are found in UTF-16, and the file stays UTF-16", () => {
    const text = `\ufeffuser Zk93hfPq0sLm2Xv8 end\r\n`;
    expect(through(Buffer.from(text, "utf16le")).bytes.toString("utf16le")).toBe(
      "\ufeffuser [redacted:db] end\r\n",
    );
  });
});
