import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The web pages: src/ui is built to dist/ui, which the service serves by itself.
export default defineConfig({
  root: "src/ui",
  base: "/ui/",
  plugins: [react()],
  build: {
    outDir: "../../dist/ui",
    emptyOutDir: true,
    // Nothing inline: the pages run under a policy that forbids it.
    assetsInlineLimit: 0,
    // These know light-dark(), which is rewritten for older ones in a way that needs a colour scheme that is known when the pages are built.
    cssTarget: ["chrome123", "edge123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
