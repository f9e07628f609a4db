import { writtenOut } from "../visible-text.ts";

/** How text looks; colours are words of {@link COLOURS}, which are classes of the page's own style. */
export interface Look {
  readonly colour: string | null;
  readonly behind: string | null;
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly isItalic: boolean;
  readonly isUnderlined: boolean;
  readonly isStruck: boolean;
  readonly isInverse: boolean;
}

/** A part of a line in one look. */
export interface Piece {
  readonly text: string;
  readonly look: Look;
}

export const PLAIN: Look = {
  colour: null,
  behind: null,
  isBold: false,
  isDim: false,
  isItalic: false,
  isUnderlined: false,
  isStruck: false,
  isInverse: false,
};

/** In the order of the codes 30 to 37. Black and white are the page's own: on its ground one of them could not be read. */
const COLOURS = [null, "red", "green", "yellow", "blue", "magenta", "cyan", null] as const;
const BRIGHT = ["gray", ...COLOURS.slice(1, 7).map((colour) => `bright-${colour}`), null] as const;

// oxlint-disable no-control-regex -- control characters are what is looked for
/** What a terminal acts on and does not show: colours (the first group), CSI, OSC and other strings with their ends, short escapes, single controls. */
const UNSEEN =
  /\u001b\[([0-9;:]*)m|\u001b\[[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]?|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** What turns the direction of writing would show a line other than it is. */
const TURNS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// oxlint-enable no-control-regex

/**
 * A line with its colours, and the look that the next line begins with. Every other control sequence is taken out; of a line that was
 * written over (a progress bar) it is what was written last.
 */
export function readLine(
  line: string,
  before: Look,
): { readonly pieces: readonly Piece[]; readonly after: Look } {
  const end = line.replace(/\r+$/, "").length;
  const shownFrom = line.lastIndexOf("\r", end - 1) + 1;
  const pieces: Piece[] = [];
  let look = before;
  let from = 0;
  const add = (to: number) => {
    const text = line.slice(Math.max(from, shownFrom), to);
    if (to > shownFrom && text !== "") pieces.push({ text: text.replace(TURNS, writtenOut), look });
  };
  for (const match of line.matchAll(UNSEEN)) {
    add(match.index);
    from = match.index + match[0].length;
    if (match[1] !== undefined) look = lookAfter(match[1], look);
  }
  add(line.length);
  return { pieces, after: look };
}

/** Lines as they are to be read, without colours. */
export function plainText(text: string): string {
  return text
    .split("\n")
    .map((line) =>
      readLine(line, PLAIN)
        .pieces.map((piece) => piece.text)
        .join(""),
    )
    .join("\n");
}

/** The classes of a look; an empty text for none. */
export function classesOf(look: Look): string {
  const [colour, behind] = look.isInverse
    ? [look.behind, look.colour ?? "plain"]
    : [look.colour, look.behind];
  return [
    colour === null ? "" : `ansi-${colour}`,
    behind === null ? "" : `ansi-on-${behind.replace("bright-", "")}`,
    look.isBold ? "ansi-bold" : "",
    look.isDim ? "ansi-dim" : "",
    look.isItalic ? "ansi-italic" : "",
    look.isUnderlined ? "ansi-underlined" : "",
    look.isStruck ? "ansi-struck" : "",
  ]
    .filter((name) => name !== "")
    .join(" ");
}

const FLAGS: Readonly<Record<number, Partial<Look>>> = {
  1: { isBold: true },
  2: { isDim: true },
  3: { isItalic: true },
  4: { isUnderlined: true },
  7: { isInverse: true },
  9: { isStruck: true },
  22: { isBold: false, isDim: false },
  23: { isItalic: false },
  24: { isUnderlined: false },
  27: { isInverse: false },
  29: { isStruck: false },
  39: { colour: null },
  49: { behind: null },
};

function lookAfter(parameters: string, before: Look): Look {
  const codes = parameters.split(/[;:]/).map(Number);
  let look = before;
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      const { colour, used } = longColour(codes.slice(at + 1));
      look = { ...look, ...(code === 38 ? { colour } : { behind: colour }) };
      at += used;
    } else if (code === 0) look = PLAIN;
    else look = { ...look, ...FLAGS[code], ...shortColour(code) };
  }
  return look;
}

function shortColour(code: number): Partial<Look> {
  if (code >= 30 && code <= 37) return { colour: COLOURS[code - 30] ?? null };
  if (code >= 90 && code <= 97) return { colour: BRIGHT[code - 90] ?? null };
  if (code >= 40 && code <= 47) return { behind: COLOURS[code - 40] ?? "plain" };
  if (code >= 100 && code <= 107) return { behind: BRIGHT[code - 100] ?? "plain" };
  return {};
}

/** What follows 38 and 48: `5;n` of 256 colours, `2;r;g;b`. */
function longColour(codes: readonly number[]): { colour: string | null; used: number } {
  const [kind, first = 0, second = 0, third = 0] = codes;
  if (kind === 2) return { colour: nearest(first, second, third), used: 4 };
  if (kind !== 5) return { colour: null, used: 1 };
  if (first < 8) return { colour: COLOURS[first] ?? null, used: 2 };
  if (first < 16) return { colour: BRIGHT[first - 8] ?? null, used: 2 };
  if (first >= 232) return { colour: nearest(first - 232, first - 232, first - 232), used: 2 };
  // A cube of six steps for each of red, green and blue.
  const cube = first - 16;
  return { colour: nearest(Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6), used: 2 };
}

const HUES = ["red", "yellow", "green", "cyan", "blue", "magenta"] as const;

/** The one of the sixteen colours with the same hue: they can be read on any ground, and any shade cannot. In any unit. */
function nearest(red: number, green: number, blue: number): string | null {
  const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  const range = most - least;
  if (range <= most / 4) return null;
  const sixth =
    most === red
      ? ((green - blue) / range + 6) % 6
      : most === green
        ? (blue - red) / range + 2
        : (red - green) / range + 4;
  // Not just the nearest one: orange is a warning, too, rather than an error.
  return HUES[Math.floor(sixth + 0.65) % 6] ?? null;
}
