import type { Pattern } from "./pattern.ts";
import { byteClass } from "./search.ts";

// Secrets in headers and URLs, known by what stands before them.

const MASK = String.raw`\[redacted:[^\]\r\n]{1,128}\]`;
const SCHEMES = "bearer|basic|token|negotiate|ntlm|api-?key";

/**
 * `Authorization: Bearer …`: the word after the scheme. Digest and AWS write a list, which goes on to the end of the line. Without
 * a scheme that is known it has to be long enough to be no word of a sentence.
 */
const AUTHORIZATION = new RegExp(
  [
    String.raw`(authorization(?:\\{0,3}["'])?[ \t]{0,8}[:=][ \t]{0,8}(?:\[(?!redacted:)[ \t]{0,2})?(?:\\{0,3}["'])?(?:(?:${SCHEMES})[ \t]{1,4})?)`,
    String.raw`(?!(?:(?:${SCHEMES})[ \t]{1,4})?${MASK}(?![^\s"'\\,;<>]))`,
    String.raw`((?<=(?:${SCHEMES})[ \t]{1,4})[^\s"'\\,;<>]{1,1024}|(?:digest|aws4-hmac)[^\r\n\\]{1,2048}|[^\s"'\\,;<>]{16,1024})`,
  ].join(""),
  "iy",
);

export const CONTEXT_PATTERNS: readonly Pattern[] = [
  {
    name: "url-password",
    anchors: ["://"],
    // To the last @ before the path: people forget to escape it.
    expression: new RegExp(
      String.raw`(:\/\/[^\s/?#@:"'<>\\]{0,256}:)((?!${MASK}@)[^\s/"'<>\\]{1,2048}(?=@))`,
      "y",
    ),
    rest: null,
  },
  {
    name: "authorization",
    anchors: ["authorization"],
    expression: AUTHORIZATION,
    rest: byteClass(/[^\s"'\\,;<>]/),
  },
];
