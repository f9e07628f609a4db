import { RE2JS, RE2JSException } from "re2js";

/** A regular expression in RE2's language, safe for text from outside. */
export interface Re2 {
  readonly pattern: string;
  /** The texts it matches when it is nothing but literals, such as `web|api`; null otherwise. */
  readonly literals: ReadonlySet<string> | null;
  /** Whether the whole text matches. Throws {@link Re2Error} when the text is too long for the pattern. */
  matchesWhole(text: string): boolean;
  /** Whether any part of the text matches. Throws {@link Re2Error} when the text is too long for the pattern. */
  isFoundIn(text: string): boolean;
  /**
   * Where it matches, from left to right, without overlaps and without empty matches. Throws {@link Re2Error} when the text is too
   * long for the pattern.
   */
  findAll(text: string): readonly { readonly start: number; readonly end: number }[];
}

/** The pattern is not usable, or one text was too much for it. */
export class Re2Error extends Error {
  override readonly name = "Re2Error";
}

const PATTERN_LENGTH_MAX = 4_096;

/** Instructions of a compiled pattern. More than any pattern that a person wrote; counted repeats of 1,000 hit it. */
const PROGRAM_SIZE_MAX = 1_000;

/** UTF-16 units of a text; what a step's `stdout` holds at most. */
const TEXT_LENGTH_MAX = 65_536;

/**
 * What building states may cost for one text. re2js builds the states of its automaton as it reads, and some patterns
 * (`[ab]*a[ab]{50}`, `([a-z]\\w*){100}x`) need a new large one at every character. A unit takes up to 120 ns.
 */
const STATE_WORK_MAX = 100_000;

/** Memory for those states, so that a pattern that explodes is noticed early; re2js itself would take 8 MiB. */
const STATE_BYTES_MAX = 512 * 1024;

/**
 * Characters times instructions for the engine that re2js turns to when it has no memory for more states; a unit takes
 * up to 28 ns. A longer text is refused rather than holding up everybody for half a second.
 */
const SLOW_WORK_MAX = 400_000;

/** Characters times literals to look for: some 60 of them in the longest text, in about 10 ms. */
const LITERAL_WORK_MAX = 4_000_000;

/** What a pattern may cost; see the constants for the units. */
export interface Re2Limits {
  readonly programSizeMax: number;
  readonly stateWorkMax: number;
}

const LIMITS: Re2Limits = { programSizeMax: PROGRAM_SIZE_MAX, stateWorkMax: STATE_WORK_MAX };

/** Compiles a pattern. Throws {@link Re2Error} for what RE2 has not (look-around, back-references) and what is too large. */
export function compileRe2(pattern: string, limits: Re2Limits = LIMITS): Re2 {
  if (pattern.length > PATTERN_LENGTH_MAX)
    throw new Re2Error(`the regular expression is longer than ${PATTERN_LENGTH_MAX} characters`);
  const literals = literalsOf(pattern);
  if (literals === null) return compileProgram(pattern, limits);
  return {
    pattern,
    literals,
    matchesWhole: (text) => literals.has(text),
    isFoundIn: (text) => {
      if (text.length * literals.size > LITERAL_WORK_MAX) throw tooLong(pattern, text.length);
      return [...literals].some((literal) => text.includes(literal));
    },
    // The alternatives are tried in the order of the pattern, which its program knows.
    findAll: (text) => compileProgram(pattern, limits).findAll(text),
  };
}

function compileProgram(pattern: string, { programSizeMax, stateWorkMax }: Re2Limits): Re2 {
  const program = parse(pattern);
  const size = program.programSize();
  if (size > programSizeMax)
    throw new Re2Error(
      `the regular expression is too large (${size} instructions, at most ${programSizeMax}); use fewer or smaller repeat counts`,
    );
  const begin = limitWork(program, pattern, { size, stateWorkMax });
  return {
    pattern,
    literals: null,
    matchesWhole: (text) => program.testExact(begin(text)),
    isFoundIn: (text) => program.test(begin(text)),
    findAll: (text) => findAll(program, begin(text)),
  };
}

function findAll(program: RE2JS, text: string): { start: number; end: number }[] {
  const matcher = program.matcher(text);
  const found: { start: number; end: number }[] = [];
  while (matcher.find()) {
    const span = { start: matcher.start(), end: matcher.end() };
    if (span.end > span.start) found.push(span);
  }
  return found;
}

/** The parts of re2js' engine that are bounded here. They are in its types, but not in its manual. */
interface StateMachine {
  stateBudget: number;
  memBudget: number;
  readonly numClasses: number;
  makeState(...parameters: unknown[]): { readonly nfaStates: readonly number[] } | null;
}

/** Bounds what one text may cost. To be called with each text before the program reads it. */
function limitWork(
  program: RE2JS,
  pattern: string,
  { size, stateWorkMax }: { readonly size: number; readonly stateWorkMax: number },
): (text: string) => string {
  const engine = program.re2();
  const states = engine.dfa as unknown as StateMachine;
  states.stateBudget = STATE_BYTES_MAX;
  states.memBudget = STATE_BYTES_MAX;
  let workLeft = 0;
  let textLength = 0;
  const makeState = states.makeState.bind(states);
  const perState = 40 + (states.numClasses >> 3);
  states.makeState = (...parameters) => {
    const state = makeState(...parameters);
    workLeft -= perState + (state?.nfaStates.length ?? 0);
    if (workLeft < 0) throw tooLong(pattern, textLength);
    return state;
  };
  const executeSlowly = engine.doExecuteNFA.bind(engine);
  engine.doExecuteNFA = (...parameters: Parameters<typeof executeSlowly>) => {
    if (textLength * size > SLOW_WORK_MAX) throw tooLong(pattern, textLength);
    return executeSlowly(...parameters) as unknown;
  };
  return (text) => {
    if (text.length > TEXT_LENGTH_MAX) throw tooLong(pattern, text.length);
    textLength = text.length;
    workLeft = stateWorkMax;
    return text;
  };
}

function parse(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = /\(\?<?[=!]/.test(pattern)
      ? "RE2 has no look-ahead or look-behind"
      : /\\[1-9]/.test(pattern)
        ? "RE2 has no back-references"
        : error.message.replace(/^error parsing regexp: /, "");
    throw new Re2Error(`not a regular expression of RE2: ${reason}`, { cause: error });
  }
}

function tooLong(pattern: string, length: number): Re2Error {
  const shown = pattern.length > 60 ? `${pattern.slice(0, 60)}…` : pattern;
  return new Re2Error(`a text of ${length} characters is too long for the regular expression "${shown}"`);
}

/** The alternatives of a pattern that has only literals in it, also in one group: `web|api`, `(?:a\.b|c)`. */
function literalsOf(pattern: string): ReadonlySet<string> | null {
  const inner = /^\((?:\?:)?([^()]*)\)$/.exec(pattern)?.[1] ?? pattern;
  const literals = new Set<string>();
  let literal = "";
  for (let index = 0; index < inner.length; index += 1) {
    const character = inner.charAt(index);
    if (character === "|") {
      literals.add(literal);
      literal = "";
    } else if (character === "\\") {
      index += 1;
      const escaped = inner.charAt(index);
      if (!/^[!-/:-@[-`{-~]$/.test(escaped)) return null;
      literal += escaped;
    } else if (/[.+*?()[\]{}^$]/.test(character)) return null;
    else literal += character;
  }
  return literals.add(literal);
}
