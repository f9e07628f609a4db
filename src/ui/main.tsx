import "@mantine/core/styles.css";
import "./styles.css";
import {
  createTheme,
  type CSSVariablesResolver,
  type MantineColorsTuple,
  MantineProvider,
} from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/client.ts";
import { router } from "./router.tsx";

const RETRIES_MAX = 2;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What is refused stays refused; a service that is away comes back.
      retry: (count, error) =>
        count < RETRIES_MAX && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      staleTime: 1_000,
      // Asked also when the browser thinks that there is no network: a failure is said, a pause is not.
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

/** Mantine's own dark has no hue; the night is a little blue. From text to ground. */
const DARK: MantineColorsTuple = [
  "#d3d8df",
  "#bac1ca",
  "#8f97a2",
  "#6a727e",
  "#3a424e",
  "#2b313b",
  "#1e222a",
  "#171a21",
  "#12151b",
  "#0c0e12",
];
const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: 8,
  respectReducedMotion: true,
  defaultRadius: "sm",
  colors: { dark: DARK },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  // Much stands on a page: a little smaller than Mantine's own.
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  headings: {
    fontWeight: "650",
    sizes: {
      h2: { fontSize: "1.375rem", lineHeight: "1.3" },
      h5: { fontSize: "0.9375rem", lineHeight: "1.4" },
    },
  },
});
// Dark enough, and light enough, for small text (WCAG 1.4.3): Mantine's own are not.
const colours: CSSVariablesResolver = () => ({
  variables: { "--mantine-color-default-border": "var(--line)" },
  light: {
    "--mantine-color-body": "#f7f8fa",
    "--mantine-color-dimmed": "#59616b",
    "--mantine-color-anchor": "#364fc7",
    "--mantine-color-placeholder": "#6b737d",
    "--mantine-color-error": "#b3261e",
  },
  dark: {
    "--mantine-color-body": "#101318",
    "--mantine-color-dimmed": "#a7aeb8",
    "--mantine-color-anchor": "#a5b8ff",
    "--mantine-color-placeholder": "#8f97a2",
    "--mantine-color-error": "#ff9089",
  },
});

/** Styles that are made while the page runs need it: the policy lets no others in. */
const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? "";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no place for its content");
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={colours}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
