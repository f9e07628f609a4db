/** An element as a strict reader of XML sees it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

const REFERENCES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Reads elements, attributes and text; throws at anything that is not well-formed. Enough for what JUnit files hold. */
export function parseXml(xml: string): XmlElement[] {
  const root: XmlElement = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  const token = /<\?xml [^>]*\?>|<\/([\w-]+)>|<([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  let end = 0;
  for (const match of xml.matchAll(token)) {
    end = match.index + match[0].length;
    const [, closing, opening, attributes = "", isEmpty, text] = match;
    const parent = open.at(-1) ?? root;
    if (closing !== undefined) {
      if (open.pop()?.name !== closing) throw new Error(`</${closing}> closes nothing`);
    } else if (opening !== undefined) {
      const element = { name: opening, attributes: attributesIn(attributes), children: [], text: "" };
      parent.children.push(element);
      if (isEmpty === "") open.push(element);
    } else if (text !== undefined) {
      if (text.includes("]]>")) throw new Error("]]> in a text");
      parent.text += unescaped(text.replaceAll("\r\n", "\n"));
    }
  }
  if (end !== xml.length || open.length !== 1)
    throw new Error(`not well-formed at ${end}: ${xml.slice(end, end + 40)}`);
  return root.children;
}

export function textOf(element: XmlElement | undefined): string {
  return element === undefined ? "" : element.text + element.children.map(textOf).join("");
}

function attributesIn(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [
      name,
      // As the specification has it: a line break written as such is a space.
      unescaped(value.replaceAll(/[\t\n\r]/g, " ")),
    ]),
  );
}

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#(\d+)|(\w+));|&/g, (whole, code?: string, name?: string) => {
    if (code !== undefined) return String.fromCodePoint(Number(code));
    const character = REFERENCES[name ?? ""];
    if (character === undefined) throw new Error(`${whole} is no reference`);
    return character;
  });
}
