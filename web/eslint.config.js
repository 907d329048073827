import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

/** Arrows point left: a layer imports itself and what stands before it. */
const layers = ["base", "api", "model", "charts", "widgets", "features", "app"];
/** Charts and widgets stand side by side, as features do: neither imports the other. */
const beside = { charts: ["widgets"], widgets: ["charts"] };

const arrows = layers.map((layer, at) => ({
  files: [`src/${layer}/**/*.{ts,tsx}`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          {
            regex: `^@/(${[...layers.slice(at + 1), ...(beside[layer] ?? [])].join("|") || "-"})(/|$)`,
            message: `'${layer}' may import only: ${layers.slice(0, at + 1).join(", ")}.`,
          },
          { regex: "^(\\.\\./)+(base|api|model|charts|widgets|features|app)/", message: "Write '@/layer/…'." },
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ["node_modules", "dist", "src/api/schema.d.ts"] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/only-throw-error": "off", // the router's redirect() is thrown
    },
  },
  { files: ["**/*.{ts,tsx}"], plugins: { "react-hooks": hooks }, rules: { "react-hooks/rules-of-hooks": "error", "react-hooks/exhaustive-deps": "error" } },
  ...arrows,
  { files: ["src/**/*.test.{ts,tsx}"], rules: { "@typescript-eslint/no-non-null-assertion": "off" } },
  {
    files: ["**/*.{js,mjs}", "public/**"],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      globals: { console: "readonly", process: "readonly", URL: "readonly", document: "readonly", localStorage: "readonly", Buffer: "readonly" },
      parserOptions: { projectService: false, project: false },
    },
  },
  { files: ["public/**"], rules: { "no-unused-vars": "off", "no-empty": "off" } },
);
