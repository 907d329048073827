import { defineConfig, mergeConfig } from "vitest/config";

import base from "./vite.config.ts";

export default mergeConfig(
  base,
  defineConfig({
    test: {
      css: { modules: { classNameStrategy: "non-scoped" } },
      maxWorkers: 2,
      // A page costs each file a second: those that draw (.tsx) get one, those that reckon do without.
      projects: [
        { extends: true, test: { name: "plain", include: ["src/**/*.test.ts"], environment: "node" } },
        {
          extends: true,
          test: {
            name: "page",
            include: ["src/**/*.test.tsx"],
            environment: "jsdom",
            setupFiles: ["src/test-setup.ts"],
          },
        },
      ],
    },
  }),
);
