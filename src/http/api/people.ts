import type { Request, Response } from "express";
import { z } from "zod";
import { PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN } from "../../access/password.ts";
import { principalFor } from "../../access/people.ts";
import { PRINCIPAL_NAME, ROLES } from "../../access/principal.ts";
import type { LoginSettings } from "../../access/login-schema.ts";
import type { AuditDependencies } from "../../engine/audit.ts";
import { addPerson, removePerson } from "../../engine/people.ts";
import { listPeople, readPerson, type StoredPerson } from "../../store/people.ts";
import { actorOf } from "../actor.ts";
import { type LoginParts, requireLogin } from "../login/login-parts.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { may, Routes } from "../routes.ts";
import { rfc3339 } from "../times.ts";
import { parseBody } from "./json-body.ts";
import { readPage } from "./paging.ts";

const newPersonSchema = z.strictObject({
  name: z.string().regex(PRINCIPAL_NAME, "has 1 to 128 letters, digits and . _ @ + -"),
  password: z.string().min(PASSWORD_CHARS_MIN).max(PASSWORD_CHARS_MAX),
  groups: z.array(z.string().min(1).max(128)).max(200).default([]),
  role: z.enum(ROLES).nullable().default(null),
});

type PeopleParts = Pick<LoginParts, "login"> & { readonly dependencies: AuditDependencies };

/** People whom the service keeps; those of the settings are changed there. */
export function peopleRoutes(parts: PeopleParts): Routes {
  const routes = new Routes();
  routes.get("/users", may("administer"), (request, response) => sendPeople(parts, request, response));
  routes.post("/users", may("administer"), (request, response) => add(parts, request, response));
  routes.delete("/users/:name", may("administer"), (request, response) => remove(parts, request, response));
  return routes;
}

/** The people of the settings first, on the first page. */
async function sendPeople(parts: PeopleParts, request: Request, response: Response): Promise<void> {
  const login = requireLogin(parts);
  const { limit, after } = readPage(request, (text) => PRINCIPAL_NAME.test(text));
  const people = await listPeople(parts.dependencies.store.reader, limit + 1, after);
  const shown = people.slice(0, limit);
  const configured = after === null ? login.users.map((user) => configuredShape(user, login)) : [];
  response.json({
    items: [...configured, ...shown.map((person) => personShape(person, login))],
    next: people.length > limit ? (shown.at(-1)?.name ?? null) : null,
  });
}

async function add(parts: PeopleParts, request: Request, response: Response): Promise<void> {
  const login = requireLogin(parts);
  const person = parseBody(newPersonSchema, request);
  if (!(await addPerson(parts.dependencies, login, person, { by: actorOf(request) })))
    throw new HttpProblem(409, "Name is taken", `there is somebody called ${person.name} already`);
  const stored = await readPerson(parts.dependencies.store.reader, person.name);
  if (stored === null) throw notFound(`${person.name} was removed at the same time`);
  response.status(201).json(personShape(stored, login));
}

async function remove(parts: PeopleParts, request: Request, response: Response): Promise<void> {
  const login = requireLogin(parts);
  const name = String(request.params["name"]);
  if (login.users.some((user) => user.name === name))
    throw new HttpProblem(
      409,
      "In the settings",
      `${name} stands in login.users; remove them there, and reload`,
    );
  if (!PRINCIPAL_NAME.test(name) || !(await removePerson(parts.dependencies, name, actorOf(request))))
    throw notFound(`nobody is called ${name.slice(0, 64)} here`);
  response.json({ name, removed: true });
}

function configuredShape(
  user: LoginSettings["users"][number],
  login: LoginSettings,
): Record<string, unknown> {
  const { name, groups } = user;
  const { role } = principalFor({ name, groups, ownRole: null }, login.roles);
  return { name, groups, role, via: "settings", created_at: null, created_by: null, last_seen_at: null };
}

function personShape(person: StoredPerson, login: LoginSettings): Record<string, unknown> {
  return {
    name: person.name,
    groups: person.groups,
    role: principalFor(person, login.roles).role,
    via: person.passwordHash !== null ? "password" : person.account === "proxy" ? "proxy" : "oidc",
    created_at: rfc3339(person.createdAtMs),
    created_by: person.createdBy,
    last_seen_at: rfc3339(person.seenAtMs),
  };
}
