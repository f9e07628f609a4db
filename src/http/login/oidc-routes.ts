import type { Request, Response } from "express";
import { OidcError, type OidcProvider } from "../../access/oidc.ts";
import { PRINCIPAL_NAME } from "../../access/principal.ts";
import { hashOfSecret, newSecret } from "../../access/tokens.ts";
import { logInPerson, noteFailure } from "../../engine/log-in.ts";
import { admitPerson } from "../../engine/people.ts";
import { insertLoginAttempt, takeLoginAttempt } from "../../store/login-attempts.ts";
import { notFound } from "../problems.ts";
import { OPEN, Routes } from "../routes.ts";
import { addressOf, type LoginParts, requireLogin } from "./login-parts.ts";
import { sendLoginPage, sendOnward } from "./pages.ts";
import { returnPath } from "./return-path.ts";

/** How long somebody may be at the provider. */
const AT_PROVIDER_MS_MAX = 10 * 60_000;

/** The way to the provider and back. */
export function oidcRoutes(parts: LoginParts): Routes {
  const routes = new Routes();
  routes.get("/login/oidc", OPEN, (request, response) => begin(parts, request, response));
  routes.get("/login/oidc/callback", OPEN, (request, response) => finish(parts, request, response));
  return routes;
}

function requireProvider(parts: LoginParts): OidcProvider {
  requireLogin(parts);
  const provider = parts.oidc();
  if (provider === null) throw notFound("no login provider is configured here (login.oidc)");
  return provider;
}

async function begin(parts: LoginParts, request: Request, response: Response): Promise<void> {
  const provider = requireProvider(parts);
  const { store, log } = parts.dependencies;
  const returnTo = returnPath(request.query["return_to"]);
  let begun: Awaited<ReturnType<OidcProvider["begin"]>>;
  try {
    begun = await provider.begin(`${parts.externalUrl}/login/oidc/callback`);
  } catch (error) {
    return refuse(parts, response, error, returnTo);
  }
  const secret = newSecret();
  const { state, nonce, verifier, url } = begun;
  await store.transaction(async (tx) => {
    const atMs = await store.nowMs(tx);
    const [secretHash, expiresAtMs] = [hashOfSecret(secret), atMs + AT_PROVIDER_MS_MAX];
    const data = { state, nonce, verifier, returnTo };
    await insertLoginAttempt(tx, { secretHash, kind: "oidc", data, expiresAtMs }, atMs);
  });
  log.debug({ issuer: new URL(url).origin }, "a login goes to the provider");
  parts.cookies.setAttempt(response, secret, AT_PROVIDER_MS_MAX);
  response.redirect(303, url);
}

/** The provider has sent the browser back. Whatever comes of it, this attempt is used up. */
async function finish(parts: LoginParts, request: Request, response: Response): Promise<void> {
  const provider = requireProvider(parts);
  const login = requireLogin(parts);
  const { dependencies, cookies, externalUrl } = parts;
  const { store } = dependencies;
  const secret = cookies.attempt(request);
  cookies.clearAttempt(response);
  const attempt =
    secret === null
      ? null
      : await store.transaction(async (tx) =>
          takeLoginAttempt(tx, "oidc", hashOfSecret(secret), await store.nowMs(tx)),
        );
  if (attempt === null)
    return refuse(
      parts,
      response,
      new OidcError("refused", "This login took too long, or was begun in another browser"),
      "/",
    );
  const { state = "", nonce = "", verifier = "" } = attempt;
  const returnTo = returnPath(attempt["returnTo"]);
  try {
    const proven = await provider.finish(new URL(request.originalUrl, externalUrl), {
      state,
      nonce,
      verifier,
    });
    if (!PRINCIPAL_NAME.test(proven.name))
      throw new OidcError("claims", "The login provider's name for you cannot be used here");
    const address = addressOf(request);
    const admission = await store.transaction(async (tx) =>
      admitPerson(tx, dependencies, login, proven, { atMs: await store.nowMs(tx), address }),
    );
    if (admission.kind === "taken") {
      await noteFailure(dependencies, { name: proven.name, address });
      throw new OidcError("refused", admission.because);
    }
    const session = await logInPerson(dependencies, login, {
      person: admission.person.name,
      via: "oidc",
      address,
    });
    cookies.setSession(response, session.secret, login.session.absolute);
    sendOnward(response, returnTo);
  } catch (error) {
    refuse(parts, response, error, returnTo);
  }
}

function refuse(
  { dependencies, oidc }: LoginParts,
  response: Response,
  error: unknown,
  returnTo: string,
): void {
  if (!(error instanceof OidcError)) throw error;
  const { code, message, cause } = error;
  const reason = cause instanceof Error ? cause.message : null;
  dependencies.log.warn({ code, message, reason }, "a login by the provider failed");
  const page = { returnTo, providerLabel: oidc()?.label ?? null, problem: `${message}.`, name: "" };
  sendLoginPage(response, code === "unreachable" ? 502 : 403, page);
}
