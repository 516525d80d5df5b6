/** The identity provider cannot be asked, or answers with what is no answer. For the log only. */
export class ProviderFailed extends Error {
  override readonly name = "ProviderFailed";
}
