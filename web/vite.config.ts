import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The control centre serves dist from a binary, under a policy that forbids inline code and style.
export default defineConfig({
  base: "./",
  plugins: [svelte()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
});
