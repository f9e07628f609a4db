import express, { type Request, type RequestHandler } from "express";

const FORM_BYTES_MAX = 16 * 1024;

/** Reads the forms of the login's pages. Every other form has no place here: the API takes JSON alone. */
export function loginForms(): RequestHandler {
  return express.urlencoded({ extended: false, limit: FORM_BYTES_MAX, parameterLimit: 10, inflate: false });
}

/** A field of a form; empty where it is missing, or was sent twice. */
export function textField(request: Request, name: string): string {
  const body: unknown = request.body;
  if (typeof body !== "object" || body === null) return "";
  const value = (body as Readonly<Record<string, unknown>>)[name];
  return typeof value === "string" ? value : "";
}
