import { type OwnJudge, isWholeLine } from "./pattern.ts";
import { type ByteClass, byteClass, maskOf, NO, type View, WAIT } from "./search.ts";

// `password=…`, `"token": "…"`, `api_key: …`, `--password …`: the key stays, the value is replaced.

/** Longer values are followed to their end. */
const VALUE_MAX = 1_024;

interface Family {
  readonly name: string;
  readonly keys: string;
  readonly anchors: readonly string[];
  /** What a value without quotes has to look like; by key, in lower case. */
  bareValue(key: string, sign: string): RegExp | null;
}

const FAMILIES: readonly Family[] = [
  {
    name: "password",
    // In `pam_unix(passwd:session)` it is the name of a service.
    keys: String.raw`password|(?<!pam_[a-z0-9_]{1,16}\()passwd|pass_?phrase|(?<!old)pwd`,
    anchors: ["password", "passwd", "passphrase", "pass_phrase", "pwd"],
    // PWD is the working folder in every environment.
    bareValue: (key) => (key === "pwd" ? /[^/~.]/y : null),
  },
  {
    name: "secret",
    keys: "secret|token|(?:api|access|secret|private|auth|encryption|signing|account)[_-]?key|secret[_-]?id",
    anchors: [
      "secret",
      "token",
      ...["api", "access", "private", "auth", "encryption", "signing", "account"].flatMap((kind) =>
        ["", "_", "-"].map((joint) => `${kind}${joint}key`),
      ),
    ],
    // No word of a sentence such as "invalid token: expected a comma", and no count.
    bareValue: (key, sign) =>
      key === "token" && sign.endsWith(" ")
        ? /(?=[A-Za-z]{0,200}[0-9_+/=~!@#$%^*]|[a-z]{1,200}[A-Z])[^\s]{3}/y
        : /[^\s]{3}/y,
  },
];

const END = String.raw`(?![^\s"'\\&;,<>()\[\]{}])`;

/** What stands where a secret would be: a mask, a word for nothing, a variable, a placeholder, stars. */
const NO_SECRET = new RegExp(
  [
    String.raw`\[redacted:[^\]\r\n]{1,128}\]${END}`,
    String.raw`(?:null|none|nil|true|false|undefined|yes|no|enabled|disabled)${END}`,
    String.raw`\$\{[^}\s]{1,80}\}|\$\([^)\r\n]{1,80}\)|\$[A-Z_][A-Z0-9_]{0,80}${END}`,
    String.raw`\{\{|\$\{\{|%[({]|<[A-Za-z][^<>\s]{0,40}>`,
    String.raw`\*{1,80}${END}`,
  ].join("|"),
  "iy",
);

/** By what opens the value. */
const VALUES = {
  escaped: { expression: value(String.raw`(?:(?!\\{1,7}["'])[^\r\n])`), rest: byteClass(/[^"'\\\r\n]/) },
  double: { expression: value(String.raw`(?:[^"\\\r\n]|\\[^\r\n])`), rest: byteClass(/[^"\\\r\n]/) },
  single: { expression: value(String.raw`[^'\r\n]`), rest: byteClass(/[^'\r\n]/) },
  /** After a key in quotes (JSON): to a comma or a bracket. */
  bareInJson: { expression: value(String.raw`[^\s"'\\,<>\]}]`), rest: byteClass(/[^\s"'\\,<>\]}]/) },
  bare: {
    expression: value(String.raw`(?:[^\s"'\\&;<>]|\\(?![nrt"'\\]))`),
    rest: byteClass(/[^\s"'\\&;<>]/),
  },
} as const satisfies Readonly<Record<string, { expression: RegExp; rest: ByteClass }>>;

function value(character: string): RegExp {
  return new RegExp(`${character}{1,${VALUE_MAX}}`, "y");
}

/** The keys whose values are replaced, for values that are no text: the members of an object. */
export const SENSITIVE_KEY = new RegExp(
  `(?:${FAMILIES.map(({ keys }) => keys).join("|")}|authorization)\\d{0,2}$`,
  "i",
);

export const ASSIGNMENTS: readonly OwnJudge[] = FAMILIES.map((family) => {
  const key = String.raw`(${family.keys})\d{0,2}`;
  const open = String.raw`(\\{0,7}["'])?`;
  const assigned = new RegExp(
    String.raw`${key}(\\{0,7}["'])?\]?([ \t]{0,8}(?:=>|:=|[:=](?!=))[ \t]{0,8})${open}`,
    "iy",
  );
  // `--password VALUE` of a command line.
  const flag = new RegExp(String.raw`(?<=--[A-Za-z0-9-]{0,20})${key}()([ \t]{1,4})${open}(?![\s=:-])`, "iy");
  const mask = Buffer.from(maskOf(family.name));
  return {
    name: family.name,
    anchors: family.anchors,
    judge(view: View, at: number, priority: number) {
      if (!isWholeLine(view, at)) return WAIT;
      const text = view.text();
      const match = matchAt(assigned, text, at) ?? matchAt(flag, text, at);
      if (match === null) return NO;
      const [whole, word = "", closing = "", sign = "", opening = ""] = match;
      const start = at + whole.length;
      if (matchAt(NO_SECRET, text, start) !== null) return NO;
      const kind = kindOf(closing, opening);
      if (kind === "bare" || kind === "bareInJson") {
        const condition = family.bareValue(word.toLowerCase(), sign);
        if (condition !== null && matchAt(condition, text, start) === null) return NO;
      }
      const { expression, rest } = VALUES[kind];
      const found = matchAt(expression, text, start);
      if (found === null) return NO;
      return {
        kind: "found",
        span: { start, end: start + found[0].length, name: family.name, mask, rest, priority },
      };
    },
  };
});

function kindOf(closing: string, opening: string): keyof typeof VALUES {
  if (opening === "") return closing === "" ? "bare" : "bareInJson";
  if (opening.startsWith("\\")) return "escaped";
  return opening === '"' ? "double" : "single";
}

function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at;
  return expression.exec(text);
}
