/** Every lint, and what it is about. Each has a page `docs/lints/CODE.md`. */
export const LINTS = {
  "auto-without-guard": "a rule that acts by itself, with nothing that limits how often",
  "batch-without-group": "a batch that can never have a second member",
  "change-without-evidence": "a change before anything was gathered",
  "collect-without-cap": "gathering without a limit that somebody chose",
  "destructive-without-preview": "a step that destroys, and nothing that shows what it would",
  "http-without-timeout": "a request without a time limit that somebody chose",
  "interpreter-argument": "a value that an interpreter may read as a program",
  "ladder-tells-nobody": "a ladder that ends without a person",
  "line-break-in-matcher": "a matcher for a line break that labels rarely have",
  "no-owner": "a runbook that nobody owns",
  "self-service-without-access": "self-service that nobody is named for",
  "silence-without-api": "a silence that cannot be made",
  "step-never-runs": "a step whose condition is never true",
  "templated-program": "a value that decides which program runs",
  "unreachable-rule": "a rule that no alert reaches",
} as const;

export type LintCode = keyof typeof LINTS;
