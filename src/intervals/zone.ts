/** Times `[fromMs, toMs)` in which a zone's clocks have one distance from UTC. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  /** Local time minus UTC. */
  readonly offsetMs: number;
}

/** A time zone of the IANA database. */
export interface Zone {
  readonly name: string;
  /** A stretch that holds the moment; it may end before the offset changes. */
  stretchAt(atMs: number): Stretch;
}

const DAY_MS = 86_400_000;

/**
 * Offsets are looked up for so long at a time. Since 1990 no zone has changed its clocks twice within 6 days, so that
 * equal offsets at both ends mean one offset between them.
 */
const CELL_MS = 4 * DAY_MS;

/** Some 20 years of one zone; what is forgotten is looked up again. */
const CELLS_MAX = 2_000;

/** What is wrong with a zone's name, and what to write; undefined when it is good. */
export function zoneProblem(name: string): string | undefined {
  if (name === "") return "a time zone is missing; write one such as Europe/Berlin, or UTC";
  if (name.toLowerCase() === "local")
    return `"${name}" would be another time on each machine; write the zone's name, such as Europe/Berlin`;
  // Intl knows fixed offsets as well, but other programs that read this format do not.
  const isName = /^[A-Za-z]/.test(name) && isKnownZone(name);
  if (isName) return undefined;
  return `"${name}" is no time zone of the IANA database; write one such as Europe/Berlin, or UTC`;
}

function isKnownZone(name: string): boolean {
  try {
    offsetFormat(name);
    return true;
  } catch {
    return false;
  }
}

/** Looks a zone up. Throws RangeError for a name that {@link zoneProblem} refuses. The first look at a time takes microseconds, later ones less than one. */
export function createZone(name: string): Zone {
  const format = offsetFormat(name);
  const cells = new Map<number, readonly Stretch[]>();
  return {
    name,
    stretchAt(atMs) {
      const index = Math.floor(atMs / CELL_MS);
      let cell = cells.get(index);
      if (cell === undefined) {
        if (cells.size >= CELLS_MAX) cells.clear();
        cell = stretchesOf(format, index * CELL_MS, (index + 1) * CELL_MS);
        cells.set(index, cell);
      }
      const stretch = cell.find(({ toMs }) => atMs < toMs);
      if (stretch === undefined) throw new RangeError(`${atMs} is no time`);
      return stretch;
    },
  };
}

function stretchesOf(format: Intl.DateTimeFormat, fromMs: number, toMs: number): Stretch[] {
  const before = offsetAt(format, fromMs);
  const after = offsetAt(format, toMs - 1);
  if (before === after) return [{ fromMs, toMs, offsetMs: before }];
  let lastBefore = fromMs;
  let changeMs = toMs - 1;
  while (changeMs - lastBefore > 1) {
    const middle = Math.floor((lastBefore + changeMs) / 2);
    if (offsetAt(format, middle) === before) lastBefore = middle;
    else changeMs = middle;
  }
  return [
    { fromMs, toMs: changeMs, offsetMs: before },
    { fromMs: changeMs, toMs, offsetMs: after },
  ];
}

function offsetFormat(name: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
}

/** The format ends in `GMT+02:00`; seconds are there where an old offset has them. */
function offsetAt(format: Intl.DateTimeFormat, atMs: number): number {
  const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(format.format(atMs));
  if (match === null) throw new Error(`the offset of ${format.resolvedOptions().timeZone} cannot be read`);
  const [, sign, hours = "0", minutes = "0", seconds = "0"] = match;
  const offsetMs = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
  return sign === "-" ? -offsetMs : offsetMs;
}
