import type { Request, Response } from "express";
import { PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN } from "../../access/password.ts";
import { PRINCIPAL_NAME } from "../../access/principal.ts";
import { hashOfSecret } from "../../access/tokens.ts";
import { logInPerson } from "../../engine/log-in.ts";
import { addPerson } from "../../engine/people.ts";
import { hasLoginAttempt, takeLoginAttempt } from "../../store/login-attempts.ts";
import { hasPeopleWithPassword } from "../../store/people.ts";
import { OPEN, Routes } from "../routes.ts";
import { textField } from "./form.ts";
import { addressOf, type LoginParts, requireLogin } from "./login-parts.ts";
import { sendSetupPage } from "./pages.ts";

/** The one-time link that makes the first admin, for a service whose settings name nobody who could log in. */
export function setupRoutes(parts: LoginParts): Routes {
  const routes = new Routes();
  routes.get("/setup/:secret", OPEN, (_request, response) => {
    requireLogin(parts);
    sendSetupPage(response, 200, null);
  });
  routes.post("/setup/:secret", OPEN, (request, response) => setUp(parts, request, response));
  return routes;
}

async function setUp(parts: LoginParts, request: Request, response: Response): Promise<void> {
  const login = requireLogin(parts);
  const { dependencies, cookies } = parts;
  const name = textField(request, "name").trim();
  const password = textField(request, "password");
  const problem = problemWith(name, password);
  if (problem !== null) return sendSetupPage(response, 422, problem);
  const address = addressOf(request);
  const secretHash = hashOfSecret(String(request.params["secret"]));
  // Before the password is hashed, which takes a processor a tenth of a second: anybody can ask for it.
  if (!(await isOpen(dependencies, secretHash))) return sendUsed(response);
  const wasAdded = await addPerson(
    dependencies,
    login,
    { name, password, groups: [], role: "admin" },
    {
      by: { principal: "setup", via: null, remoteAddress: address },
      // In the transaction of the person: of two who open the link one is the first.
      isAllowed: async (tx, atMs) =>
        !(await hasPeopleWithPassword(tx)) &&
        (await takeLoginAttempt(tx, "setup", secretHash, atMs)) !== null,
    },
  );
  if (!wasAdded) return sendUsed(response);
  const session = await logInPerson(dependencies, login, { person: name, via: "password", address });
  cookies.setSession(response, session.secret, login.session.absolute);
  response.redirect(303, "/");
}

async function isOpen({ store }: Pick<LoginParts["dependencies"], "store">, secretHash: string) {
  return hasLoginAttempt(store.reader, "setup", secretHash, await store.nowMs(store.reader));
}

function sendUsed(response: Response): void {
  const problem = "This link was used, or has expired. While nobody can log in, each start prints a new one.";
  sendSetupPage(response, 403, problem);
}

/** What is wrong with a new person's name or password, for that person; null when both can be used. */
export function problemWith(name: string, password: string): string | null {
  if (!PRINCIPAL_NAME.test(name))
    return "A name has 1 to 128 letters, digits and . _ @ + -, and begins with a letter or digit.";
  if (password.length < PASSWORD_CHARS_MIN)
    return `A password has at least ${PASSWORD_CHARS_MIN} characters; several words make a good one.`;
  return password.length > PASSWORD_CHARS_MAX
    ? `A password has at most ${PASSWORD_CHARS_MAX} characters.`
    : null;
}
