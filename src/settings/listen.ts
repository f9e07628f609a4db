import { isIP } from "node:net";

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:9095`, `[::1]:9095`, `localhost:9095`, or `:9095` for every address. Undefined when it is none of these. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]*):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[2]);
  if (port > 65_535) return undefined;
  return { host: (match[1] ?? "").replace(/^\[|\]$/g, ""), port };
}

/** Whether only programs on this machine can connect there. */
export function isLoopback(address: ListenAddress): boolean {
  if (address.host === "localhost" || address.host === "::1") return true;
  return isIP(address.host) === 4 && address.host.startsWith("127.");
}

/** The URL of the service where no `external_url` is set. */
export function urlOfListenAddress(address: ListenAddress): string {
  const host =
    address.host === "" || address.host === "0.0.0.0" || address.host === "::" ? "localhost" : address.host;
  return `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
}
