/** Whether a Worker can ask there. */
export function isHttpUrl(text: unknown): text is string {
  return typeof text === "string" && /^https?:\/\/[^/?#]/i.test(text) && URL.canParse(text);
}
