import { type FormField, parseForm } from "../../shared/request/form.ts";
import { escapeComponent } from "../../shared/routing/escape-uri.ts";

/** Every value of an argument, decoded; `true` where it has no `=`. */
export function argumentValues(args: string, name: string): readonly (string | true)[] {
  return parseForm(args).flatMap(([each, value]) => (each === name ? [value] : []));
}

/** The query without an argument, the others decoded and encoded again as APISIX does. */
export function withoutArgument(args: string, name: string): string {
  const others = parseForm(args).filter(([each]) => each !== name);
  return others.map(encodeField).join("&");
}

function encodeField([name, value]: FormField): string {
  const encoded = escapeComponent(name);
  return value === true ? encoded : `${encoded}=${escapeComponent(value)}`;
}
