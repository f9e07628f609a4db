/** More levels than any API needs; what is stored is written again by a function that calls itself for each level. */
const DEPTH_MAX = 100;

/** The value of a JSON text from outside; undefined for one that is no JSON, or nested deeper than 100 levels. */
export function parseResultJson(text: string): unknown {
  if (isDeeper(text, DEPTH_MAX)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Counts brackets outside of strings. */
function isDeeper(text: string, depthMax: number): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === '"') index = stringEnd(text, index + 1);
    else if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth -= 1;
    if (depth > depthMax) return true;
  }
  return false;
}

function stringEnd(text: string, start: number): number {
  let index = start;
  while (index < text.length && text.charAt(index) !== '"') index += text.charAt(index) === "\\" ? 2 : 1;
  return index;
}
