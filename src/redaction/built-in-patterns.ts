import { ASSIGNMENTS } from "./assignments.ts";
import { CONTEXT_PATTERNS } from "./context-patterns.ts";
import type { OwnJudge, Pattern } from "./pattern.ts";
import { PRIVATE_KEY } from "./private-key.ts";
import { TOKEN_PATTERNS } from "./token-patterns.ts";

/** Where two begin at the same place and are equally long, the earlier one gives its name. */
export const BUILT_IN_PATTERNS: readonly (Pattern | OwnJudge)[] = [
  PRIVATE_KEY,
  ...TOKEN_PATTERNS,
  ...CONTEXT_PATTERNS,
  ...ASSIGNMENTS,
];

export const BUILT_IN_NAMES: readonly string[] = [...new Set(BUILT_IN_PATTERNS.map(({ name }) => name))];
