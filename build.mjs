// Bundles the command line into dist/: one ES module entry, commands split off so that each loads only what it needs.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { build } from "esbuild";

const manifest = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

/** Of everything that results depend on: what an older build has put into the cache is not taken for its own. */
function buildName() {
  const hash = createHash("sha256");
  for (const folder of ["tools", "kernel-models", "patches", "templates"]) {
    const root = new URL(`${folder}/`, import.meta.url);
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    for (const path of files.map((one) => `${one.parentPath}/${one.name}`).sort()) {
      if (/\.(?:ts|hbs|c|h)$/.test(path)) hash.update(path.slice(root.pathname.length)).update(readFileSync(path));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

rmSync(new URL("dist", import.meta.url), { recursive: true, force: true });
await build({
  absWorkingDir: new URL(".", import.meta.url).pathname,
  entryPoints: {
    groundhog: "tools/cli/main.ts",
    "parse-worker": "tools/c/parse-worker.ts",
    "check-worker": "tools/cli/check-worker.ts",
    "glance-worker": "tools/cli/glance-worker.ts",
    "validate-worker": "tools/cli/validate-worker.ts",
  },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  // Native add-ons cannot be bundled; they load their prebuilt binary from their own folder. So does esbuild, which
  // takes the types off generated models.
  external: ["tree-sitter", "tree-sitter-c", "esbuild", "typescript"],
  define: {
    GROUNDHOG_VERSION: JSON.stringify(manifest.version),
    GROUNDHOG_BUILD: JSON.stringify(buildName()),
  },
  // Bundled CommonJS dependencies call require(); an ES module has none of its own.
  banner: {
    js: [
      "#!/usr/bin/env node",
      'import { createRequire as groundhogCreateRequire } from "node:module";',
      "const require = groundhogCreateRequire(import.meta.url);",
    ].join("\n"),
  },
  logLevel: "warning",
});
