import type { Response } from "express";
import { createHash } from "node:crypto";
import { identityOf } from "../identity.ts";
import { Html, html } from "./html.ts";

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d5d9e0, #3a3f4a); --soft: light-dark(#f3f5f8, #1d2027); --link: light-dark(#0b57d0, #8ab4f8); }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; background: light-dark(#fff, #14161b); color: light-dark(#16181d, #e4e7ec); }
header, main { max-width: 62rem; margin: 0 auto; padding: 1rem; }
header { display: flex; gap: 1rem; align-items: baseline; border-bottom: 1px solid var(--line); flex-wrap: wrap; }
header small { opacity: .75; }
a { color: var(--link); }
h1 { font-size: 1.35rem; margin: .4rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; display: block; overflow-x: auto; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .5rem 0; }
dt { opacity: .75; } dd { margin: 0; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .8rem; overflow-x: auto; white-space: pre-wrap; border-radius: .3rem; }
code { font-family: ui-monospace, monospace; font-size: .92em; }
.button { display: inline-block; padding: .35rem .9rem; border: 1px solid var(--link); border-radius: .3rem; text-decoration: none; margin-right: .5rem; }
.status { font-weight: 600; white-space: nowrap; }
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
<body><header><strong><a href="/">Nightshift</a></strong>${whoContent(response)}</header>
<main><h1>${title}</h1>${content}</main></body></html>`;
  response.send(page.text);
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
