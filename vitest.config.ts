import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // Native tree-sitter state is per process: forks keep one test file's crash out of the others.
    pool: "forks",
    // By default one of two cores would be left alone, and most files use one only.
    maxWorkers: 2,
    testTimeout: 120_000,
    // The first run downloads and unpacks kernels.
    hookTimeout: 600_000,
  },
});
