/**
 * Tells text in which no literal can stand from text that has to be looked at closely, two bytes at a time. Wherever a literal of
 * three bytes or more stands, two of its bytes are a pair at an even place. Of each literal one such pair is chosen, a rare one,
 * for when it begins at an even place, and one for when it begins at an odd place.
 */
export interface PairFilter {
  /** 1 for each chosen pair, as this machine reads it from a `Uint16Array`. */
  readonly chosen: Uint8Array;
  /** How many bytes before its first chosen pair a literal may begin. */
  readonly reach: number;
}

/** A shorter literal holds no whole pair where it begins at an odd place. */
export const LITERAL_BYTES_MIN = 3;
/** Pairs further inside a literal are not chosen: whatever precedes a pair has to be looked at for each one found. */
const OFFSET_MAX = 3;

const LINE_BREAKS = [0x0a, 0x0d];

/** `isFolded` and `skipsLineBreaks` as in `LiteralOptions`. */
export function buildPairFilter(
  literals: readonly Uint8Array[],
  { isFolded, skipsLineBreaks }: { readonly isFolded: boolean; readonly skipsLineBreaks: boolean },
): PairFilter {
  const chosen = new Uint8Array(65_536);
  let reach = 0;
  const casesOf = isFolded ? bothCases : (byte: number) => [byte];
  const choose = ({ first, second, offset }: Pair) => {
    for (const one of casesOf(first)) for (const other of casesOf(second)) chosen[wordOf(one, other)] = 1;
    reach = Math.max(reach, offset);
  };
  const isChosen = ({ first, second }: Pair) => chosen[wordOf(first, second)] === 1;
  // Short ones have the least choice; a longer one may do with what was chosen for them.
  for (const literal of literals.toSorted((left, right) => left.byteLength - right.byteLength)) {
    if (literal.byteLength < LITERAL_BYTES_MIN)
      throw new RangeError(`a literal of ${literal.byteLength} bytes cannot be looked for`);
    for (const start of [0, 1]) {
      const pairs = pairsFrom(literal, start).filter(({ offset }) => offset <= OFFSET_MAX);
      choose(pairs.find(isChosen) ?? rarest(pairs));
    }
    if (skipsLineBreaks) for (const pair of pairsAtBreaks(literal)) choose(pair);
  }
  return { chosen, reach };
}

interface Pair {
  readonly first: number;
  readonly second: number;
  /** From where the literal begins to where the pair does. */
  readonly offset: number;
}

/** The pairs of a literal from an offset on, each beginning where the one before ends. */
function pairsFrom(literal: Uint8Array, start: number): Pair[] {
  return Array.from({ length: (literal.byteLength - start) >> 1 }, (_, index) => {
    const offset = start + index * 2;
    const [first = 0, second = 0] = literal.subarray(offset);
    return { first, second, offset };
  });
}

/** What may stand where the first line break inside a literal takes the place of a chosen pair: one of these is at an even place. */
function pairsAtBreaks(literal: Uint8Array): Pair[] {
  const inside = [...literal.subarray(1)].flatMap((after, index) => {
    const before = literal[index] ?? 0;
    return LINE_BREAKS.flatMap((lineBreak) => [
      { first: before, second: lineBreak, offset: index },
      { first: lineBreak, second: after, offset: index + 1 },
    ]);
  });
  const offset = literal.byteLength - 1;
  const double = LINE_BREAKS.flatMap((first) => LINE_BREAKS.map((second) => ({ first, second, offset })));
  return [...inside, ...double];
}

function bothCases(byte: number): number[] {
  return byte >= 0x61 && byte <= 0x7a ? [byte, byte - 0x20] : [byte];
}

function rarest(pairs: readonly Pair[]): Pair {
  return pairs.reduce((left, right) => (frequencyOf(right) < frequencyOf(left) ? right : left));
}

/** What logs are made of, the most frequent first; any other byte is rare. */
const FREQUENT = ' 0e1t2aoin3srl5:4/-.6h7d8c9u"mpfg=_,bwykvx\n[]TIAESNROCDMPLF()jqzGBWHU';

/** Only good for comparing. */
function frequencyOf({ first, second }: Pair): number {
  const [one = 0, other = 0] = [first, second].map((byte) => {
    const rank = FREQUENT.indexOf(String.fromCharCode(byte));
    return 1 / (rank === -1 ? FREQUENT.length * 2 : rank + 4);
  });
  return one * other;
}

function wordOf(first: number, second: number): number {
  return new Uint16Array(Uint8Array.of(first, second).buffer)[0] ?? 0;
}
