import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** A port that nobody had a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A login provider in its own process, ended with the test. */
export interface OidcProcess {
  readonly issuer: string;
  /** Makes an account, or gives it other claims. */
  setAccount(id: string, claims: Readonly<Record<string, unknown>>): Promise<void>;
  stop(): Promise<void>;
}

export async function startOidcProvider(redirectUri: string): Promise<OidcProcess> {
  const port = await freePort();
  const script = fileURLToPath(new URL("oidc-server.ts", import.meta.url));
  const child = spawn(process.execPath, [script, String(port), redirectUri], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  onTestFinished(stop);
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(() => Promise.reject(new Error("the login provider ended at its start"))),
  ]);
  const issuer = `http://127.0.0.1:${port}`;
  return {
    issuer,
    async setAccount(id, claims) {
      await fetch(`${issuer}/test/accounts`, { method: "POST", body: JSON.stringify({ id, claims }) });
    },
    stop,
  };
}

export interface SmallRequest {
  readonly method?: string;
  readonly body?: URLSearchParams;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A browser as far as a login needs one: cookies by host, redirects, forms. It follows what a page's refresh says. */
export class SmallBrowser {
  readonly #cookies = new Map<string, Map<string, string>>();

  cookie(origin: string, name: string): string | null {
    return this.#cookies.get(new URL(origin).host)?.get(name) ?? null;
  }

  /** The value of a Cookie header. */
  cookies(origin: string): string {
    const jar = this.#cookies.get(new URL(origin).host) ?? new Map<string, string>();
    return [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /** Goes to a page, over all its redirects. */
  async go(url: string, init: SmallRequest = {}): Promise<{ url: string; status: number; text: string }> {
    let at = url;
    let request = init;
    for (let hops = 0; hops < 20; hops += 1) {
      const response = await fetch(at, {
        ...request,
        redirect: "manual",
        headers: { accept: "text/html", ...request.headers, cookie: this.cookies(at) },
      });
      this.#keep(at, response);
      const location = response.headers.get("location");
      if (location === null) return { url: at, status: response.status, text: await response.text() };
      at = new URL(location, at).href;
      request = {};
    }
    throw new Error(`${url} leads from one page to the next for ever`);
  }

  async submit(page: { url: string; text: string }, fields: Readonly<Record<string, string>>) {
    const action = /<form[^>]* action="([^"]+)"/.exec(page.text)?.[1] ?? page.url;
    const target = new URL(action.replaceAll("&amp;", "&"), page.url).href;
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
    const body = new URLSearchParams(
      hidden.map(([, name = "", value = ""]): [string, string] => [name, value]),
    );
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    const { origin } = new URL(page.url);
    return this.go(target, { method: "POST", body, headers: { origin } });
  }

  #keep(url: string, response: Response): void {
    const { host } = new URL(url);
    const jar = this.#cookies.get(host) ?? new Map<string, string>();
    for (const text of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = text.split("; ");
      const [name = "", ...value] = pair.split("=");
      const isOver = attributes.some((attribute) => /^expires=Thu, 01 Jan 1970/i.test(attribute));
      if (isOver || value.join("=") === "") jar.delete(name);
      else jar.set(name, value.join("="));
    }
    this.#cookies.set(host, jar);
  }
}
