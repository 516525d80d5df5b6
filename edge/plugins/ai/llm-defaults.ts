/** What the variables are of requests that no language model is asked. */
export const LLM_DEFAULTS: ReadonlyMap<string, string> = new Map([
  ["request_type", "traditional_http"],
  ["request_llm_model", ""],
  ["llm_model", ""],
  ["llm_prompt_tokens", "0"],
  ["llm_completion_tokens", "0"],
  ["llm_total_tokens", "0"],
  ["llm_time_to_first_token", "0"],
]);
