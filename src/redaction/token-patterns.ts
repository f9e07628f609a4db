import type { Pattern } from "./pattern.ts";
import { byteClass } from "./search.ts";

// Tokens that are known by how they begin. Where a vendor says how long one is, a longer one is a token as well.

const WORD = byteClass(/[A-Za-z0-9_]/);
const WORD_AND_DASH = byteClass(/[A-Za-z0-9_-]/);
const DOTTED = byteClass(/[A-Za-z0-9_.-]/);
const BASE64 = byteClass(/[A-Za-z0-9+/=]/);
const ESCAPED_BASE64 = byteClass(/[A-Za-z0-9+/=%_-]/);

export const TOKEN_PATTERNS: readonly Pattern[] = [
  {
    name: "aws-access-key",
    anchors: ["akia", "asia", "abia", "acca"],
    expression: /(?<![A-Za-z0-9+/])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9+/])/y,
    rest: null,
  },
  {
    name: "aws-secret-key",
    anchors: [
      "secretaccesskey",
      "secret_access_key",
      "secret access key",
      "secret-access-key",
      "aws_secret_key",
    ],
    expression:
      /((?:secret[ _-]?access[ _-]?key|aws_secret_key)(?:\\{0,3}["'])?[ \t]{0,8}(?:=>|:=|[:=>])[ \t]{0,8}(?:\\{0,3}["'])?)([A-Za-z0-9+/]{16,128})/iy,
    rest: BASE64,
  },
  {
    name: "aws-signature",
    anchors: ["x-amz-signature=", "x-amz-security-token="],
    expression: /(x-amz-(?:signature|security-token)=)([A-Za-z0-9%+/=_-]{16,1024})/iy,
    rest: ESCAPED_BASE64,
  },
  {
    name: "gcp-key",
    anchors: ["aiza", "gocspx-", "ya29."],
    expression:
      /(?<![A-Za-z0-9_-])(?:AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{20,64}|ya29\.[A-Za-z0-9_-]{20,1024})/y,
    rest: WORD_AND_DASH,
  },
  {
    name: "azure-key",
    anchors: ["accountkey=", "sharedaccesskey=", "sig=", "8q~"],
    expression:
      /((?:AccountKey|SharedAccessKey)=|(?<=[?&;"' ])sig=|(?<=[A-Za-z0-9_~.]{3})(?=8Q~))([A-Za-z0-9%+/=_~.-]{20,1024})/iy,
    rest: byteClass(/[A-Za-z0-9%+/=_~.-]/),
  },
  {
    name: "github-token",
    anchors: ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
    expression: /(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40})/y,
    rest: WORD,
  },
  {
    name: "gitlab-token",
    anchors: ["glpat-", "glptt-", "gldt-", "glrt-", "glcbt-", "glsoat-", "glft-", "glimt-", "glagent-"],
    expression: /(?<![A-Za-z0-9])gl(?:pat|ptt|dt|rt|cbt|soat|ft|imt|agent)-[A-Za-z0-9_-]{16}/y,
    rest: DOTTED,
  },
  {
    name: "slack-token",
    anchors: ["xoxb-", "xoxa-", "xoxp-", "xoxr-", "xoxs-", "xoxc-", "xoxd-", "xoxe", "xapp-"],
    expression: /(?<![A-Za-z0-9])(?:xox[abcdeprs](?:\.xox[bp])?|xapp)-[A-Za-z0-9%-]{10}/y,
    rest: byteClass(/[A-Za-z0-9%-]/),
  },
  {
    name: "slack-webhook",
    anchors: ["hooks.slack.com/"],
    expression: /(hooks\.slack\.com\/(?:services|workflows|triggers)\/)([A-Za-z0-9_/-]{20,256})/y,
    rest: byteClass(/[A-Za-z0-9_/-]/),
  },
  {
    name: "stripe-key",
    anchors: ["sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"],
    expression: /(?<![A-Za-z0-9])(?:[sr]k_(?:live|test)_[A-Za-z0-9]{16}|whsec_[A-Za-z0-9+/]{24})/y,
    rest: BASE64,
  },
  {
    name: "npm-token",
    anchors: ["npm_"],
    expression: /(?<![A-Za-z0-9_])npm_[A-Za-z0-9]{36}/y,
    rest: WORD,
  },
  {
    name: "pypi-token",
    anchors: ["pypi-ag"],
    expression: /(?<![A-Za-z0-9])pypi-Ag[A-Za-z0-9_-]{50}/y,
    rest: WORD_AND_DASH,
  },
  {
    name: "jwt",
    anchors: ["eyj"],
    expression: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,2048}\.eyJ[A-Za-z0-9_-]{4}/y,
    rest: DOTTED,
  },
  {
    name: "bearer-token",
    anchors: ["bearer"],
    expression: /((?<![A-Za-z0-9])bearer[ \t]{1,4})([A-Za-z0-9._~+/=-]{20})/iy,
    rest: byteClass(/[A-Za-z0-9._~+/=-]/),
  },
];
