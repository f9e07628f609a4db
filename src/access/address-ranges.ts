import { BlockList, isIP } from "node:net";

/** What is wrong with `10.0.0.5` or `10.0.0.0/24` as a range of addresses; null when it is one. */
export function addressRangeProblem(text: string): string | null {
  return parse(text) === null
    ? `"${text}" is no address or range; write it like 10.0.0.5 or 10.0.0.0/24`
    : null;
}

/** Whether an address, such as that of a connection, is in one of the ranges. IPv4 written as IPv6 is IPv4. */
export function addressRanges(texts: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of texts) {
    const range = parse(text);
    if (range !== null) list.addSubnet(range.address, range.prefix, range.family);
  }
  return (address) => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
    const version = isIP(plain);
    return version !== 0 && list.check(plain, version === 4 ? "ipv4" : "ipv6");
  };
}

function parse(
  text: string,
): { readonly address: string; readonly prefix: number; readonly family: "ipv4" | "ipv6" } | null {
  const [address = "", prefixText, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return null;
  const bits = version === 4 ? 32 : 128;
  if (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText)) return null;
  const prefix = prefixText === undefined ? bits : Number(prefixText);
  return prefix > bits ? null : { address, prefix, family: version === 4 ? "ipv4" : "ipv6" };
}
