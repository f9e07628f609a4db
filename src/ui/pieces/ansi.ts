/** A piece of a log in one colour; colours are classes of the page's own style. */
export interface Piece {
  readonly text: string;
  readonly colour: string | null;
}

const COLOURS = ["gray", "red", "green", "yellow", "blue", "grape", "cyan", "gray"] as const;
/** What a terminal would act on and a page must not show: CSI, OSC with its end, and single escapes. */
// oxlint-disable no-control-regex -- control characters are what is looked for
const SEQUENCE =
  /\u001b\[([0-9;]*)m|\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[@-_]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text with its ANSI colours; every other control sequence is taken out. */
export function ansiPieces(text: string): Piece[] {
  const pieces: Piece[] = [];
  let colour: string | null = null;
  let from = 0;
  const add = (part: string) => {
    if (part !== "") pieces.push({ text: part, colour });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    add(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[1] !== undefined) colour = colourAfter(match[1], colour);
  }
  add(text.slice(from));
  return pieces;
}

function colourAfter(codes: string, before: string | null): string | null {
  let colour = before;
  for (const code of codes.split(";").map(Number)) {
    if (code === 0 || code === 39) colour = null;
    if (code >= 30 && code <= 37) colour = COLOURS[code - 30] ?? null;
    if (code >= 90 && code <= 97) colour = COLOURS[code - 90] ?? null;
  }
  return colour;
}
