/** Vite's import of a file as its text. */
declare module "*?raw" {
  export const text: string;
  export { text as default };
}
