import { Link as RouterLink } from "@tanstack/react-router";

export interface FigureProps {
  readonly name: string;
  readonly value: string;
  /** What stands behind the figure, in a few words. */
  readonly about?: string;
  /** The list that it counts. */
  readonly to: "/alerts" | "/runs" | "/rules" | "/status";
  readonly search?: Readonly<Record<string, string>>;
}

/** One number that leads to what it counts. */
export function Figure({ name, value, about = "", to, search = {} }: FigureProps) {
  return (
    <RouterLink to={to} search={search} className="figure">
      <span className="figure-name">{name}</span>
      <span className="figure-value">{value}</span>
      <span className="figure-about">{about}</span>
    </RouterLink>
  );
}
