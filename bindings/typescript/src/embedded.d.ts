/** The module in Base64. `scripts/build.mjs` writes it to `dist/embedded.js`. */
export declare const base64: string;
