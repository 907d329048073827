import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `npm run dev` sends API calls; the built UI is served by the server itself. */
const server = process.env["RUNSTONE_BASE_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "./", // addresses are relative to <base href>, so the UI works under any path prefix
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: process.env["RUNSTONE_UI_OUT"] ?? "../src/runstone/static",
    emptyOutDir: true,
    target: "es2022",
    manifest: "build.json",
    assetsInlineLimit: 0, // a data: font or script would need a wider Content-Security-Policy
    chunkSizeWarningLimit: 700,
  },
  worker: { format: "es" },
  server: { proxy: { "/api": { target: server, changeOrigin: false } } },
});
