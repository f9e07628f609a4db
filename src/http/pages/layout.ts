import type { Response } from "express";
import { createHash } from "node:crypto";
import { identityOf } from "../identity.ts";
import { Html, html } from "./html.ts";
import { UI_BASE } from "./ui.ts";

// The colours are those of the web pages (ui/styles.css).
const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#dfe3e8, #2b313b); --card: light-dark(#fff, #171a21); --dim: light-dark(#59616b, #a7aeb8); --link: light-dark(#364fc7, #a5b8ff); }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; margin: 0; background: light-dark(#f7f8fa, #101318); color: light-dark(#16181d, #d3d8df); }
header { display: flex; gap: 1rem; align-items: center; justify-content: space-between; padding: .6rem 1rem; background: var(--card); border-bottom: 1px solid var(--line); flex-wrap: wrap; }
header a { display: flex; gap: .5rem; align-items: center; font-weight: 700; font-size: 1.05rem; color: inherit; text-decoration: none; }
header small { color: var(--dim); }
main { max-width: 30rem; margin: 8vh auto 0; padding: 1.25rem 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
@media (max-width: 32rem) { main { margin: 1rem; } }
a { color: var(--link); }
h1 { font-size: 1.35rem; margin: 0 0 .75rem; overflow-wrap: anywhere; }
label { font-weight: 600; font-size: .875rem; }
input:not([type=hidden]) { font: inherit; width: 100%; margin-top: .2rem; padding: .45rem .7rem; border: 1px solid light-dark(#b8bfc8, #4a5361); border-radius: .25rem; background: light-dark(#fff, #1e222a); color: inherit; }
.button { font: inherit; font-weight: 600; display: inline-block; padding: .45rem 1.1rem; border: 0; border-radius: .25rem; background: #3b5bdb; color: #fff; text-decoration: none; cursor: pointer; }
header .button { padding: .15rem .6rem; background: transparent; color: inherit; border: 1px solid var(--line); font-size: .875rem; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
p { overflow-wrap: anywhere; }
[role=alert] { color: light-dark(#b3261e, #ff9089); }
`;

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** Sends one page, with `head` in its head. No script runs on it, and nothing is loaded from elsewhere. */
export function sendPage(
  response: Response,
  status: number,
  title: string,
  content: Html,
  head: Html | null = null,
): void {
  response.status(status).type("html");
  response.set(
    "content-security-policy",
    `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  );
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">${head}<title>${title} · Nightshift</title><style>${new Html(STYLE)}</style></head>
<body><header><a href="/"><img src="${UI_BASE}/icon.svg" alt="" width="22" height="22">Nightshift</a>${whoContent(response)}</header>
<main><h1>${title}</h1>${content}</main></body></html>`;
  response.send(page.text);
}

/** For an address that leads nowhere. */
export function sendNothingHere(response: Response): void {
  sendPage(
    response,
    404,
    "There is nothing here",
    html`<p>The address may be mistyped, or what it led to is no longer kept.</p><p><a href="/">What happens now</a></p>`,
  );
}

/** Who is logged in, with a way out; or that there is no login. */
function whoContent({ req: request }: Response): Html | null {
  const identity = identityOf(request);
  if (identity === null) return null;
  const { principal, via } = identity;
  if (principal.isLocal)
    return html`<small>no login is configured: whoever can connect here may see and do everything</small>`;
  const out =
    via.kind === "session"
      ? html`<form method="post" action="/logout"><button class="button">Log out</button></form>`
      : null;
  return html`<small>${principal.name}, ${principal.role ?? "no role"}</small>${out}`;
}
