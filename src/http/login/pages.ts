import type { Response } from "express";
import { type Html, html } from "../pages/html.ts";
import { sendPage } from "../pages/layout.ts";

/** What the page of a login shows. */
export interface LoginPage {
  readonly returnTo: string;
  /** Of the provider's button; null where none is configured. */
  readonly providerLabel: string | null;
  /** What went wrong with the try before; null at the first. */
  readonly problem: string | null;
  /** What was typed as the name before. */
  readonly name: string;
}

export function sendLoginPage(response: Response, status: number, page: LoginPage): void {
  const { returnTo, providerLabel, problem, name } = page;
  const provider =
    providerLabel === null
      ? null
      : html`<p><a class="button" href="/login/oidc?return_to=${encodeURIComponent(returnTo)}">${providerLabel}</a></p>`;
  sendPage(
    response,
    status,
    "Log in",
    html`${problemContent(problem)}${provider}
<form method="post" action="/login">
<input type="hidden" name="return_to" value="${returnTo}">
<p><label>Name<br><input name="name" value="${name}" autocomplete="username" required autofocus></label></p>
<p><label>Password<br><input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button class="button">Log in</button></p></form>`,
  );
}

export function sendSetupPage(response: Response, status: number, problem: string | null): void {
  sendPage(
    response,
    status,
    "Set Nightshift up",
    html`${problemContent(problem)}<p>Nobody can log in yet. Whom you name here is the first admin; this page works once.</p>
<form method="post">
<p><label>Name<br><input name="name" autocomplete="username" required autofocus></label></p>
<p><label>Password, 12 characters or more<br><input name="password" type="password" autocomplete="new-password" minlength="12" required></label></p>
<p><button class="button">Make the first admin</button></p></form>`,
  );
}

/** After a login that came from another site: from our own page the browser sends the session's cookie. */
export function sendOnward(response: Response, path: string): void {
  sendPage(
    response,
    200,
    "One moment",
    html`<p><a href="${path}">Go on</a></p>`,
    html`<meta http-equiv="refresh" content="0; url=${path}">`,
  );
}

export function sendLoggedOut(response: Response, providerUrl: string | null): void {
  const provider =
    providerUrl === null
      ? null
      : html`<p><a href="${providerUrl}">Log out at the login provider, too</a></p>`;
  sendPage(response, 200, "Logged out", html`${provider}<p><a href="/login">Log in again</a></p>`);
}

function problemContent(problem: string | null): Html | null {
  return problem === null ? null : html`<p role="alert"><strong>${problem}</strong></p>`;
}
