import "@fontsource-variable/inter";
import "@fontsource-variable/jetbrains-mono";
import "@/base/tokens.css";
import "@/base/global.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "@/app/app";

const RELOADED = "runstone.reloaded";

// A chunk that is gone means the server was upgraded under this tab: load the new pages, once.
window.addEventListener("vite:preloadError", (event) => {
  if (sessionStorage.getItem(RELOADED) !== null) return;
  event.preventDefault();
  sessionStorage.setItem(RELOADED, "1");
  location.reload();
});
window.addEventListener("load", () => setTimeout(() => sessionStorage.removeItem(RELOADED), 10_000));

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
